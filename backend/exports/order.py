"""What somebody asks to have cut, checked: every refusal names the field, the limit and the remedy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from backend.catalog.gaps import Stretch
from backend.catalog.segments import camera_of
from backend.errors import BadField, TooLarge
from backend.exports.wish import Cut, Format, Layout, OnIncomplete

MOST_CAMERAS = 16
LONGEST = timedelta(days=7)
MOST_REASON_BYTES = 64 * 1024
MOST_KEEP_HOURS = 10 * 365 * 24.0
FORMATS, CUTS, LAYOUTS, INCOMPLETE = ("mp4", "mkv"), ("fast", "exact"), ("files", "grid"), ("fail", "partial")
FIELDS = (
    "camera_ids", "start_time", "end_time", "format", "reason", "cut", "layout", "slate", "incomplete", "keep_hours",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """`keep_hours` None: as long as EXPORT_DAYS says."""

    camera_ids: tuple[str, ...]
    bounds: Stretch
    format: Format = "mp4"
    cut: Cut = "fast"
    layout: Layout = "files"
    slate: bool = False
    incomplete: OnIncomplete = "fail"
    reason: str = ""
    keep_hours: float | None = None


def read_order(body: object) -> Order:
    """The order that this JSON is. Raises `BadField`; `TooLarge` for a reason that is too long."""
    if not isinstance(body, Mapping):
        raise BadField(
            'Send JSON such as {"camera_ids": ["…"], "start_time": "2026-01-31T10:00:00Z", '
            '"end_time": "2026-01-31T10:30:00Z"}.'
        )
    for name in body:
        if name not in FIELDS:
            raise _bad(str(name), f"is unknown; known: {', '.join(FIELDS)}")
    layout = cast(Layout, _choice(body, "layout", LAYOUTS))
    # All pictures of a grid are drawn anew anyway.
    cut = cast(Cut, "exact" if layout == "grid" else _choice(body, "cut", CUTS))
    if "cut" in body:
        _choice(body, "cut", CUTS)
    order = Order(
        camera_ids=_cameras(body.get("camera_ids")),
        bounds=_bounds(body),
        format=cast(Format, _choice(body, "format", FORMATS)),
        cut=cut,
        layout=layout,
        slate=_flag(body, "slate"),
        incomplete=cast(OnIncomplete, _choice(body, "incomplete", INCOMPLETE)),
        reason=_reason(body.get("reason")),
        keep_hours=_hours(body.get("keep_hours")),
    )
    if order.slate and order.cut != "exact":
        raise _bad("slate", 'is drawn into the picture, so it needs "cut": "exact"')
    if order.layout == "grid" and len(order.camera_ids) < 2:
        raise _bad("layout", 'is "grid", which needs at least 2 cameras; name more, or ask for "files"')
    return order


def _cameras(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not given:
        raise _bad("camera_ids", f"must be a list of 1 to {MOST_CAMERAS} ids of cameras")
    if len(given) > MOST_CAMERAS:
        raise _bad("camera_ids", f"names {len(given)} cameras, and one export takes at most {MOST_CAMERAS}; make two")
    found = []
    for one in given:
        camera_id = camera_of(one) if isinstance(one, str) else None
        if camera_id is None:
            raise _bad("camera_ids", f"holds {one!r:.80}, which is no UUID (123e4567-e89b-12d3-a456-426614174000)")
        found.append(camera_id)
    if len(set(found)) < len(found):
        raise _bad("camera_ids", "names a camera twice; name each once")
    return tuple(found)


def _bounds(body: Mapping[Any, Any]) -> Stretch:
    start, end = _instant(body, "start_time"), _instant(body, "end_time")
    if end <= start:
        raise _bad("end_time", "must lie after start_time")
    if end - start > LONGEST:
        raise _bad("end_time", f"lies more than {LONGEST.days} days after start_time; make several exports of it")
    return Stretch(start, end)


def _instant(body: Mapping[Any, Any], name: str) -> datetime:
    given = body.get(name)
    if not isinstance(given, str):
        raise _bad(name, "is missing: an ISO 8601 time with a zone, such as 2026-01-31T10:00:00Z")
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        raise _bad(name, "is not an ISO 8601 time such as 2026-01-31T10:00:00Z") from None
    if at.tzinfo is None:
        raise _bad(name, "has no time zone; add Z or an offset such as +01:00")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise _bad(name, "is not between the years 1 and 9999") from None


def _choice(body: Mapping[Any, Any], name: str, known: tuple[str, ...]) -> str:
    """One of the words; the first when none is given."""
    given = body.get(name, known[0])
    if given not in known:
        raise _bad(name, f"is {given!r:.80}; known: {', '.join(known)}")
    return str(given)


def _flag(body: Mapping[Any, Any], name: str) -> bool:
    given = body.get(name, False)
    if not isinstance(given, bool):
        raise _bad(name, "must be true or false")
    return given


def _reason(given: object) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise _bad("reason", "must be a text")
    if (size := len(given.encode("utf-8", "surrogatepass"))) > MOST_REASON_BYTES:
        raise TooLarge(
            f"reason has {size} bytes; at most {MOST_REASON_BYTES} are taken. Shorten it.",
            detail={"field": "reason", "limit": MOST_REASON_BYTES},
        )
    return given


def _hours(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= MOST_KEEP_HOURS:
        raise _bad("keep_hours", f"must be a number of hours above 0 and at most {MOST_KEEP_HOURS:.0f} (ten years)")
    return float(given)


def _bad(name: str, problem: str) -> BadField:
    return BadField(f"{name} {problem}.", detail={"field": name})
