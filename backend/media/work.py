"""What one media job has in hand: the file, a folder to write in, what it may use, and how it tells its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend.confine import Confinement, Limits
from backend.media.facts import Facts


@dataclass(frozen=True)
class Allowance:
    """What the settings give to every job."""

    threads: int
    memory_bytes: int
    longest_seconds: float  # of one conversion


@dataclass(frozen=True)
class Work:
    """One job in one worker's hands. A maker leaves its files in `workspace`, flat or in folders, and nothing else."""

    source: Path
    workspace: Path
    tools: Confinement
    allowance: Allowance
    parameters: str
    facts: Facts | None  # None only for the probe
    tell: Callable[[float], None]  # progress, 0 to 1; cheap to call often
    should_stop: Callable[[], bool]

    def known(self) -> Facts:
        """The facts that the probe found; every kind but the probe is planned after it."""
        assert self.facts is not None, "planned before the probe"
        return self.facts

    def ffmpeg(
        self,
        arguments: Sequence[str],
        limits: Limits,
        *,
        seconds: float | None = None,
        share: tuple[float, float] = (0, 1),
    ) -> str:
        """Run ffmpeg. With `seconds`, the length of what it makes, its progress fills `share` of the job's."""
        first, last = share

        def progress(done_seconds: float) -> None:
            if seconds:
                self.tell(first + (last - first) * min(1.0, done_seconds / seconds))

        return self.tools.ffmpeg(
            arguments,
            source=self.source,
            workspace=self.workspace,
            limits=limits,
            on_progress=progress,
            should_stop=self.should_stop,
        )

    def ffprobe(self, arguments: Sequence[str], limits: Limits) -> bytes:
        return self.tools.ffprobe(arguments, source=self.source, limits=limits, should_stop=self.should_stop)


class Maker(Protocol):
    """Makes one kind of thing. Returns its result as JSON, with the names of the files it left; raises `MediaError`."""

    def __call__(self, work: Work) -> dict[str, Any]: ...
