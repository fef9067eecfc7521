"""One recording fetched by the VMS: a task that runs there, found again after a kill, and what it came to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from backend.errors import TransferCancelled, Unsupported
from backend.offers.book import Book
from backend.offers.claims import MOST_SHARED
from backend.offers.entries import Claim
from backend.targets.base import Transfer
from backend.targets.milestone import tasks
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.hardware import Seat
from backend.targets.milestone.measure import SHARE, Wanted
from backend.targets.milestone.rest import Object, Rest, id_of, path_id, text_of
from backend.targets.milestone.sequences import Recorder
from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span, around, holes, told
from backend.targets.milestone.state import OFFERED, RETRIEVING, State
from backend.targets.milestone.tasks import Task

RETRIEVE = "RetrieveEdgeStorage"
# How a VMS says that it does not know the task, or that the camera has no edge storage; without its spaces.
_NO_EDGE_STORAGE = ("edgestorage", "unknownrequest")
# Where tasks are not listed: how long what arrives is watched before another one is begun.
_UNLISTED_SECONDS = 900.0
# A recorder may need a moment to write down what the task has fetched.
_LOOKS_AFTERWARDS = 5


@dataclass
class Retrieval:
    """For one attempt. `reference`: the video's id, by which the task is to be known; `book` is told before the VMS is
    asked. `state` is stored whenever it changes. `is_there`: whether the video still is, so that somebody goes on with
    what is cut off here."""

    book: Book
    rest: Rest
    recorder: Recorder
    transfer: Transfer
    size_bytes: int
    reference: str
    state: State
    poll_seconds: float
    task_hours: float
    is_there: Callable[[], bool]
    now: Callable[[], float] = time.time

    def run(self, seat: Seat, wanted: Wanted, tolerance_seconds: float) -> None:
        """Until the VMS has all of `wanted`; nothing is asked of it when it has it already. Raises VmsProblem, and
        Unsupported when it has footage of that time that it was never asked for: that may show anything."""
        if not was_asked(self.book, self.reference, self.state):
            self._refuse_foreign(seat, wanted, tolerance_seconds)
        missing = self.recorder.missing(seat.server.url, seat.camera_id, wanted, tolerance_seconds)
        if not missing:
            return
        task = self._running(seat) or self._begin(seat, around(missing))
        task = self._finish(task)
        # It is over, however it ended: the next attempt is to begin a new one.
        self.save(replace(self.state, phase=OFFERED, task_id="", asked=False, began_at=0.0))
        missing = self._missing_afterwards(seat, wanted, tolerance_seconds, patient=task.is_good)
        if not missing:
            return
        if not task.is_good:
            raise VmsProblem(Answer("task-failed", message=task.error))
        raise VmsProblem(Answer("incomplete", message=told(missing, wanted.span)))

    def save(self, state: State) -> None:
        self.state = state
        self.transfer.save_resume(state.stored())

    def _refuse_foreign(self, seat: Seat, wanted: Wanted, tolerance_seconds: float) -> None:
        span = wanted.span
        there = holes(self.recorder.missing(seat.server.url, seat.camera_id, Wanted(span), 0.0), span)
        most = min(max(timedelta(seconds=tolerance_seconds), MOST_SHARED), span.lasts / SHARE)
        foreign = [one for one in there if not _is_neighbours(one, span, most)]
        if foreign:
            raise _not_ours(seat, around(foreign))

    def _running(self, seat: Seat) -> Task | None:
        """The one that an earlier attempt began, if the VMS still knows it."""
        if self.state.camera_id != seat.camera_id:
            return None
        if self.state.task_id:
            return tasks.look(self.rest, self.state.task_id)
        if not self.state.asked:
            return None
        return self._unheard(seat)

    def _unheard(self, seat: Seat) -> Task | None:
        """The task that was asked for and whose number never came; None when none of those that run can be it.

        A task need not say whose it is, and not every release need list them. While it may be running, no second one is
        begun: each attempt looks first whether the recording has come. Raises VmsProblem meanwhile.
        """
        running, waits_seconds = tasks.running(self.rest), self.now() - self.state.began_at
        for one in running or ():
            task = tasks.read(one, id_of(one))
            if task.id and one.get("identifier") == self.reference and _camera_of(one) in ("", seat.camera_id):
                return self._noted(seat, task)
        if running is None and 0 <= waits_seconds < _UNLISTED_SECONDS:
            raise VmsProblem(Answer("task-unsure", message="nor does it list tasks, so what arrives is watched first"))
        if waits_seconds < self.task_hours * 3600 and any(self._may_be_ours(one, seat) for one in running or ()):
            raise VmsProblem(Answer("task-unsure", message="a retrieval that may be it runs there and is waited for"))
        return None

    def _may_be_ours(self, task: Object, seat: Seat) -> bool:
        """As far as it says what it is."""
        kind, who = text_of(task, "taskType").lower(), text_of(task, "identifier")
        is_retrieval = not kind or "retriev" in kind
        return is_retrieval and who in ("", self.reference) and _camera_of(task) in ("", seat.camera_id)

    def _begin(self, seat: Seat, span: Span) -> Task:
        before, is_first = self.state, self.book.asked(self.reference)
        asked = replace(before, camera_id=seat.camera_id, span=span, task_id="", asked=True)
        self.save(replace(asked, phase=RETRIEVING, began_at=self.now()))
        body = {
            "startTime": moment(span.start_at),
            "endTime": moment(span.end_at),
            "identifier": self.reference,
        }
        try:
            task = tasks.start(self.rest, "cameras", seat.camera_id, task=RETRIEVE, body=body)
        except VmsProblem as problem:
            if not problem.answered:
                raise
            self.save(replace(before, phase=OFFERED, task_id="", asked=False, began_at=0.0))
            if is_first:
                self.book.not_asked(self.reference)
            raise self._not_begun(seat, problem) from None
        return self._noted(seat, task)

    def _not_begun(self, seat: Seat, problem: VmsProblem) -> VmsProblem:
        """What it is that is refused: the camera is gone, this VMS cannot do it at all, or it passes."""
        answer = problem.answer
        if answer.status not in (400, 404, 405):
            return problem
        if self.rest.find("cameras", seat.camera_id) is None:
            return VmsProblem(Answer("camera-gone", answer.status, seat.camera_id))
        said = "".join(answer.message.lower().split())
        offered = self.rest.tasks("cameras", seat.camera_id)
        if any(words in said for words in _NO_EDGE_STORAGE) or (offered and RETRIEVE not in offered):
            return VmsProblem(replace(answer, reason="edge-storage", message=answer.message or f"HTTP {answer.status}"))
        return problem

    def _noted(self, seat: Seat, task: Task) -> Task:
        self.save(replace(self.state, phase=RETRIEVING, camera_id=seat.camera_id, task_id=task.id, asked=True))
        return task

    def _finish(self, task: Task) -> Task:
        """Raises TransferCancelled when it must stop; the task goes on, and the next attempt finds it. So it does when
        the task was told to stop and did not."""
        try:
            return tasks.finish(self.rest, task, self.pause)
        except VmsProblem as problem:
            if problem.answer.reason in ("task-gone", "task-late"):
                self.save(replace(self.state, phase=OFFERED, task_id="", asked=False, began_at=0.0))
            raise

    def pause(self, percent: int) -> None:
        """Between two looks; ends what takes too long, and what nobody wants any more."""
        if self.state.task_id and self.now() - self.state.began_at > self.task_hours * 3600:
            is_gone = tasks.stop(self.rest, self.state.task_id, self._tell_and_wait, self.now)
            raise VmsProblem(Answer("task-late" if is_gone else "task-stays", message=f"{self.task_hours:g} h"))
        try:
            self._tell_and_wait(percent)
        except TransferCancelled:
            if self.state.task_id and not self.is_there():
                tasks.stop(self.rest, self.state.task_id, lambda _percent: self._wait(), self.now)
            raise

    def _tell_and_wait(self, percent: int) -> None:
        """Tells how far it is, and renews the lease by that."""
        # As far as the VMS says; not the whole before it is proved. No bandwidth is counted by it (`outbox.dispatch`).
        self.transfer.advance(self.size_bytes * min(percent, 99) // 100)
        self._wait()

    def _wait(self) -> None:
        threading.Event().wait(self.poll_seconds)

    def _missing_afterwards(
        self, seat: Seat, wanted: Wanted, tolerance_seconds: float, *, patient: bool
    ) -> list[Span]:  # fmt: skip
        for _ in range(_LOOKS_AFTERWARDS if patient else 1):
            missing = self.recorder.missing(seat.server.url, seat.camera_id, wanted, tolerance_seconds)
            if not missing:
                break
            self.pause(99)
        return missing


def was_asked(book: Book, video_id: str, state: State) -> bool:
    """Whether the VMS can have footage of this video: only what it was asked for is the video's own.

    Earlier versions told their own state of it, and not the book.
    """
    claim = book.claimed(video_id)
    return book.was_asked(video_id) or (claim is not None and _touches(state.span, claim))


def _touches(span: Span | None, claim: Claim) -> bool:
    return span is not None and span.start_at < claim.end_at and claim.start_at < span.end_at


def _is_neighbours(there: Span, wanted: Span, most: timedelta) -> bool:
    """The recording before and the one behind may reach into this one by a little."""
    return there.lasts <= most and (there.start_at == wanted.start_at or there.end_at == wanted.end_at)


def _not_ours(seat: Seat, there: Span) -> Unsupported:
    return Unsupported(
        f"Milestone has footage of its camera {seat.camera_id} from {moment(there.start_at)} to {moment(there.end_at)}"
        " that was not fetched for this recording, and it keeps one picture for each instant: whether this recording is"
        " there cannot be told. If its capture time or camera is wrong, send it again with the right ones; if that"
        " footage may go, remove it in XProtect and try this copy again; else keep the recording on another target.",
        detail={"start": moment(there.start_at), "end": moment(there.end_at), "vms_camera_id": seat.camera_id},
    )


def _camera_of(task: Object) -> str:
    return path_id(task.get("cameraPath"), "cameras")
