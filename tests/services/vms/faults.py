"""What goes wrong on purpose: with a request, or with a pull."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Status:
    """This answer in place of the work, or (`done`) after it. `html`: a gateway's page where JSON is expected."""

    number: int
    done: bool = False
    retry_after_seconds: int | None = None
    html: bool = False


@dataclass
class Slow:
    """Nothing happens for so long, then all goes on. `let_go` ends it early."""

    seconds: float
    let_go: threading.Event = field(default_factory=threading.Event)


@dataclass
class Drop:
    """The connection ends: before the work, or (`done`) after it and before the answer."""

    done: bool = False


Fault = Status | Slow | Drop


@dataclass
class PartialPull:
    """Of the frames only this share is kept; the task calls itself a success all the same."""

    share: float = 0.5


@dataclass
class CutPull:
    """The line to the device breaks after so many frames. What came is kept."""

    after_frames: int = 10


@dataclass
class FailedPull:
    """Nothing is pulled; the task ends in an error."""

    text: str = "The device did not answer."
    code: int = 101


@dataclass
class StuckPull:
    """The task goes on for ever, until it is stopped (unless it is `deaf`) or `let_go` is set."""

    deaf: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)


PullFault = PartialPull | CutPull | FailedPull | StuckPull


@dataclass
class _Planned:
    fault: Fault
    operation: str | None
    left: int | None


class Faults:
    """`add` breaks requests, the rest breaks pulls or the configuration. Operations are named as `Seen.operation`."""

    def __init__(self) -> None:
        self.edge_storage_unsupported = False  # edgeStorageEnabled stays false, whatever is asked
        self.not_corporate = False  # an edition without evidence locks
        self.lists_locks = False  # GET evidenceLocks gives them, as no release is known to do
        self.no_licence = False  # hardware cannot be taken in
        self.no_edge_task = False  # a release that does not know RetrieveEdgeStorage
        self.lists_tasks = False  # GET tasks gives them: each is documented by its number, a list of them is not
        self.tasks_say_little = False  # that list tells neither identifier nor camera
        self.finds_no_bookmarks = False  # searchTime takes our guess of its body, and finds nothing by it
        self.keeps_events = False  # a retention of events above zero: one that was raised can be asked for
        self.reads_media2 = False  # the driver asks the second media service too, so that it knows H.265's encoders
        self.rich_events = False  # more is taken of an event than its type, which is all that Milestone's sample has
        self.most_on_a_page: int | None = None  # a list's pages are no longer than this, whatever `size` says
        self.late_sequences = 0  # so many times SequencesGet has not heard of anything yet
        self.hardware_tasks = ["UpdateHardware"]  # which tasks this release has for hardware; or ReplaceHardware
        self._requests: list[_Planned] = []
        self._pulls: list[PullFault] = []
        self._hardware: list[StuckPull] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, operation: str | None = None, *, times: int | None = 1) -> None:
        """On the next `times` requests of that operation, else of any; None: on all of them."""
        with self._lock:
            self._requests.append(_Planned(fault, operation, times))

    def lose_reply(self, operation: str, *, times: int = 1) -> None:
        """The work is done, and nobody is told."""
        self.add(Drop(done=True), operation, times=times)

    def partial_pull(self, share: float = 0.5) -> None:
        self.pull(PartialPull(share))

    def cut(self, after_frames: int = 10) -> None:
        self.pull(CutPull(after_frames))

    def task_error(self, text: str = "The device did not answer.", code: int = 101) -> None:
        self.pull(FailedPull(text, code))

    def overlap(self) -> None:
        self.pull(FailedPull("The recording database already has footage in this interval.", 155))

    def stuck(self, *, deaf: bool = False) -> StuckPull:
        fault = StuckPull(deaf)
        self.pull(fault)
        return fault

    def stuck_hardware(self, *, deaf: bool = False) -> StuckPull:
        """The next task that takes hardware in, or looks at it again, goes on for ever, as a stuck pull does."""
        fault = StuckPull(deaf)
        with self._lock:
            self._hardware.append(fault)
        return fault

    def pull(self, fault: PullFault, *, times: int = 1) -> None:
        """On the next `times` pulls."""
        with self._lock:
            self._pulls += [fault] * times

    def take(self, operation: str) -> Fault | None:
        with self._lock:
            for one in self._requests:
                if one.operation in (None, operation) and one.left != 0:
                    if one.left is not None:
                        one.left -= 1
                    return one.fault
        return None

    def take_pull(self) -> PullFault | None:
        with self._lock:
            return self._pulls.pop(0) if self._pulls else None

    def take_hardware(self) -> StuckPull | None:
        with self._lock:
            return self._hardware.pop(0) if self._hardware else None

    def clear(self) -> None:
        """Nothing goes wrong from now on; what waits goes on."""
        with self._lock:
            waiting = [one.fault for one in self._requests]
            self._requests.clear()
            self._pulls.clear()
            self._hardware.clear()
        self.edge_storage_unsupported = self.not_corporate = self.no_licence = self.rich_events = False
        self.lists_locks = self.no_edge_task = self.lists_tasks = self.tasks_say_little = False
        self.finds_no_bookmarks = self.keeps_events = self.reads_media2 = False
        self.late_sequences, self.most_on_a_page = 0, None
        for fault in waiting:
            if isinstance(fault, Slow):
                fault.let_go.set()
