"""One request that adds bytes to a resumable upload, from its first byte to its end or its interruption."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from backend.disk.partial import PartialFile
from backend.errors import ChecksumMismatch, InconsistentLength, LengthExceeded, StorageError
from backend.intake.receive import Intake, Saved
from backend.intake.unfinished import Record, Standing, note_length

_SPACE_CHECK_BYTES = 4 * 1024 * 1024
# A tus client that lost its connection comes back on a new one: the old is given up once it is silent for so long.
_SILENT_SECONDS = 2.0
# What a kill may cost of a transfer: at most this much, and this long.
_MUCH_BYTES = 1024 * 1024
_MOST_SECONDS = 5.0


@dataclass(frozen=True)
class Checksum:
    """A digest of one request's body: hashlib's name of the algorithm, and the digest's bytes."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True)
class Append:
    """One request with bytes. `interrupt` ends its receiving, called from another thread when a newer request comes;
    `told` hears of each offset that has become durable meanwhile (from another thread too; it must not raise)."""

    offset: int
    interrupt: Callable[[], None]
    length: int | None = None  # of the whole upload, where this request tells it
    body_bytes: int | None = None  # Content-Length
    checksum: Checksum | None = None
    sha256: str = ""  # of the whole upload, hex, where this request tells it
    told: Callable[[int], None] | None = None


# Saves the upload once it is whole; its length is the file's size.
Save = Callable[[PartialFile, Record, str], Saved]


class Appending(Protocol):
    """What a door does with an append: `write` each piece, then `finish`. Leaving it early keeps what came."""

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises `LengthExceeded`, `TooLarge`, or a `StorageError`."""

    def finish(self, *, is_last: bool = False) -> tuple[Standing, Saved | None]:
        """The body came whole. Saves when that was the last byte (`is_last`: it was, whatever the length)."""


class Running:
    """An append that moves bytes."""

    def __init__(self, intake: Intake, file: PartialFile, record: Record, request: Append, save: Save) -> None:
        self._intake = intake
        self._file = file
        self._record = record
        self._request = request
        self._save = save
        self._begun_at_bytes = self._told_bytes = file.size_bytes
        self._begun_at = self._synced_at = self._last_byte_at = time.monotonic()
        self._receiving = True
        self.finished = False
        self.gave_way = False
        self._checksum = hashlib.new(request.checksum.algorithm) if request.checksum else None
        if self._checksum is not None:
            file.prove_from_here()

    def write(self, piece: bytes) -> None:
        before, after = self._file.size_bytes, self._file.size_bytes + len(piece)
        if self._record.length is not None and after > self._record.length:
            raise too_long(self._record, after)
        self._intake.refuse_too_large(self._record.filename, after)
        if before // _SPACE_CHECK_BYTES != after // _SPACE_CHECK_BYTES:
            self._intake.keep_reserve(0)
            if self._record.length is None and not self._record.is_part:
                record = self._record
                self._intake.make_room_for(record.id, record.filename, record.fields, after)
        if self._checksum is not None:
            self._checksum.update(piece)
        self._file.write(piece)
        self._last_byte_at = time.monotonic()

    def finish(self, *, is_last: bool = False) -> tuple[Standing, Saved | None]:
        self._receiving = False
        self._check_proof()
        record, size_bytes = self._record, self._file.size_bytes
        if is_last and record.length not in (None, size_bytes):
            raise InconsistentLength(
                f"'{record.filename}' was declared with {record.length} bytes, but said to be complete with "
                f"{size_bytes}. Send the rest, or begin anew.",
                detail={"length": record.length, "offset": size_bytes},
            )
        saved = None
        if not record.is_part and (is_last or size_bytes == record.length):
            saved = self._save(self._file, record, self._request.sha256)
        else:
            self._file.checkpoint()
        self.finished = True
        return self._standing(size_bytes, saved), saved

    def beat(self) -> None:
        """Called by the pulse: make durable what came, tell it, and give way to a newer request."""
        try:
            reached = self._file.checkpoint() if self._is_worth_it() else self._told_bytes
        except StorageError:
            return  # the next `write` raises it, in the request's own thread
        if self._receiving and self._request.told is not None and reached > self._told_bytes:
            self._told_bytes = reached
            self._request.told(reached)
        if self._receiving and not self.gave_way and self._may_end() and self._file.is_wanted():
            self.gave_way = True
            self._request.interrupt()

    def _is_worth_it(self) -> bool:
        """Hundreds of slow uploads must not keep the disk busy with fsync: the longer one takes, the less often."""
        now = time.monotonic()
        wait = min(_MOST_SECONDS, (now - self._begun_at) / 4)
        if now - self._synced_at < wait and self._file.size_bytes - self._file.durable_bytes < _MUCH_BYTES:
            return False
        self._synced_at = now
        return True

    def _may_end(self) -> bool:
        """The IETF draft: a client that asks anew has given up this request. tus: only one that stands still."""
        return self._record.protocol != "tus" or time.monotonic() - self._last_byte_at > _SILENT_SECONDS

    def _check_proof(self) -> None:
        if self._checksum is None or self._request.checksum is None:
            return
        if self._checksum.digest() != self._request.checksum.digest:
            self._file.take_back()
            raise ChecksumMismatch(
                f"This part of '{self._record.filename}' does not have the {self._request.checksum.algorithm} that "
                "was announced; it was dropped. Send it again.",
                detail={"algorithm": self._request.checksum.algorithm, "offset": self._begun_at_bytes},
            )
        self._file.proved()
        note_length(self._file, self._record)

    def _standing(self, size_bytes: int, saved: Saved | None) -> Standing:
        if saved is not None:
            return replace(self._record, saved=saved.video_id, length=size_bytes).standing()
        return replace(self._record, offset=self._file.durable_bytes).standing()


class Whole:
    """What comes for an upload that has all its bytes: nothing may."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def write(self, piece: bytes) -> None:
        raise too_long(self._record, (self._record.length or 0) + len(piece))

    def finish(self, *, is_last: bool = False) -> tuple[Standing, Saved | None]:
        return self._record.standing(), None


def too_long(record: Record, size_bytes: int) -> LengthExceeded:
    return LengthExceeded(
        f"'{record.filename}' was declared with {record.length} bytes, and more were sent ({size_bytes}). "
        "Begin anew with the right length.",
        detail={"length": record.length, "sent": size_bytes},
    )
