"""One attempt: the file is offered, the VMS fetches it, its recording server proves it, and it is marked there."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from backend.errors import TransferCancelled
from backend.offers.book import Book
from backend.offers.entries import CameraEntry, Claim
from backend.offers.entries import State as Standing
from backend.offers.offering import Offering
from backend.targets.base import RemoteCopy, Source, Transfer
from backend.targets.local_file import LocalFile, damaged
from backend.targets.milestone import tasks, watching
from backend.targets.milestone.bookmarks import Bookmarks, Words
from backend.targets.milestone.events import Events
from backend.targets.milestone.failures import VmsProblem
from backend.targets.milestone.hardware import Hardware, Seat
from backend.targets.milestone.keeping import Keeping
from backend.targets.milestone.measure import Wanted
from backend.targets.milestone.options import BY_CAMERA, BY_UPLOADER
from backend.targets.milestone.proofs import Known, proof_of, wanted_of
from backend.targets.milestone.rest import Rest
from backend.targets.milestone.retrieval import Retrieval, was_asked
from backend.targets.milestone.sequences import Recorder
from backend.targets.milestone.state import ASKED, OFFERED, State, read_state

_TICK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Vms:
    """Everything of the VMS that an attempt uses, and how it is to be used."""

    rest: Rest
    hardware: Hardware
    recorder: Recorder
    keeping: Keeping
    camera_by: str
    tolerance_seconds: float
    bookmark: bool
    event: str
    link: str
    watch_url: str
    h265: bool
    poll_seconds: float
    task_hours: float

    def words(self, source: Source) -> Words:
        """What people in the VMS read."""
        about = [f"Holdfast: {source.original_filename}", f"project {source.project_id}" if source.project_id else ""]
        about.append(f"{self.link.rstrip('/')}/library?video={source.video_id}" if self.link else "")
        header = source.title or source.original_filename
        return Words(source.video_id, header, "\n".join(filter(None, about)))


@dataclass
class Putting:
    """For one call of `put`. Raises VmsProblem and TargetErrors. `is_locked`: by an earlier copy's evidence lock."""

    vms: Vms
    offering: Offering
    source: Source
    transfer: Transfer
    is_locked: Callable[[Known], bool]
    state: State = field(default_factory=State)

    def run(self, key: str, lock_id: str) -> RemoteCopy:
        self.transfer.advance(0)
        self.state = read_state(self.transfer.resume)
        claim = self._book.claimed(self.source.video_id)
        if claim is not None and claim.state is Standing.VERIFIED:
            # An earlier delivery has triggered it, and asked for the bookmark.
            self.state = replace(self.state, event=ASKED, bookmark_id=self.state.bookmark_id or ASKED)
        found = self._there_already(claim)
        if found is not None:
            # That of an earlier attempt has brought it.
            self._see_out_task()
        seat, wanted = found or self._fetched()
        bookmark_id = self._marked(seat, wanted)
        self._book.verified(self.source.video_id)
        self.transfer.advance(self.source.size_bytes)
        proof = proof_of(self.source.video_id, seat.camera_id, wanted, bookmark_id, lock_id)
        return RemoteCopy(key, proof, watching.address(self.vms.watch_url, proof))

    @property
    def _book(self) -> Book:
        return self.offering.book

    def _there_already(self, claim: Claim | None) -> tuple[Seat, Wanted] | None:
        """Looked at first: a repeat must not make the VMS fetch anything."""
        if claim is None or not was_asked(self._book, self.source.video_id, self.state):
            return None
        entry = _entry(self._book, claim.camera_token)
        seat = None if entry is None else self.vms.hardware.seat(entry.number)
        if entry is None or seat is None:
            return None
        wanted = wanted_of(claim)
        if self.vms.recorder.missing(seat.server.url, seat.camera_id, wanted, self.vms.tolerance_seconds):
            return None
        return seat, wanted

    def _fetched(self) -> tuple[Seat, Wanted]:
        entry, wanted = self._offered()
        retrieval = Retrieval(
            book=self._book,
            rest=self.vms.rest,
            recorder=self.vms.recorder,
            transfer=self.transfer,
            size_bytes=self.source.size_bytes,
            reference=self.source.video_id,
            state=self.state,
            poll_seconds=self.vms.poll_seconds,
            task_hours=self.vms.task_hours,
            is_there=self.source.path.exists,
        )
        seat = self.vms.hardware.take_seat(entry.number, entry.name, lambda _percent: retrieval.pause(0))
        known = Known(self.source.video_id, seat.camera_id, wanted, "")
        self.vms.keeping.demand_time(seat.camera_id, wanted.span, lambda: self.is_locked(known))
        retrieval.run(seat, wanted, self.vms.tolerance_seconds)
        self.state = retrieval.state
        return seat, wanted

    def _see_out_task(self) -> None:
        """What it brought is there, so it is about to end. One that does not, or that cannot be asked about, is left to
        itself: no reason to fail what is there."""
        if self.state.task_id:
            with suppress(VmsProblem):
                tasks.see_out(self.vms.rest, self.state.task_id, self._pause)

    def _pause(self, _percent: int) -> None:
        self.transfer.advance(0)
        threading.Event().wait(self.vms.poll_seconds)

    def _offered(self) -> tuple[CameraEntry, Wanted]:
        """The file can be pulled when this returns."""
        if not self.state.phase or self._book.offered(self.source.video_id) is None:
            self._refuse_damaged()
        key, name = self._camera()
        offer = self.offering.offer(
            self.source,
            key,
            name,
            h265=self.vms.h265,
            should_stop=self._must_stop,
            progress=lambda _share: self.transfer.advance(0),
        )
        claim, entry = self._book.claimed(self.source.video_id), _entry(self._book, offer.camera_token)
        assert claim is not None
        assert entry is not None
        if not self.state.phase:
            self._save(replace(self.state, phase=OFFERED))
        return entry, wanted_of(claim)

    def _refuse_damaged(self) -> None:
        """What the VMS pulls is the file itself: it must be what was saved."""
        whole, unheard_bytes = hashlib.sha256(), 0
        with LocalFile(self.source) as local:
            for piece in local.pieces(0, self.source.size_bytes):
                whole.update(piece)
                unheard_bytes += len(piece)
                if unheard_bytes >= _TICK_BYTES:
                    unheard_bytes = 0
                    self.transfer.advance(0)
        if whole.hexdigest() != self.source.sha256:
            raise damaged(self.source, "another SHA-256")

    def _camera(self) -> tuple[str, str]:
        """What the camera stands for, and what it is called."""
        source = self.source
        if self.vms.camera_by == BY_CAMERA and source.camera_id:
            return f"camera:{source.camera_id}", source.camera_id
        if self.vms.camera_by == BY_UPLOADER and source.uploaded_by:
            return f"uploader:{source.uploaded_by}", source.uploaded_by
        return f"project:{source.project_id}", source.project_id or "Holdfast"

    def _must_stop(self) -> bool:
        try:
            self.transfer.advance(0)
        except TransferCancelled:
            return True
        return False

    def _marked(self, seat: Seat, wanted: Wanted) -> str:
        """The bookmark's id, "" when there is none."""
        words = self.vms.words(self.source)
        if self.vms.event:
            events = Events(self.vms.rest, self.vms.event)
            events.trigger_once(seat.camera_id, words, self.state.event, self._note_event)
        if not self.vms.bookmark:
            return ""
        bookmarks = Bookmarks(self.vms.rest)
        return bookmarks.set_once(seat.camera_id, wanted.span, words, self.state.bookmark_id, self._note_bookmark)

    def _note_event(self, event: str) -> None:
        self._save(replace(self.state, event=event))

    def _note_bookmark(self, bookmark_id: str) -> None:
        self._save(replace(self.state, bookmark_id=bookmark_id))

    def _save(self, state: State) -> None:
        self.state = state
        self.transfer.save_resume(state.stored())


def _entry(book: Book, token: str) -> CameraEntry | None:
    return next((one for one in book.cameras() if one.token == token), None)
