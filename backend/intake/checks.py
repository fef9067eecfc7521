"""What a caller may say of a video: the text fields of every door, checked and made into `Facts`. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.catalog.lines import LONGEST, camera_of, is_recording
from backend.disk.layout import split_extension
from backend.errors import BadField, ExtensionNotAllowed

DEFAULT_PROJECT = "default"
FIRST_YEAR, LAST_YEAR = 1900, 9000
_LONGEST_NAME = 100
_LONGEST_TEXT = 64 * 1024
_MOST_TAGS = 100
_DEEPEST_METADATA = 64

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Facts:
    """The checked fields. `targets` None: by rule; `expires_at` counts from now."""

    project_id: str = DEFAULT_PROJECT
    content_type: str = ""
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    source: str = ""
    camera_id: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None
    expires_at: datetime | None = None
    targets: tuple[str, ...] | None = None
    sha256: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    saved_at: datetime | None = None  # when another server saved it, long ago; never told by a form

    @property
    def is_recording(self) -> bool:
        return is_recording(self.camera_id, self.start_at, self.end_at)


def read_facts(fields: Fields, now: datetime) -> Facts:
    """Check the text fields of an upload. Raises `BadField` naming the field, the limit and the remedy."""
    start_at, end_at = _instant(fields, "start_time"), _instant(fields, "end_time")
    if start_at and end_at and end_at <= start_at:
        raise _bad("end_time", "must be later than start_time")
    return Facts(
        project_id=_name(fields, "project_id") or DEFAULT_PROJECT,
        content_type=_name(fields, "content_type") or _name(fields, "contentType"),
        title=_text(fields, "title"),
        description=_text(fields, "description"),
        tags=_tags(fields),
        source=_name(fields, "source"),
        camera_id=_camera(fields, start_at, end_at),
        start_at=start_at,
        end_at=end_at,
        expires_at=_expiry(fields, now),
        targets=_targets(fields),
        sha256=_sha256(fields),
        metadata=_metadata(fields),
    )


def camera_name(text: str) -> str:
    """What people call a camera; "" takes the name away."""
    return _name({"name": [text]}, "name")


def _camera(fields: Fields, start_at: datetime | None, end_at: datetime | None) -> str:
    """As it was given; a UUID that was recorded between two instants in one way of writing, for it is a segment."""
    given = _name(fields, "camera_id")
    known = camera_of(given) if given else None
    if known is None or start_at is None or end_at is None:
        return given
    if end_at - start_at > LONGEST:
        raise _bad(
            "end_time", f"is more than {LONGEST.days} days after start_time; cut the recording into shorter ones"
        )
    return known


def wait_seconds(fields: Fields, default: float) -> float:
    """The `wait` field: 0 to 60 seconds."""
    given = _one(fields, "wait")
    if not given:
        return default
    seconds = _number("wait", given)
    if not 0 <= seconds <= 60:
        raise _bad("wait", "must be between 0 and 60 seconds")
    return seconds


def check_extension(original_filename: str, allowed: Sequence[str]) -> str:
    """The extension, lower case without dot; "" when the name has none (its content must tell then)."""
    _, extension = split_extension(original_filename)
    if extension and extension not in allowed:
        raise not_allowed(original_filename, f".{extension}", allowed)
    return extension


def not_allowed(original_filename: str, found: str, allowed: Sequence[str]) -> ExtensionNotAllowed:
    return ExtensionNotAllowed(
        f"'{original_filename}' is of a type this server does not take ({found}). It takes {', '.join(allowed)}. "
        "Convert it, or ask an operator to extend ALLOWED_EXTENSIONS.",
        detail={"filename": original_filename, "extension": found, "allowed": list(allowed)},
    )


def _one(fields: Fields, name: str) -> str:
    values = fields.get(name, ())
    if len(values) > 1:
        raise _bad(name, "was given more than once; send it once")
    return values[0].strip() if values else ""


def _text(fields: Fields, name: str) -> str:
    value = _one(fields, name)
    if len(value) > _LONGEST_TEXT:
        raise _bad(name, f"is longer than {_LONGEST_TEXT} characters; shorten it")
    if "\x00" in value:
        raise _bad(name, "holds a NUL character; remove it")
    return value


def _name(fields: Fields, name: str) -> str:
    value = _one(fields, name)
    if len(value) > _LONGEST_NAME:
        raise _bad(name, f"is longer than {_LONGEST_NAME} characters; shorten it")
    # Control characters and lone surrogates: no name needs them, and logs and tables suffer.
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise _bad(name, "holds control characters; remove them")
    return value


def _tags(fields: Fields) -> tuple[str, ...]:
    parts = [part.strip() for value in fields.get("tags", ()) for part in value.split(",")]
    tags = tuple(dict.fromkeys(part for part in parts if part))
    if len(tags) > _MOST_TAGS:
        raise _bad("tags", f"are more than {_MOST_TAGS}; send fewer")
    for tag in tags:
        _name({"tags": [tag]}, "tags")
    return tags


def _targets(fields: Fields) -> tuple[str, ...] | None:
    names = [part.strip() for value in fields.get("targets", ()) for part in value.split(",") if part.strip()]
    return tuple(names) or None


def _expiry(fields: Fields, now: datetime) -> datetime | None:
    given = _one(fields, "ttl_hours")
    if not given:
        return None
    hours = _number("ttl_hours", given)
    if not 0 < hours <= 24 * 365 * 100:
        raise _bad("ttl_hours", "must be more than 0 and at most a hundred years")
    return now + timedelta(hours=hours)


def _instant(fields: Fields, name: str) -> datetime | None:
    given = _one(fields, name)
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise _bad(name, "is not an ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    if at.tzinfo is None:
        raise _bad(name, "has no time zone; add Z or an offset such as +01:00")
    # Kept within the calendar of everything that counts on from it.
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise _bad(name, f"must lie between the years {FIRST_YEAR} and {LAST_YEAR}: is the recorder's clock right?")
    return at.astimezone(UTC)


def _sha256(fields: Fields) -> str:
    given = _one(fields, "sha256").lower().removeprefix("sha256:")
    if given and not re.fullmatch(r"[0-9a-f]{64}", given):
        raise _bad("sha256", "must be 64 hex digits")
    return given


def _metadata(fields: Fields) -> dict[str, Any]:
    given = _one(fields, "metadata")
    if not given:
        return {}
    try:
        found = json.loads(given)
        # Python reads NaN and Infinity, which no other JSON reader takes back.
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        raise _bad("metadata", "is not valid JSON") from None
    if _depth(given) > _DEEPEST_METADATA:
        raise _bad("metadata", f"is nested more than {_DEEPEST_METADATA} deep; make it flatter")
    if not isinstance(found, dict):
        raise _bad("metadata", 'must be a JSON object such as {"take": 3}')
    return found


def _depth(text: str) -> int:
    """The deepest nesting of a valid JSON text."""
    depth = deepest = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    return deepest


def _number(name: str, given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise _bad(name, "must be a number") from None


def _bad(name: str, problem: str) -> BadField:
    return BadField(f"{name} {problem}.", detail={"field": name})
