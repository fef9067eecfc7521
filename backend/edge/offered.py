"""The footage that is offered: the book on disk says which cameras and recordings there are, files have the frames."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from backend.confine import Confinement
from backend.edge import stored
from backend.edge.footage import Camera, Frame, Recording
from backend.errors import MediaError, StorageError
from backend.log import UploadLog
from backend.offers.book import Book
from backend.offers.entries import Codec, Offer
from backend.offers.index import Index, index

# Of 29 bytes each: more than a day of one camera's, and a hundred MiB at most.
_MOST_FRAMES = 4_000_000
# A file, by what tells one writing of it from another.
_Written = tuple[Path, int, int, int]


@dataclass
class Indexes:
    """Where the frames of files lie, of those that were asked for last. Two who ask at once wait for one look."""

    look: Callable[[Path], Index]
    most_frames: int = _MOST_FRAMES
    _known: OrderedDict[_Written, Index] = field(default_factory=OrderedDict, init=False)
    _looking: dict[_Written, threading.Lock] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, path: Path) -> Index:
        """Raises a MediaError."""
        written = _written(path)
        with self._lock:
            turn = self._looking.setdefault(written, threading.Lock())
        try:
            with turn:
                if (found := self._remembered(written)) is None:
                    found = self.look(path)
                    self._remember(written, found)
                return found
        finally:
            with self._lock:
                self._looking.pop(written, None)

    def _remembered(self, written: _Written) -> Index | None:
        with self._lock:
            if written in self._known:
                self._known.move_to_end(written)
            return self._known.get(written)

    def _remember(self, written: _Written, found: Index) -> None:
        with self._lock:
            self._known[written] = found
            while len(self._known) > 1 and sum(len(one.shown) for one in self._known.values()) > self.most_frames:
                self._known.popitem(last=False)


class OfferedFootage:
    """What the device shows. Nothing is kept of the book but what was read: an offer is there as soon as it is made,
    and gone as soon as it is withdrawn."""

    def __init__(self, book: Book, tools: Confinement, log: UploadLog) -> None:
        self._book, self._log = book, log
        self._indexes = Indexes(lambda path: index(tools, path))

    def cameras(self) -> Sequence[Camera]:
        return [
            Camera(one.token, one.name, one.codec, one.width, one.height, one.frames_per_second)
            for one in self._book.cameras()
        ]

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        """Without those whose file is gone."""
        offers = self._book.offers(camera_token, self._tell)
        return [Recording(one.video_id, one.start_at, one.end_at) for one in offers if self._place(one).is_file()]

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        offer = self._book.offered(recording.id)
        if offer is None or offer.camera_token != camera_token:
            raise MediaError("The recording is not offered any more.")
        path = self._place(offer)
        found = self._indexes.of(path)
        self._refuse_other_codec(camera_token, found.sets.codec)
        with closing(stored.frames(path, found, offer.start_at, since)) as frames:
            for frame in frames:
                # What is over the end that its sender told is the next one's time.
                if frame.at >= offer.end_at:
                    return
                yield frame

    def _refuse_other_codec(self, camera_token: str, codec: Codec) -> None:
        announced = next((one.codec for one in self._book.cameras() if one.token == camera_token), None)
        if announced != codec:
            raise MediaError(f"The recording is {codec}, but its camera announces {announced or 'nothing'}.")

    def _place(self, offer: Offer) -> Path:
        return self._book.layout.absolute(offer.path)

    def _tell(self, error: StorageError) -> None:
        self._log.write("warning", "edge_offer_unreadable", error=error.message)


def _written(path: Path) -> _Written:
    try:
        told = path.stat()
    except OSError as error:
        raise MediaError(f"The offered file cannot be opened ({error.strerror}).") from error
    return path, told.st_ino, told.st_size, told.st_mtime_ns
