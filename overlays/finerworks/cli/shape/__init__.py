"""The shape of the API: what `check` finds out about it, and `check --shape` writes to a file.

- `exchange.py` sends one request and keeps the unchanged response.
- `plan.py` chooses the requests: at most `MAX_REQUESTS`.
- `values.py` and `names.py` decide what is written about values and names, so that no secret is.
  Read these modules to verify that.
- `findings.py` compares responses: the order, the total, the sizes of pages.
- `document.py` creates the file.
- `deviations.py` compares responses with the contract, in sentences.

Except for `exchange.py` and `plan.py`, these are pure functions of responses.
"""
