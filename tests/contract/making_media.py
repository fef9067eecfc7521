"""Everything that is made from one file, made in order as the worker does; for files that nobody should trust."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.confine import Confinement
from backend.errors import BadField, MediaError
from backend.media.conversion import parse
from backend.media.facts import Facts
from backend.media.kinds import KINDS
from backend.media.work import Allowance, Work

# Few: one of the files has no end, and each kind of job takes all the time it may have over it.
SMALL = Allowance(threads=1, memory_bytes=512 * 1024**2, longest_seconds=5)
_CONVERSION = "mp4-144"


def make(
    tools: Confinement, source: Path, workspace: Path, kinds: Iterable[str] = KINDS
) -> dict[str, dict[str, Any] | MediaError]:
    """What each kind of job comes to: its result, or the reason why there is none. Anything else fails the test."""
    facts: Facts | None = None
    made: dict[str, dict[str, Any] | MediaError] = {}
    for kind in kinds:
        if facts is None and kind != "probe":
            break
        if kind == "convert" and not _can_be_asked_for(facts):
            continue
        room = workspace / kind
        room.mkdir()
        work = Work(
            source,
            room,
            tools,
            SMALL,
            _CONVERSION if kind == "convert" else "",
            facts,
            tell=lambda _: None,
            should_stop=lambda: False,
        )
        try:
            made[kind] = KINDS[kind].make(work)
        except MediaError as error:
            made[kind] = error
            continue
        if kind == "probe":
            facts = Facts.from_json(made[kind])  # type: ignore[arg-type] # a result
    return made


def _can_be_asked_for(facts: Facts | None) -> bool:
    assert facts is not None
    try:
        parse(_CONVERSION, facts)
    except BadField:  # nothing is planned then
        return False
    return True
