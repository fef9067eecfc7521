"""What the storage library says of a video, and what the rest of Holdfast knows of it: the way between both. Pure.

`title`, `description`, `source` and `camera_id` go where the page, the search and the filters look for them, if they
are texts that fit there. All other fields, and what does not fit, are the video's own fields (`custom`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.catalog.models import Video
from backend.disk.sidecar import VideoFacts
from backend.errors import BadField
from backend.intake.checks import Facts, read_facts
from backend.mime import UNKNOWN
from backend.storage import given
from backend.storage.local_time import local_text
from backend.storage.metadata import UNKNOWN_TYPE, Changes, Wanted

_TOLD = ("title", "description", "source", "camera_id")
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def facts_of(wanted: Wanted, project_id: str, targets: tuple[str, ...] | None, now: datetime) -> Facts:
    """As the intake takes them. The TTL counts from `now`."""
    told, custom = _sorted(json.loads(wanted.fields_json))
    ends_at = None if wanted.ttl_us is None else now + wanted.ttl_us * _MICROSECOND
    facts = Facts(project_id=project_id, tags=wanted.tags, expires_at=ends_at, targets=targets, metadata=custom)
    return replace(facts, **told)  # type: ignore[arg-type] # these are its texts


def merged(video: VideoFacts, changes: Changes) -> dict[str, Any]:
    """What is to stand in the video's facts once the changes are in. `ValueError` when it is too much."""
    here = {name: getattr(video, name) for name in _TOLD if getattr(video, name)}
    fields = {**video.metadata, **here, **changes.fields}
    given.as_json(fields)  # which refuses what has become too long
    told, custom = _sorted(fields)
    after: dict[str, Any] = {**dict.fromkeys(_TOLD, ""), **told, "metadata": custom}
    return after if changes.tags is None else {**after, "tags": changes.tags}


def shown(video: Video, *, with_key: bool = True) -> dict[str, Any]:
    """The dict that callers get, as `metadata.py` describes it."""
    fields = {
        **video.custom,
        **{name: getattr(video, name) for name in _TOLD if getattr(video, name)},
        "stored_at": _text(video.created_at),
        "video_size_bytes": video.size_bytes,
        "mime_type": UNKNOWN_TYPE if video.mime_type == UNKNOWN else video.mime_type,
        "filename": video.original_filename,
        "tags": [tag.tag for tag in video.tags],
        "updated_at": _text(video.updated_at),
    }
    return {**fields, "key": video.id} if with_key else fields


def instant(at_us: int) -> datetime:
    return _BEGIN + at_us * _MICROSECOND


def _text(at: datetime) -> str:
    return local_text((at - _BEGIN) // _MICROSECOND)


def _sorted(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    told = {name: value for name, value in fields.items() if name in _TOLD and _fits(name, value)}
    return told, {name: value for name, value in fields.items() if name not in told}


def _fits(name: str, value: object) -> bool:
    """Whether a form could say it in this field, to the letter."""
    if not isinstance(value, str) or not value:
        return False
    try:
        return bool(getattr(read_facts({name: [value]}, _BEGIN), name) == value)
    except BadField:
        return False
