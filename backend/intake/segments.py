"""Registering a recorder's file as a segment: the one intake, with a file that lies below SEGMENT_ROOTS already.

Its data is shared where the disk can do so, else copied and hashed on the way; with SEGMENT_ADOPT=link it becomes a
second name of the same file. The recorder's own file is never changed or removed. The same camera, bounds and content
again is the same segment, also when two ask at once and when a crash came before the answer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from backend.catalog import segments
from backend.catalog.segments import Same
from backend.disk.adopted import ClonedFile, LinkedFile
from backend.disk.incoming import FileInHand
from backend.disk.layout import Layout
from backend.disk.locks import lock_all
from backend.errors import BadField, StillRecording
from backend.intake.receive import Caller, Intake, Upload
from backend.intake.recover import Recovery, has_abandoned
from backend.intake.segment_hash import Hasher
from backend.intake.segment_source import Source, opened
from backend.intake.segment_wish import Wish

DOOR = "segment"
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Registered:
    """`is_new` false: it was here before."""

    video_id: str
    is_new: bool


@dataclass(frozen=True)
class Registrar:
    intake: Intake
    hasher: Hasher

    def register(self, wish: Wish, caller: Caller) -> Registered:
        """Durable and listed when this returns."""
        intake = self.intake
        with ExitStack() as held:
            with self._turning_away(caller):
                source = held.enter_context(opened(intake.settings.segment_roots, wish.path))
                before = source.state
                _check_size(wish, source, before[0])
                # A file has one lock, so of two that link it at once one waits.
                keys = [f"{wish.camera_id} {wish.bounds.start} {wish.bounds.end}", str(source.inode)]
                held.enter_context(lock_all(intake.layout, "segment", keys))
                earlier = self._earlier(wish, source, caller)
                if earlier is not None:
                    told = {"name": source.name, "user": caller.name, "door": DOOR, "saved": earlier}
                    intake.log.write("info", "replayed", **told)
                    return Registered(earlier, is_new=False)
                make = partial(_in_hand, source=source, links=self._links)
                upload = intake.open(source.name, caller, DOOR, before[0], wish.facts.project_id, make)
            return Registered(self._save(upload, wish, source, before), is_new=True)

    def _save(self, upload: Upload, wish: Wish, source: Source, before: tuple[int, int]) -> str:
        intake = self.intake
        try:
            if isinstance(upload.file, ClonedFile) and not upload.file.is_clone:
                intake.keep_reserve(before[0])
                for piece in _pieces(source):
                    intake.write(upload, piece)
            if not self._links and source.state != before:
                raise _still_recording(source, "it was written to while it was read", source.state[0])
            return intake.save(upload, wish.facts).video_id
        except BaseException as error:
            intake.abandon(upload, error)
            raise

    @contextmanager
    def _turning_away(self, caller: Caller) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.intake.turned_away(caller, error, DOOR)
            raise

    def _earlier(self, wish: Wish, source: Source, caller: Caller) -> str | None:
        """What was registered before with this camera, these bounds and this content."""
        intake = self.intake
        if has_abandoned(intake.layout):
            # A crash may have kept it out of the catalog until now.
            Recovery(intake.layout, intake.database, intake.log).sweep()
        with intake.database.look() as connection:
            found = segments.same_place(connection, wish.camera_id, wish.bounds, caller.scope)
        if not found:
            return None
        same_file = [one for one in found if self._is_same_file(one, source)]
        if same_file and not same_file[0].sha256:
            return same_file[0].video_id
        return self._with_same_content(found, source)

    def _is_same_file(self, one: Same, source: Source) -> bool:
        try:
            there = os.stat(self.intake.layout.absolute(one.relative_path))
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == source.inode

    def _with_same_content(self, found: list[Same], source: Source) -> str | None:
        sha256, size_bytes = _digest_of(source)
        for one in found:
            known = one.sha256 or self.hasher.hash_now(one.video_id)
            if known == sha256 and (one.size_bytes == size_bytes or not one.sha256):
                return one.video_id
        return None

    @property
    def _links(self) -> bool:
        return self.intake.settings.segment_adopt == "link"


def _in_hand(layout: Layout, video_id: str, source: Source, *, links: bool) -> FileInHand:
    if links:
        return LinkedFile(layout, video_id, source.fd)
    file = ClonedFile(layout, video_id)
    try:
        file.clone(source.fd)
    except BaseException:
        file.drop()
        raise
    return file


def _check_size(wish: Wish, source: Source, size_bytes: int) -> None:
    if wish.size_bytes is not None and wish.size_bytes != size_bytes:
        raise _still_recording(source, f"size_bytes says {wish.size_bytes}, but it has {size_bytes} bytes", size_bytes)


def _still_recording(source: Source, why: str, size_bytes: int) -> StillRecording:
    return StillRecording(
        f"'{source.name}' is perhaps still being recorded: {why}. Nothing was kept; register it when it is done.",
        detail={"field": "file_path", "size_bytes": size_bytes},
    )


def _digest_of(source: Source) -> tuple[str, int]:
    before, digest = source.state, hashlib.sha256()
    for piece in _pieces(source):
        digest.update(piece)
    if source.state != before:
        raise _still_recording(source, "it was written to while it was read", source.state[0])
    return digest.hexdigest(), before[0]


def _pieces(source: Source) -> Iterator[bytes]:
    """All of it, from the beginning, whatever was read before."""
    place = 0
    while True:
        try:
            piece = os.pread(source.fd, _READ_BYTES, place)
        except OSError as error:
            words = os.strerror(error.errno or 0).lower()
            raise BadField(f"file_path cannot be read: {words}.", detail={"field": "file_path"}) from error
        if not piece:
            return
        place += len(piece)
        yield piece
