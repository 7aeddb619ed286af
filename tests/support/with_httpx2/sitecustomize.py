"""Makes `import httpx` give httpx2 in each Python process, for `make test-httpx2`.

Python imports this module when it starts, where this folder is in `PYTHONPATH`. So the programs
that tests start run with httpx2 as well.
"""

import importlib

# By name, because only `make test-httpx2` installs it.
importlib.import_module("httpx2").alias_httpx()
