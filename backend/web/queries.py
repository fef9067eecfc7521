"""Numbers in the query of an address."""

from __future__ import annotations

from flask import request

from backend.errors import BadField

_MOST_DIGITS = 18


def whole_number(name: str, default: int, most: int) -> int:
    """The number from 1 to `most`; BadField for anything else that was given."""
    given = request.args.get(name, str(default))
    # isdigit alone takes ², and a number of thousands of digits is no number to int.
    digits = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not digits or not 1 <= int(given) <= most:
        raise BadField(f"{name} must be 1 to {most}.", detail={"field": name})
    return int(given)
