"""The shape of the API: what `check` learns about it, and what `check --shape` writes to a file.

- `exchange.py` sends one request and keeps the response as it arrived.
- `plan.py` chooses the requests: at most `MAX_REQUESTS`.
- `values.py` and `names.py` decide what is written of values and of names, so that nothing secret
  is: they are the modules to read for that.
- `findings.py` compares responses: the order, the total, the sizes of pages.
- `document.py` makes the file of all this.
- `deviations.py` compares responses with the contract, in sentences.

Except for `exchange.py` and `plan.py`, these are pure functions of responses.
"""
