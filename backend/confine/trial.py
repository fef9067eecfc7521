"""Whether the programs start, and whether bubblewrap can be used here: found out by trying."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from backend.confine.limits import Limits
from backend.confine.programs import Programs
from backend.confine.running import run
from backend.confine.sandbox import ENVIRON, confined
from backend.confine.watching import Collector
from backend.errors import MediaError

_AGAIN_SECONDS = 30
_LIMITS = Limits(seconds=30, cpu_seconds=10, memory_bytes=512 * 1024**2, output_bytes=1024**2)


@dataclass(frozen=True)
class Trial:
    """What came of it, as long as the programs stay the same files."""

    programs: Programs
    missing: str  # why nothing can be run; "" when it can
    version: str
    bubblewrap: bool
    why_not: str  # why bubblewrap is not used; "" when it is
    at: float = field(default_factory=time.monotonic, compare=False)

    def holds(self, programs: Programs) -> bool:
        """Whether there is no need for another: a program that does not start may do so once its libraries are back."""
        return self.programs == programs and not (self.missing and time.monotonic() > self.at + _AGAIN_SECONDS)

    def describe(self) -> str:
        """In words."""
        if self.missing:
            return self.missing
        where = f"{self.version} ({self.programs.paths['ffmpeg']})"
        if self.bubblewrap:
            return f"{where}, in bubblewrap: no network, no file but the one it reads and its own workspace."
        return (
            f"{where}, WITHOUT bubblewrap: {self.why_not} Formats, protocols, time, processor, memory and output are"
            " limited all the same."
        )


def try_out(programs: Programs, *, wanted: bool) -> Trial:
    """Starts both programs, within bubblewrap if that is `wanted` and possible."""
    if missing := programs.missing():
        return Trial(programs, missing, "", bubblewrap=False, why_not="")
    if not wanted:
        why_not = "it is switched off."
    elif "bwrap" not in programs.paths:
        why_not = "it is not installed (Debian package bubblewrap)."
    else:
        fault, version = _start_both(programs, bubblewrap=True)
        if not fault:
            return Trial(programs, "", version, bubblewrap=True, why_not="")
        why_not = f"it does not work on this machine ({fault})."
    fault, version = _start_both(programs, bubblewrap=False)
    missing = f"ffmpeg is installed and does not start: {fault}" if fault else ""
    return Trial(programs, missing, version, bubblewrap=False, why_not=why_not)


def _start_both(programs: Programs, *, bubblewrap: bool) -> tuple[str, str]:
    """(what went wrong, in one line, or ""; the version of ffmpeg)."""
    fault, _ = _start(programs, "ffprobe", bubblewrap=bubblewrap)
    return (fault, "") if fault else _start(programs, "ffmpeg", bubblewrap=bubblewrap)


def _start(programs: Programs, program: str, *, bubblewrap: bool) -> tuple[str, str]:
    place = confined(programs, program, _LIMITS, sources=(), workspace=None, bubblewrap=bubblewrap)
    collector, until = Collector(_LIMITS), time.monotonic() + _LIMITS.seconds

    def look(_pid: int) -> None:
        if time.monotonic() > until:
            raise _LIMITS.over_seconds()

    try:
        ended = run([*place.command, "-version"], cwd=place.cwd, environ=ENVIRON, take=collector, look=look)
    except MediaError as error:
        return error.message, ""
    said = ended.said.strip().splitlines()
    if ended.code:
        return said[-1] if said else f"{program} ended with {ended.code}", ""
    first = collector.collected().decode(errors="replace").partition("\n")[0]
    return "", first.partition(" Copyright")[0].replace(" version ", " ").strip()
