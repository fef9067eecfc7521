"""The real ffmpeg and ffprobe without their start: linked once, forked for each run, with the limits of the real one.

A run over a tiny file costs a sixth of what it does when the programs are executed and their libraries linked. For
tests that need thousands of them; that the same comes of both is tested where this is used.
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

from backend.confine.programs import Programs
from backend.confine.running import Ended
from backend.confine.sandbox import ENVIRON
from tests.services.process import children
from tests.services.warm import Hearth, WarmProcess

_ROOT = Path(__file__).resolve().parents[2]
_CHUNK_BYTES = 65536
_SAID_BYTES = 65536
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class WarmMedia:
    """`run` takes the place of `backend.confine.running.run`, for runs that are not in bubblewrap."""

    hearth: Hearth

    @classmethod
    def light(cls, prefix: Sequence[str] = ()) -> WarmMedia:
        """`prefix` puts words before the command of the process that all runs are forked from."""
        found = Programs.find("").paths
        environ = {**ENVIRON, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        programs = [found["ffmpeg"], found["ffprobe"]]
        return cls(Hearth.light(environ, _ROOT, "tests.services.media_hearth", prefix, programs))

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        environ: Mapping[str, str],
        take: Callable[[bytes], None],
        look: Callable[[int], None],
    ) -> Ended:
        """As the one whose place this takes; what stands before the program is not run, but its limits hold."""
        assert not any(Path(word).name == "bwrap" for word in command), "no sandbox can be forked"
        (out, to_out), (err, to_err) = os.pipe(), os.pipe()
        try:
            process = self.hearth.start(command, environ, Path(cwd), to_out, to_err)
        finally:
            os.close(to_out)
            os.close(to_err)
        try:
            said = _drained(process, out, err, take, look)
            return Ended(_waited_for(process, look), said)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            os.close(out)
            os.close(err)

    def at_work(self) -> list[int]:
        """The runs that have not ended."""
        return children(self.hearth.process.pid)

    def end(self) -> None:
        self.hearth.end()


def _drained(
    process: WarmProcess, out: int, err: int, take: Callable[[bytes], None], look: Callable[[int], None]
) -> str:
    said = b""
    look(process.pid)
    with selectors.DefaultSelector() as pipes:
        pipes.register(out, selectors.EVENT_READ)
        pipes.register(err, selectors.EVENT_READ)
        while pipes.get_map():
            ready = pipes.select(_LOOK_SECONDS)
            for key, _ in ready:
                if not (chunk := os.read(key.fd, _CHUNK_BYTES)):
                    pipes.unregister(key.fd)
                elif key.fd == out:
                    take(chunk)
                else:
                    said = (said + chunk)[-_SAID_BYTES:]
            if not ready:
                look(process.pid)
    return said.decode(errors="replace")


def _waited_for(process: WarmProcess, look: Callable[[int], None]) -> int:
    while True:
        with suppress(TimeoutExpired):
            return process.wait(_LOOK_SECONDS)
        look(process.pid)
