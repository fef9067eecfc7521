"""From a stored file to an offer: looked at, brought into a form that can be replayed, its time claimed, published."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from backend.confine import Confinement
from backend.disk.atomic import fsync_folder, make_folder, told_as
from backend.disk.digest import sha256_of
from backend.disk.layout import Layout
from backend.disk.made import scratch
from backend.disk.sizes import in_units
from backend.errors import (
    MediaError,
    MediaStopped,
    OverLimit,
    PermanentFailure,
    ToolsMissing,
    TransferCancelled,
    TransientFailure,
    Unreadable,
    Unsupported,
)
from backend.offers.book import Book, token_of
from backend.offers.entries import CameraEntry, Codec, Offer
from backend.offers.looking import Look, look
from backend.offers.preparing import Means, Ready, as_it_is, prepare, room_bytes, wanted_codec
from backend.offers.rhythm import rhythm_of
from backend.offers.room import NAME, take_room

_READ_BYTES = 8 * 1024**2


class Recorded(Protocol):
    """What is asked of a file; a `targets.base.Source` is one. Times are aware."""

    @property
    def path(self) -> Path: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def video_id(self) -> str: ...
    @property
    def original_filename(self) -> str: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def start_at(self) -> datetime | None: ...
    @property
    def end_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Offering:
    """Thread-safe. `reserve_bytes`: free disk space that preparing never touches; the rest bounds one preparation."""

    book: Book
    tools: Confinement
    layout: Layout
    reserve_bytes: int = 1024**3
    threads: int = 2
    memory_bytes: int = 2 * 1024**3
    longest_seconds: float = 12 * 3600.0

    def offer(
        self,
        source: Recorded,
        camera_key: str,
        camera_name: str,
        *,
        h265: bool,
        should_stop: Callable[[], bool],
        progress: Callable[[float], None],
    ) -> Offer:
        """Let the VMS pull `source`; the offer that is there already when it is still good.

        `progress` is told the share of the preparation that is done, 0 to 1. Raises TargetErrors: Unsupported (no
        picture, no capture time, Overlap) and PermanentFailure for the file's sake, TransientFailure for the machine's
        (no room, no ffmpeg), TransferCancelled after `should_stop`; and StorageError. Nothing is left of a failure.
        """
        if (standing := self._standing(source, camera_key, should_stop)) is not None:
            return standing
        means = Means(
            self.tools, self.threads, self.memory_bytes, self.longest_seconds, should_stop, progress
        )  # fmt: skip
        with _judged(source.original_filename):
            seen = look(self.tools, source.path, source.original_filename, should_stop)
            begins = _begins(source, seen)
            known = self.book.known(camera_key)
            codec = wanted_codec(seen, known.codec if known else None, h265)
            if self._within(source.path) and (found := as_it_is(means, source.path, seen, codec)) is not None:
                return self._publish(
                    source,
                    camera_key,
                    camera_name,
                    codec,
                    begins,
                    Ready(source.path, found, found.first - seen.begins),
                )
            with scratch(self.layout, f"{NAME}{uuid.uuid4().hex}") as workspace:
                self._refuse_without_room(source, workspace)
                ready = prepare(means, source.path, source.size_bytes, seen, codec, workspace)
                return self._publish(source, camera_key, camera_name, codec, begins, ready)

    def _standing(self, source: Recorded, camera_key: str, should_stop: Callable[[], bool]) -> Offer | None:
        offer, claim = self.book.offered(source.video_id), self.book.claimed(source.video_id)
        if offer is None or offer.camera_token != token_of(camera_key) or claim is None or claim.rhythm is None:
            return None
        path = self.layout.absolute(offer.path)
        if not path.is_file():
            return None
        # The file that was sent is looked at by others; nobody else would notice that a copy rotted.
        changed = offer.size_bytes is not None and offer.size_bytes != path.stat().st_size
        if changed or (offer.sha256 and offer.sha256 != _digest(path, should_stop)):
            return None
        return offer

    def _within(self, path: Path) -> bool:
        """Whether an offer can name it: it is told as a path below the storage root."""
        return path.is_relative_to(self.layout.root)

    def _refuse_without_room(self, source: Recorded, workspace: Path) -> None:
        needs = room_bytes(source.size_bytes)
        free = take_room(self.layout, workspace, needs, self.reserve_bytes)
        if free is not None:
            raise TransientFailure(
                f"The disk is nearly full: preparing {source.original_filename} for the VMS may need {in_units(needs)}"
                f" beside the {in_units(self.reserve_bytes)} that MIN_FREE_BYTES keeps free, and {in_units(free)} are"
                " free and not promised to other preparations. It goes on when there is room."
            )

    def _publish(
        self, source: Recorded, key: str, name: str, codec: Codec, begins: datetime, ready: Ready
    ) -> Offer:  # fmt: skip
        """Enter the camera, claim the time, put a copy in its place, and let it be pulled: in this order."""
        start, end = _span(begins, ready)
        camera = self._camera(key, name, codec, ready)
        had = self.book.claimed(source.video_id)
        rhythm, name = rhythm_of(ready.found), source.original_filename
        self.book.claim(camera.token, source.video_id, name, start, end, sha256=source.sha256, rhythm=rhythm)
        try:
            prepared = ready.path != source.path
            path, *told = self._put(ready.path, source.video_id) if prepared else (source.path, None, "")
            relative = path.relative_to(self.layout.root).as_posix()
            offer = Offer(source.video_id, camera.token, start, end, relative, prepared, *told)
            self.book.offer(offer)
        except BaseException:
            if had is None:
                self.book.withdraw(source.video_id)
            raise
        return offer

    def _camera(self, key: str, name: str, codec: Codec, ready: Ready) -> CameraEntry:
        found = ready.found
        camera = self.book.camera(
            key, name, codec, width=found.width, height=found.height, frames_per_second=found.frames_per_second
        )
        if camera.codec != codec:  # another recording, offered a moment ago, was the camera's first
            raise TransientFailure(
                f"The camera {name} has {camera.codec} since just now: it is prepared anew for that."
            )
        return camera

    def _put(self, made: Path, video_id: str) -> tuple[Path, int, str]:
        """Where it lies from now on, how large it is, and its SHA-256."""
        final = self.book.pages.prepared_of(video_id)
        told = made.stat().st_size, sha256_of(made)
        make_folder(final.parent)
        with told_as("publishing a copy for the VMS"):
            fd = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            made.rename(final)
        fsync_folder(final.parent)
        return final, *told


def _begins(source: Recorded, seen: Look) -> datetime:
    """When the file begins: as who sent it told, else as the file tells."""
    begins = source.start_at or seen.recorded_at
    if begins is None:
        raise Unsupported(
            f"{source.original_filename} has no capture time: neither did its sender tell one nor does the file, and a"
            " VMS keeps pictures by the instant they were taken. Send it as a camera's segment, with camera_id,"
            " start_time and end_time, or write the time into the file:"
            " ffmpeg -i FILE -c copy -metadata creation_time=2024-03-05T10:20:30Z NEW_FILE"
        )
    return begins


def _span(begins: datetime, ready: Ready) -> tuple[datetime, datetime]:
    """From the first frame's instant up to the end of the last one, whatever end was told: no frame is left out."""
    start = begins + timedelta(microseconds=round(ready.offset * 1_000_000))
    return start, start + ready.found.lasts


def _digest(path: Path, should_stop: Callable[[], bool]) -> str:
    """The SHA-256; "" when it cannot be read, as of what is no longer what it was. Raises TransferCancelled."""
    whole = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_READ_BYTES):
                whole.update(piece)
                if should_stop():
                    raise TransferCancelled("It is to stop.")
    except OSError:
        return ""
    return whole.hexdigest()


@contextmanager
def _judged(filename: str) -> Iterator[None]:
    """A MediaError as the TargetError that it is to a delivery."""
    try:
        yield
    except MediaStopped as error:
        raise TransferCancelled(error.message) from error
    except ToolsMissing as error:
        raise TransientFailure(f"{filename} cannot be offered to the VMS. {error.message}") from error
    except Unreadable as error:
        raise Unsupported(f"{filename} cannot be offered to the VMS. {error.message}", detail=error.detail) from error
    except OverLimit as error:
        words = f"{filename} cannot be prepared for the VMS. {error.message}"
        raise PermanentFailure(words, detail=error.detail) from error
    except MediaError as error:
        words = f"{filename} cannot be offered to the VMS at this moment. {error.message}"
        raise TransientFailure(words, detail=error.detail) from error
