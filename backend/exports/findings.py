"""What was found on the way to a result, and the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from backend.catalog.gaps import Stretch
from backend.exports.wish import Problem

# A hole that somebody would notice; shorter ones are the distance between two frames.
_NOTICED = timedelta(milliseconds=100)


@dataclass(frozen=True)
class Used:
    """What of a segment came into the result, by the clock on the wall."""

    segment_id: str
    bounds: Stretch


@dataclass(frozen=True)
class CameraFindings:
    """What was asked of one camera, and what is there."""

    camera_id: str
    asked: Stretch
    given: Stretch | None  # from the first instant to the last; None when there is nothing of this camera
    stretches: tuple[Stretch, ...]  # without a gap each, in order, no instant twice
    gaps: tuple[Stretch, ...]  # what of `asked` is in none of them
    problems: tuple[Problem, ...]
    sources: tuple[Used, ...]
    encoded: bool
    why_encoded: str  # in words; "" when it was copied

    @property
    def lacking(self) -> list[Problem]:
        """The problems for which there is less than was asked for."""
        return leaving_gaps(self.problems, self.gaps)


def leaving_gaps(problems: Iterable[Problem], gaps: Sequence[Stretch]) -> list[Problem]:
    """Those that leave a gap: what another recording shows as well is not lacking."""
    return [one for one in problems if any(_is_noticed(gap.within(one.bounds)) for gap in gaps)]


def _is_noticed(hole: Stretch | None) -> bool:
    return hole is not None and hole.end - hole.start > _NOTICED


@dataclass(frozen=True)
class MadeFile:
    """A result. `path` is in the workspace; `name` is what people get it as."""

    path: Path
    name: str
    camera_id: str | None  # None: all cameras in one picture
    sha256: str = ""  # of its bytes as they were read back


@dataclass(frozen=True)
class Made:
    """All results; a camera without any footage has findings and no file."""

    files: tuple[MadeFile, ...]
    cameras: tuple[CameraFindings, ...]
