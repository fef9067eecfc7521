"""Tags that are added and taken away: applied to those that are there now, whoever changed them since. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from backend.errors import BadField
from backend.intake import checks

ADD, REMOVE = "add_tags", "remove_tags"


def resolved(fields: Mapping[str, Sequence[str]], current: Sequence[str]) -> dict[str, list[str]]:
    """The fields with `tags` in place of `add_tags` and `remove_tags`: the order stays, new ones come last.

    Raises `BadField` when all tags are set and changed at once, or for tags that nobody may have.
    """
    plain = {name: list(values) for name, values in fields.items() if name not in (ADD, REMOVE)}
    if len(plain) == len(fields):
        return plain
    if "tags" in plain:
        raise BadField(f"Send either tags or {ADD} and {REMOVE}, not both.", detail={"field": "tags"})
    added, removed = (_tags(fields.get(name, ())) for name in (ADD, REMOVE))
    kept = [tag for tag in current if tag not in removed]
    return plain | {"tags": kept + [tag for tag in added if tag not in kept]}


def _tags(values: Sequence[str]) -> tuple[str, ...]:
    """As every door reads them."""
    return checks.read_facts({"tags": values}, datetime.now(UTC)).tags
