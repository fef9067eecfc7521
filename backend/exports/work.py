"""What one export has in hand: a folder, the tools, what it may use, and how it tells its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backend.confine import Confinement, Inputs, Limits
from backend.errors import MediaStopped


@dataclass(frozen=True)
class Allowance:
    """What the settings give to every export."""

    threads: int
    memory_bytes: int
    longest_seconds: float  # of one run of ffmpeg


@dataclass(frozen=True)
class ExportWork:
    """One export in one worker's hands. The results, and nothing else, are left in `workspace`."""

    workspace: Path
    tools: Confinement
    allowance: Allowance
    tell: Callable[[float, str], None]  # progress, 0 to 1, and what is being done, in words; cheap to call often
    should_stop: Callable[[], bool]

    def check(self) -> None:
        """Raises MediaStopped when it is to stop."""
        if self.should_stop():
            raise MediaStopped("It was stopped before it was done.")

    def part(self, first: float, last: float) -> ExportWork:
        """The same work, whose progress fills this share of the whole."""
        return replace(self, tell=lambda done, phase: self.tell(first + (last - first) * min(1.0, done), phase))

    def ffmpeg(self, arguments: Sequence[str], inputs: Inputs, *, seconds: float, phase: str, output_bytes: int) -> str:
        """Run ffmpeg for an output of about so many seconds; what it said. Raises a MediaError."""
        self.check()
        allowed = self.allowance
        limits = Limits(
            seconds=allowed.longest_seconds,
            cpu_seconds=allowed.longest_seconds * (2 * allowed.threads + 1),
            memory_bytes=allowed.memory_bytes,
            output_bytes=output_bytes,
        )
        return self.tools.ffmpeg(
            arguments,
            inputs=inputs,
            workspace=self.workspace,
            limits=limits,
            on_progress=lambda done: self.tell(done / seconds if seconds else 0.0, phase),
            should_stop=self.should_stop,
        )
