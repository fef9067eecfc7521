"""What is known of a stored video, as every engine keeps it and shows it. Pure.

Shown as one dict: the caller's fields, and what the engine knows by itself:

    title, description, duration (seconds), resolution, fps, source, …    as they were given; JSON values
    tags                     list of texts
    filename                 as it was given, else the path's own, else made of the type ("video.mp4")
    video_size_bytes         int
    mime_type                what the content shows, else "video/octet-stream"; the name is never asked
    stored_at, updated_at    "2024-01-15T10:30:00.123456": local time without a zone; at first both are the same

A field that was not given is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from backend import mime
from backend.storage import given
from backend.storage.local_time import local_text

UNKNOWN_TYPE = "video/octet-stream"
# Said by the engine: what a caller says of them is left out, so that metadata read before can be handed back.
_OURS = ("stored_at", "updated_at", "video_size_bytes", "mime_type", "filename", "tags", "key")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants stored beside the bytes, checked. `ttl_us` None: for ever; `filename` None: none told."""

    fields_json: str
    tags: tuple[str, ...]
    filename: str | None
    ttl_us: int | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One stored video without its bytes. Instants are microseconds since 1970; `expires_at_us` None: never.

    The caller's fields are kept as JSON text: nobody can change them by holding on to a dict, and their size is known.
    """

    fields_json: str
    tags: tuple[str, ...]
    filename: str
    size_bytes: int
    mime_type: str
    stored_at_us: int
    updated_at_us: int
    expires_at_us: int | None = None

    def shown(self, key: str | None = None) -> dict[str, Any]:
        """The dict that callers get: a new one each time. With its `"key"` where it stands in a list."""
        fields: dict[str, Any] = json.loads(self.fields_json)
        fields |= {
            "stored_at": local_text(self.stored_at_us),
            "video_size_bytes": self.size_bytes,
            "mime_type": self.mime_type,
            "filename": self.filename,
            "tags": list(self.tags),
            "updated_at": local_text(self.updated_at_us),
        }
        return fields if key is None else fields | {"key": key}

    def changed(self, changes: Changes, at_us: int) -> Self:
        fields_json = given.as_json({**json.loads(self.fields_json), **changes.fields})
        tags = self.tags if changes.tags is None else changes.tags
        return replace(self, fields_json=fields_json, tags=tags, updated_at_us=at_us)

    def is_over(self, at_us: int) -> bool:
        """Whether its TTL has ended: at that very microsecond it is gone."""
        return self.expires_at_us is not None and self.expires_at_us <= at_us

    def to_json(self) -> str:
        """As one text, for engines that keep it elsewhere."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        values = json.loads(text)
        return cls(**{**values, "tags": tuple(values["tags"])})


@dataclass(frozen=True, slots=True)
class Changes:
    """What `update_metadata` was given, checked. `tags` None: they stay."""

    fields: Mapping[str, Any]
    tags: tuple[str, ...] | None


def read_wanted(
    metadata: object, tags: object, filename: object, ttl_hours: object, key: object, default_ttl_hours: object
) -> Wanted:
    """Check all that comes beside the bytes; `ValueError` for the first thing wrong."""
    fields = given.read_metadata(metadata)
    filename = fields.get("filename") if filename is None else filename
    return Wanted(
        given.as_json(_theirs(fields)),
        given.read_tags(fields.get("tags") if tags is None else tags),
        None if filename is None else given.read_filename(filename),
        given.read_ttl_us(default_ttl_hours if ttl_hours is None else ttl_hours),
        None if key is None else given.read_key(key),
    )


def read_changes(new_metadata: object) -> Changes:
    """Check what is to be merged; `ValueError` for the first thing wrong."""
    fields = given.read_metadata(new_metadata)
    theirs = _theirs(fields)
    given.as_json(theirs)
    return Changes(theirs, given.read_tags(fields["tags"]) if "tags" in fields else None)


def record(wanted: Wanted, source_name: str | None, head: bytes, size_bytes: int, stored_at_us: int) -> Record:
    """What is known of a video whose bytes have come. `head`: its first `mime.HEAD_BYTES`."""
    mime_type = mime.by_content(head) or UNKNOWN_TYPE
    extension = mime.extension_for(mime_type)
    made = f"video.{extension}" if extension else "video"
    return Record(
        wanted.fields_json,
        wanted.tags,
        wanted.filename or source_name or made,
        size_bytes,
        mime_type,
        stored_at_us,
        updated_at_us=stored_at_us,
        expires_at_us=None if wanted.ttl_us is None else stored_at_us + wanted.ttl_us,
    )


def _theirs(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _OURS}
