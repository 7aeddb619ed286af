"""JSON that the command prints."""

import json
from collections.abc import Mapping
from decimal import Decimal

from finerworks import money

__all__ = ["json_object"]


def json_object(members: Mapping[str, object]) -> str:
    """Return a JSON object on one line. Amounts are numbers with all their digits."""
    texts = [f"{json.dumps(name)}: {_value(value)}" for name, value in members.items()]
    return f"{{{', '.join(texts)}}}"


def _value(value: object) -> str:
    if isinstance(value, Decimal):
        # json.dumps would need a float.
        return money.text(value).replace(",", "")
    return json.dumps(value, ensure_ascii=False)
