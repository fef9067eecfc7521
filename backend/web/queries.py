"""What stands in the query of an address, and the request's JSON. Whatever makes no sense is a BadField."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from flask import request

from backend.errors import BadField

_MOST_DIGITS = 18
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
# "+01:00" whose plus sign was not written as %2B.
_SPACE_FOR_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")


def one(name: str) -> str:
    """The parameter, "" when it is not given. Twice: nobody could say which one is meant."""
    values = request.args.getlist(name)
    if len(values) > 1:
        raise _bad(name, "was given more than once; give it once")
    return values[0] if values else ""


def is_given(name: str) -> bool:
    """Whether it stands in the address, be it empty."""
    return name in request.args


def whole_number(name: str, default: int, most: int) -> int:
    """The number from 1 to `most`; BadField for anything else that was given."""
    given = one(name) if name in request.args else str(default)
    # isdigit alone takes ², and a number of thousands of digits is no number to int.
    digits = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not digits or not 1 <= int(given) <= most:
        raise _bad(name, f"must be 1 to {most}")
    return int(given)


def choice(name: str, known: Sequence[str]) -> str:
    """One of the words, whatever its case; "" when none is given."""
    given = one(name)
    found = [word for word in known if word.lower() == given.lower()]
    if given and not found:
        raise BadField(f"{name}={given} is unknown; known: {', '.join(known)}.", detail={"field": name})
    return found[0] if found else ""


def several(name: str, most: int) -> tuple[str, ...]:
    """A comma list; or, where the parameter is repeated, each as it stands, commas and all."""
    values = request.args.getlist(name)
    parts = values[0].split(",") if len(values) == 1 else values
    found = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if len(found) > most:
        raise _bad(name, f"names more than {most}; ask in parts")
    return found


def instant(name: str) -> datetime | None:
    """An ISO 8601 time with a zone; None when it is not given."""
    given = one(name).strip()
    if not given:
        return None
    try:
        at = datetime.fromisoformat(_SPACE_FOR_PLUS.sub("+", given))
    except ValueError:
        raise _bad(name, "is not an ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    if at.tzinfo is None:
        raise _bad(name, "has no time zone; add Z or an offset such as +01:00 (in an address: %2B01:00)")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise _bad(name, "is not between the years 1 and 9999") from None


def seconds(name: str) -> float | None:
    """A length of time such as 90 or 2.5; None when it is not given."""
    given = one(name).strip()
    if not given:
        return None
    if not _SECONDS.fullmatch(given):
        raise _bad(name, "must be a number of seconds such as 90 or 2.5")
    return float(given)


def flag(name: str) -> bool:
    """1 or true, 0 or false; false when it is not given."""
    return choice(name, ("1", "true", "0", "false")) in ("1", "true")


def json_body() -> object:
    """The request's JSON; None when it is none, or nested so deep that nobody means it."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def _bad(name: str, problem: str) -> BadField:
    return BadField(f"{name} {problem}.", detail={"field": name})
