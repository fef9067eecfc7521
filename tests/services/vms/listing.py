"""Lists: which objects are shown, by `?disabled`, filters and pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.services.vms.model import Item
from tests.services.vms.refusal import bad

_FILTER = re.compile(r"(?:(contains|lt|gt|notEquals|startsWith|equals):)?(.*)", re.DOTALL)
_RESERVED = {"page", "size", "disabled", "tasks", "include", "includeDisabled", "task"}


def listed(items: Iterable[Item], query: dict[str, str], most: int | None = None) -> dict[str, Any]:
    """Of the kind's objects those that the query asks for. Disabled ones only when it says so. `most`: of a page."""
    shown = [one for one in items if one.enabled or "disabled" in query]
    for name, condition in query.items():
        if name not in _RESERVED:
            shown = [one for one in shown if _matches(one.shown(), name, condition)]
    return {"array": [one.shown() for one in _page(shown, query, most)]}


def _matches(shown: dict[str, Any], name: str, condition: str) -> bool:
    if name not in shown or isinstance(shown[name], dict | list):
        raise bad(name, "Unknown property in the filter")
    found = _FILTER.fullmatch(condition)
    assert found is not None
    want = found[2]
    if len(want) >= 2 and want[0] == want[-1] == "'":
        want = want[1:-1]
    have = str(shown[name]).lower() if isinstance(shown[name], bool) else str(shown[name])
    return _TESTS[found[1] or "equals"](have, want)


def _before(one: str, other: str) -> bool:
    try:
        return float(one) < float(other)
    except ValueError:
        return one < other


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda have, want: want.lower() in have.lower(),
    "startsWith": lambda have, want: have.lower().startswith(want.lower()),
    "equals": lambda have, want: have == want,
    "notEquals": lambda have, want: have != want,
    "lt": _before,
    "gt": lambda have, want: _before(want, have),
}


def _page(items: list[Item], query: dict[str, str], most: int | None) -> list[Item]:
    if "page" not in query and "size" not in query:
        return items
    page, size = _number(query, "page", 0, 0), _number(query, "size", 100, 1)
    if most is not None:
        size = min(size, most)
    return items[page * size : (page + 1) * size]


def _number(query: dict[str, str], name: str, otherwise: int, least: int) -> int:
    given = query.get(name)
    if given is None:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,9}", given) or int(given) < least:
        raise bad(name, "A whole number is needed")
    return int(given)
