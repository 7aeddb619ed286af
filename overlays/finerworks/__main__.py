"""`python -m finerworks`: the command, if its script is not on the PATH."""

import sys

from finerworks.cli import main

if __name__ == "__main__":
    sys.exit(main())
