"""The footage that is offered: the book on disk says which cameras and recordings there are, files have the frames."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from backend.confine import Confinement
from backend.disk.atomic import told_as
from backend.edge import stored
from backend.edge.footage import Camera, Frame, NotYet, Recording
from backend.errors import MediaError, StorageError
from backend.log import UploadLog
from backend.offers.book import Book
from backend.offers.entries import Codec, Offer
from backend.offers.index import Index, index

# Of 29 bytes each: more than a day of one camera's, and a hundred MiB at most.
_MOST_FRAMES = 4_000_000
_LOOKERS = 4
# All who waited for a look that failed are told so; who asks later has another one made.
_FAILED_SECONDS = 10.0
_TOLD_AGAIN_SECONDS, _MOST_TOLD = 60.0, 20
# A file, by what tells one writing of it from another.
_Written = tuple[Path, int, int, int]


class _Failure(NamedTuple):
    words: str
    until: float


class Indexes:
    """Where the frames of files lie, of those that were asked for last. A look reads all of a file, which takes minutes
    for a day's: it has its own threads, all who ask meanwhile wait for the same one, and it goes on if they give up."""

    def __init__(
        self,
        look: Callable[[Path, Callable[[], bool]], Index],
        most_frames: int = _MOST_FRAMES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` has to stop, by a MediaError, when what it is given says so."""
        self._look, self._most_frames, self._clock = look, most_frames, clock
        self._known: OrderedDict[_Written, Index] = OrderedDict()
        self._failed: dict[_Written, _Failure] = {}
        self._looking: dict[_Written, Future[None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._lookers = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="edge-look")

    def of(self, path: Path) -> Index:
        """Raises NotYet until it is known, or a MediaError."""
        written = _written(path)
        with self._lock:
            if (found := self._known.get(written)) is not None:
                self._known.move_to_end(written)
                return found
            failure = self._failed.get(written)
            if failure is not None and self._clock() < failure.until:
                raise MediaError(failure.words)
            if written not in self._looking:
                self._looking[written] = self._lookers.submit(self._look_at, written)
            raise NotYet(self._looking[written])

    def close(self) -> None:
        """Looks under way end. Nothing may be asked any more."""
        self._stop.set()
        self._lookers.shutdown(cancel_futures=True)

    def _look_at(self, written: _Written) -> None:
        found, words = None, "The file could not be looked at."
        try:
            found = self._look(written[0], self._stop.is_set)
        except MediaError as error:
            words = error.message
        finally:
            with self._lock:
                del self._looking[written]
                if found is None:
                    self._keep_failure(written, words)
                else:
                    self._remember(written, found)

    def _keep_failure(self, written: _Written, words: str) -> None:
        now = self._clock()
        self._failed = {one: failure for one, failure in self._failed.items() if now < failure.until}
        self._failed[written] = _Failure(words, now + _FAILED_SECONDS)

    def _remember(self, written: _Written, found: Index) -> None:
        self._known[written] = found
        while len(self._known) > 1 and sum(len(one.shown) for one in self._known.values()) > self._most_frames:
            self._known.popitem(last=False)


class OfferedFootage:
    """What the device shows. Nothing is kept of the book but what was read: an offer is there as soon as it is made,
    and gone as soon as it is withdrawn."""

    def __init__(self, book: Book, tools: Confinement, log: UploadLog) -> None:
        self._book, self._log = book, log
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()
        self._indexes = Indexes(lambda path, should_stop: index(tools, path, should_stop))

    def close(self) -> None:
        """Ends what is under way; nothing may be asked any more."""
        self._indexes.close()

    def cameras(self) -> Sequence[Camera]:
        return [
            Camera(one.token, one.name, one.codec, one.width, one.height, one.frames_per_second)
            for one in self._book.cameras()
        ]

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        return self.recordings_of([camera_token])[camera_token]

    def recordings_of(self, camera_tokens: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
        """Without those whose file is gone, or cannot be looked at."""
        every = self._book.offers_of(camera_tokens, self._tell)
        return {
            token: [Recording(one.video_id, one.start_at, one.end_at) for one in offers if self._is_there(one)]
            for token, offers in every.items()
        }

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        offer = self._book.offered(recording.id)
        if offer is None or offer.camera_token != camera_token:
            raise MediaError("The recording is not offered any more.")
        path = self._place(offer)
        found = self._indexes.of(path)
        self._refuse_other_codec(camera_token, found.sets.codec)
        with closing(stored.frames(path, found, offer.start_at, since)) as frames:
            for frame in frames:
                # What is over the end that was offered may be the next one's time.
                if frame.at >= offer.end_at:
                    return
                yield frame

    def _refuse_other_codec(self, camera_token: str, codec: Codec) -> None:
        announced = next((one.codec for one in self._book.cameras() if one.token == camera_token), None)
        if announced != codec:
            raise MediaError(f"The recording is {codec}, but its camera announces {announced or 'nothing'}.")

    def _is_there(self, offer: Offer) -> bool:
        try:
            with told_as(f"looking for {offer.path}"):
                return self._place(offer).is_file()
        except StorageError as error:
            self._tell(error)
            return False

    def _place(self, offer: Offer) -> Path:
        return self._book.layout.absolute(offer.path)

    def _tell(self, error: StorageError) -> None:
        """Each one now and then: a VMS asks all day, and where a disk is away it is away for thousands."""
        now = time.monotonic()
        with self._lock:
            self._told = {words: at for words, at in self._told.items() if now - at < _TOLD_AGAIN_SECONDS}
            if error.message in self._told or len(self._told) >= _MOST_TOLD:
                return
            self._told[error.message] = now
        self._log.write("warning", "edge_offer_unreadable", error=error.message)


def _written(path: Path) -> _Written:
    try:
        told = path.stat()
    except OSError as error:
        raise MediaError(f"The offered file cannot be opened ({error.strerror}).") from error
    return path, told.st_ino, told.st_size, told.st_mtime_ns
