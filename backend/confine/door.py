"""Runs ffmpeg and ffprobe, confined; knows whether they are here and how far they can be confined on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.confine import arguments as given
from backend.confine import words
from backend.confine.giving import given_to
from backend.confine.inputs import SOURCE, Inputs
from backend.confine.limits import Limits
from backend.confine.programs import Programs
from backend.confine.running import Ended, run
from backend.confine.sandbox import ENVIRON
from backend.confine.trial import Trial, try_out
from backend.confine.usage import Usage
from backend.confine.watching import Collector, Growth, Progress
from backend.errors import MediaError, MediaStopped, ToolsMissing

_SPEAK = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-y", "-progress", "pipe:1")


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Confinement:
    """One per process. `folder` has ffmpeg and ffprobe; empty: they are found on PATH."""

    folder: str = ""
    bubblewrap: bool = True  # False: not even when it works here
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _tried: list[Trial] = field(default_factory=list, init=False, repr=False, compare=False)

    def missing(self) -> str:
        """Why nothing can be run, in words; "" when both programs are here and start. Cheap; looks each time."""
        return self._trial().missing

    def version(self) -> str:
        """Of ffmpeg, as it tells it; "" when it cannot be run."""
        return self._trial().version

    def describe(self) -> str:
        """How runs are confined on this machine, in words, for the log and `doctor`."""
        return self._trial().describe()

    def sandboxed(self) -> bool:
        """Whether runs are in bubblewrap; `describe` says why when they are not."""
        return self._trial().bubblewrap

    def ffprobe(
        self, arguments: Sequence[str], *, source: Path, limits: Limits, should_stop: Callable[[], bool] = _never
    ) -> bytes:
        """Run ffprobe; what it printed. Raises a `MediaError`."""
        given.for_ffprobe(arguments, "")  # a mistake in the program is told even where there is no ffprobe
        trial = self._ready()
        with given_to(trial, "ffprobe", {SOURCE: source}, None, limits) as ready:
            spoken = ["-hide_banner", "-loglevel", "warning", *given.for_ffprobe(arguments, ready.named)]
            command = [*ready.place.command, *spoken]
            collector, usage = Collector(limits), Usage(limits)
            look = _watch(limits, should_stop, usage)
            ended = run(command, cwd=ready.place.cwd, environ=ENVIRON, take=collector, look=look)
            self._judged(ended, usage, limits, *ready.paths())
        return collector.collected()

    def ffmpeg(
        self,
        arguments: Sequence[str],
        *,
        source: Path | None = None,
        inputs: Inputs | None = None,
        workspace: Path,
        limits: Limits,
        on_progress: Callable[[float], None] | None = None,
        should_stop: Callable[[], bool] = _never,
    ) -> str:
        """Run ffmpeg in `workspace`, the only folder it may write; what it said (standard error, the end of it).

        It reads `source`, for which SOURCE stands in the arguments, or all of `inputs`, by their tokens. `on_progress`
        gets the seconds of output made so far. Raises a `MediaError`.
        """
        wanted: Inputs = inputs if inputs is not None else {SOURCE: source} if source is not None else {}
        given.for_ffmpeg(arguments, dict.fromkeys(wanted, ((), "")))
        trial, room = self._ready(), workspace.resolve(strict=True)
        with given_to(trial, "ffmpeg", wanted, room, limits) as ready:
            command = [*ready.place.command, *_SPEAK, *given.for_ffmpeg(arguments, ready.named)]
            growth, usage = Growth(room, limits), Usage(limits)
            look = _watch(limits, should_stop, usage, growth)
            ended = run(command, cwd=ready.place.cwd, environ=ENVIRON, take=Progress(on_progress), look=look)
            said = self._judged(ended, usage, limits, *ready.paths(), str(room), str(workspace))
        if not growth.bounded() and words.short_of_memory(said):
            raise limits.over_memory()  # ffmpeg skips frames that it has no memory for, and calls that a success
        return said

    def _ready(self) -> Trial:
        trial = self._trial()
        if trial.missing:
            raise ToolsMissing(trial.missing)
        return trial

    def _trial(self) -> Trial:
        """The programs as they are now; tried out again only when one of them changed."""
        programs = Programs.find(self.folder)
        with self._lock:
            if not self._tried or not self._tried[0].holds(programs):
                self._tried[:] = [try_out(programs, wanted=self.bubblewrap)]
            return self._tried[0]

    def _judged(self, ended: Ended, usage: Usage, limits: Limits, *paths: str) -> str:
        """What it said, without `paths`; raises the error that its end comes to."""
        said = words.cleaned(ended.said, *paths)
        if not ended.code:
            return said
        if fault := words.not_started(ended.code, said):
            with self._lock:
                self._tried.clear()
            self._ready()  # it may be missing by now
            raise MediaError(fault)
        raise words.failure(ended.code, said, limits, usage)


def _watch(
    limits: Limits, should_stop: Callable[[], bool], usage: Usage, growth: Growth | None = None
) -> Callable[[int], None]:
    until = time.monotonic() + limits.seconds

    def look(pid: int) -> None:
        if should_stop():
            raise MediaStopped("It was stopped before it was done.")
        if time.monotonic() > until:
            raise limits.over_seconds()
        usage.check(pid)
        if growth is not None:
            growth.check()

    return look
