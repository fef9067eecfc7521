"""How a video gets into Redis: its bytes first, under a new name that ends by itself; then one step makes them it."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass

from redis import RedisError

from backend.storage import metadata, reading
from backend.storage.given import MIB
from backend.storage.metadata import Record, Wanted
from backend.storage.redis.reading import PIECE_BYTES, Found, VideoDamaged, sum_of
from backend.storage.redis.wire import UNPUBLISHED_MS, Wire

# Estimated rather too high: what Redis needs beside the bytes, for a video, one of its pieces and one of its tags.
_VIDEO_BYTES = 1536
_PIECE_COST_BYTES = 192
_TAG_BYTES = 320
_HEADER_BYTES = 32
_RENEW_SECONDS = UNPUBLISHED_MS / 1000 / 5


@dataclass(frozen=True)
class Book:
    """What a video takes, and what is needed to take it out of every index."""

    gen: str
    size_bytes: int
    pieces: int
    cost_bytes: int
    tags: tuple[str, ...]

    def to_json(self) -> str:
        values = {"gen": self.gen, "pieces": self.pieces, "size": self.size_bytes, "cost": self.cost_bytes}
        return json.dumps(values | {"tags": self.tags}, ensure_ascii=False)


def book_of(key: str, gen: str, record: Record, pieces: int) -> Book:
    tags = sum(_TAG_BYTES + 2 * len(tag.encode()) for tag in record.tags)
    texts = 4 * len(key) + _allocated(len(record.fields_json.encode())) + _allocated(len(record.filename.encode()))
    full, rest = divmod(record.size_bytes, PIECE_BYTES)
    data = full * _allocated(PIECE_BYTES) + (_allocated(rest) if rest else 0)
    beside = _VIDEO_BYTES + pieces * _PIECE_COST_BYTES + texts + tags
    return Book(gen, record.size_bytes, pieces, data + beside, record.tags)


def _allocated(size_bytes: int) -> int:
    """What Redis's allocator takes for it: there are four sizes from one power of two to the next."""
    needed = size_bytes + _HEADER_BYTES
    step = max(16, 1 << ((needed - 1).bit_length() - 3))
    return -(-needed // step) * step


def store(wire: Wire, source: reading.Source, wanted: Wanted, most_bytes: int) -> str:
    """Keep the video; its key. What comes to nothing is removed at once, or by Redis if nobody can do it any more."""
    key, incoming = wanted.key or str(uuid.uuid4()), _Incoming(wire, uuid.uuid4().hex, wanted.key)
    try:
        incoming.keep()
        for piece in source.pieces(PIECE_BYTES):
            incoming.add(piece)
        record = metadata.record(wanted, source.filename, source.head, source.size_bytes, 0)
        book = book_of(key, incoming.gen, record, incoming.pieces)
        refuse_what_never_fits(book, most_bytes)
        if not int(wire.run("PUBLISH", *_published(key, book, record, wanted, most_bytes, bytes(incoming.sums)))):
            raise VideoDamaged(
                f"Redis let go of bytes of '{record.filename}' before all had come. Nothing was stored; try again."
            )
    except BaseException:
        with suppress(RedisError):
            wire.run("ABANDON", key, incoming.gen, incoming.pieces + 1)
        raise
    return key


def refuse_what_never_fits(book: Book, most_bytes: int) -> None:
    if book.cost_bytes > most_bytes:
        raise ValueError(
            f"Video size {book.cost_bytes / MIB:.2f} MB with its metadata exceeds maximum allowed size of "
            f"{most_bytes / MIB:g} MB: it would not fit if it were alone. Raise max_memory_mb."
        )


def update(wire: Wire, found: Found, changed: Record, most_bytes: int) -> bool:
    """False when the video has become another meanwhile."""
    book = book_of(found.key, found.gen, changed, found.pieces)
    refuse_what_never_fits(book, most_bytes)
    tags = json.dumps(changed.tags, ensure_ascii=False)
    told = (found.gen, found.rev, book.cost_bytes, most_bytes, book.to_json(), changed.fields_json, tags)
    return bool(wire.run("UPDATE", found.key, *told))


class _Incoming:
    def __init__(self, wire: Wire, gen: str, chosen_key: str | None) -> None:
        self.gen = gen
        self._key = chosen_key
        self.pieces = 0
        self.sums = bytearray()
        self._wire = wire
        self._renew_at = 0.0

    def add(self, piece: bytes) -> None:
        self._wire.put_piece(self.gen, self.pieces, piece)
        self.sums += sum_of(piece)
        self.pieces += 1
        if time.monotonic() >= self._renew_at:
            self.keep()

    def keep(self) -> None:
        """For another while."""
        if self._key is not None:
            self._wire.run("BEGIN", self._key, self.gen, UNPUBLISHED_MS)
        if self.pieces:
            self._wire.run("RENEW", self.gen, self.pieces, UNPUBLISHED_MS)
        self._renew_at = time.monotonic() + _RENEW_SECONDS


def _published(
    key: str, book: Book, record: Record, wanted: Wanted, most_bytes: int, sums: bytes
) -> list[str | bytes | int]:
    ttl_us = "" if wanted.ttl_us is None else wanted.ttl_us
    values: dict[str, str | bytes | int] = {
        "fields": record.fields_json,
        "tags": json.dumps(record.tags, ensure_ascii=False),
        "filename": record.filename,
        "mime": record.mime_type,
        "size": record.size_bytes,
        "piece": PIECE_BYTES,
        "pieces": book.pieces,
        "sums": sums,
    }
    named = [part for pair in values.items() for part in pair]
    return [key, book.gen, book.pieces, ttl_us, book.size_bytes, book.cost_bytes, most_bytes, book.to_json(), *named]
