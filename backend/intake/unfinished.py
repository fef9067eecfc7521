"""What a resumable upload's journal says, in types; and how far it is, as clients may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.catalog import videos
from backend.catalog.database import Database
from backend.disk import journal, partial
from backend.disk.journal import Noted
from backend.disk.layout import Layout
from backend.disk.partial import PartialFile
from backend.errors import LocalDamage, StorageError


@dataclass(frozen=True)
class Standing:
    """An upload as it may be told. `offset` bytes are durable; it equals `length` only once all is saved."""

    id: str
    protocol: str
    offset: int
    length: int | None
    expires_at: datetime
    is_part: bool = False
    is_whole: bool = False  # saved as a video; for a part: every byte is durable
    video_id: str | None = None  # where it is saved; equals `id`
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """An unfinished upload, or one that was. `saving`: a save was begun, so the catalog may know more than this.

    `ended`: why it cannot go on, in words. `parts`: the uploads this one is made of; `joined`: the upload that this
    part went into.
    """

    id: str
    protocol: str
    owner_id: str
    filename: str
    fields: dict[str, list[str]]
    length: int | None
    offset: int
    expires_at: datetime
    is_part: bool = False
    words: dict[str, str] = field(default_factory=dict)
    saving: bool = False
    saved: str | None = None
    ended: str = ""
    parts: tuple[str, ...] = ()
    joined: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.saved is not None or (self.is_part and self.offset == self.length)

    def standing(self) -> Standing:
        return Standing(
            id=self.id,
            protocol=self.protocol,
            offset=self._told(),
            length=self.length,
            expires_at=self.expires_at,
            is_part=self.is_part,
            is_whole=self.is_whole,
            video_id=self.saved,
            words=self.words,
        )

    def _told(self) -> int:
        if self.saved is not None and self.length is not None:
            return self.length
        return self.offset if self.length is None or self.is_part else min(self.offset, self.length - 1)


def has_expired(record: Record) -> bool:
    return record.expires_at < datetime.now(UTC)


def first_facts(
    *, protocol: str, owner_id: str, filename: str, fields: Mapping[str, Any], length: int | None, ttl_hours: float
) -> dict[str, Any]:
    """The first line of a journal."""
    return {
        "schema": 1,
        "protocol": protocol,
        "owner_id": owner_id,
        "filename": filename,
        "fields": {name: list(values) for name, values in fields.items()},
        "length": length,
        "ttl_hours": ttl_hours,
    }


def record_of(upload_id: str, noted: Noted) -> Record:
    """The journal in types. Raises `LocalDamage` when it cannot be understood."""
    try:
        return _record(upload_id, noted)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LocalDamage(f"The notes of the upload {upload_id} cannot be read: {type(error).__name__}.") from error


def _record(upload_id: str, noted: Noted) -> Record:
    known = noted.facts
    touched_at = datetime.fromtimestamp(noted.written_at, UTC)
    return Record(
        id=upload_id,
        protocol=known["protocol"],
        owner_id=known["owner_id"],
        filename=known["filename"],
        fields=known["fields"],
        length=known["length"],
        offset=noted.offset,
        expires_at=touched_at + timedelta(hours=known["ttl_hours"]),
        is_part=known.get("is_part", False),
        words=known.get("words", {}),
        saving=known.get("saving", False),
        saved=known.get("saved"),
        ended=known.get("ended", ""),
        parts=tuple(known.get("parts", ())),
        joined=known.get("joined"),
    )


def note_length(file: PartialFile, record: Record) -> None:
    """Keep a length that was told later than the upload began.

    Told together with the last byte, it becomes known only with the save: till then offset < length.
    """
    is_news = record.length is not None and file.noted.facts["length"] is None
    if is_news and (record.length != record.offset or record.is_part):
        file.notes.note({"length": record.length})


def read(layout: Layout, database: Database, upload_id: str) -> Record:
    """What is known of an upload. Raises FileNotFoundError when there is none."""
    record = record_of(upload_id, journal.read(partial.journal_path(layout, upload_id)))
    return _as_the_catalog_says(database, record) if record.saving and record.saved is None else record


def _as_the_catalog_says(database: Database, record: Record) -> Record:
    """A crash came between the save and its note here. A database that does not answer changes nothing."""
    try:
        with database.read() as session:
            size_bytes = videos.size_of(session, record.id)
    except StorageError:
        return record
    if size_bytes is None:
        return record
    return replace(record, saved=record.id, length=size_bytes)
