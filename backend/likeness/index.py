"""The frame hashes of all videos in memory: which videos have frames like these.

Kept by each worker process, read when it is first asked, and from then on only what is new. A frame takes 36 bytes,
and frames that show the same for a while are one. What is more than `most_rows` is not kept but read from the catalog
at each search: slower, never less.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from backend.catalog import fingerprints
from backend.catalog.database import Database
from backend.catalog.fingerprints import Hashed
from backend.errors import MediaStopped
from backend.likeness.matching import NEAR, Prints, Words, bits_apart

# 144 MiB, at least 1,100 hours of which no two seconds show the same.
MOST_ROWS = 4_000_000
# A frame this near to the one before it that was kept brings no video that this one would not.
SAME = 6

# In the first 64 bits two near ones differ in few too: a quarter of the work, and one in a thousand is overlooked.
_NEAR_IN_64 = 22
_PAGE = 64
# 512 KiB of first words: they stay in the processor's cache while all frames asked for pass over them.
_BLOCK_ROWS = 1 << 16


def distinct(prints: Prints) -> Words:
    """The frames in which there is something to see, without those that show the same as the one kept before."""
    words = prints.words[prints.seen]
    kept: list[int] = []
    last: int | None = None
    for row, frame in enumerate(words):
        number = int.from_bytes(frame.tobytes(), "little")
        if last is None or (number ^ last).bit_count() > SAME:
            kept.append(row)
            last = number
    return np.ascontiguousarray(words[kept])


@dataclass
class Block:
    """Some rows: the first words by themselves, the three others of each, and whose they are."""

    first: Words = field(default_factory=lambda: np.empty(_BLOCK_ROWS, np.uint64))
    others: Words = field(default_factory=lambda: np.empty((_BLOCK_ROWS, 3), np.uint64))
    owners: NDArray[np.int32] = field(default_factory=lambda: np.empty(_BLOCK_ROWS, np.int32))
    rows: int = 0

    def add(self, words: Words, owner: int) -> int:
        """Take as many as there is room for; how many."""
        count = min(len(words), _BLOCK_ROWS - self.rows)
        place = slice(self.rows, self.rows + count)
        self.first[place], self.others[place], self.owners[place] = words[:count, 0], words[:count, 1:], owner
        self.rows += count
        return count

    def owners_near(self, frame: Words) -> NDArray[np.int32]:
        """Whose rows are near to a frame: each once."""
        apart = np.bitwise_count(self.first[: self.rows] ^ frame[0])
        likely = np.flatnonzero(apart <= _NEAR_IN_64)
        near = likely[apart[likely] + bits_apart(self.others[likely], frame[1:]) <= NEAR]
        return np.unique(self.owners[near]) if len(near) else self.owners[:0]


@dataclass
class Rows:
    """Frames of videos, in blocks; grows as it is added to."""

    blocks: list[Block] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, found: Hashed) -> None:
        words = distinct(Prints.of(found.hashes, found.qualities, found.interval_seconds))
        self.videos.append(found.video_id)
        self.count += len(words)
        while len(words):
            if not self.blocks or self.blocks[-1].rows == _BLOCK_ROWS:
                self.blocks.append(Block())
            words = words[self.blocks[-1].add(words, len(self.videos) - 1) :]

    def near(self, frames: Words, should_stop: Callable[[], bool]) -> Counter[str]:
        """How many of `frames` each video has one like."""
        # Block by block, as those stay in the cache. A video may lie in two of them; a frame counts once.
        hits: defaultdict[int, set[int]] = defaultdict(set)
        for block in self.blocks:
            for number, frame in enumerate(frames):
                if number % _PAGE == 0 and should_stop():
                    raise MediaStopped("It was stopped before it was done.")
                for owner in block.owners_near(frame):
                    hits[int(owner)].add(number)
        found: Counter[str] = Counter()
        for owner, numbers in hits.items():
            found[self.videos[owner]] += len(numbers)
        return found


@dataclass
class HashIndex:
    """One per worker process; threads take turns."""

    database: Database
    most_rows: int = MOST_ROWS
    _rows: Rows = field(default_factory=Rows)
    _seq: int = 0  # the last one that is in memory
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rows(self) -> int:
        """Frames in memory."""
        return self._rows.count

    def near(self, prints: Prints, should_stop: Callable[[], bool] = lambda: False) -> Counter[str]:
        """Ids of the videos that have frames like these, and how many of these frames each is like."""
        frames = distinct(prints)
        with self._lock:
            self._read_new()
            found = self._rows.near(frames, should_stop)
            for some in self._beyond():
                found += some.near(frames, should_stop)
        return found

    def _read_new(self) -> None:
        while self._rows.count < self.most_rows and (page := self._page(self._seq)):
            for seq, hashed in page:
                self._rows.add(hashed)
                self._seq = seq
                if self._rows.count >= self.most_rows:
                    break

    def _beyond(self) -> Iterator[Rows]:
        """What there is no room for, page by page."""
        seq = self._seq
        while self._rows.count >= self.most_rows and (page := self._page(seq)):
            rows = Rows()
            for seq, hashed in page:  # noqa: B007 - where the next page begins
                rows.add(hashed)
            yield rows

    def _page(self, seq: int) -> list[tuple[int, Hashed]]:
        with self.database.read() as session:
            return fingerprints.after(session, seq, _PAGE)
