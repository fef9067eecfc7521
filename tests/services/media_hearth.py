"""The process that runs of ffmpeg and ffprobe are forked from: both are linked in it. See warm_media.py."""

from __future__ import annotations

import ctypes
import resource
import signal
import socket
import sys
import tempfile
from pathlib import Path

from tests.services.forking import tend
from tests.services.linked import Linked

_PR_SET_NO_NEW_PRIVS = 38
# What Python takes no notice of, and programs do.
_USUAL = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)


def main(line: socket.socket, programs: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        linked = {str(program): Linked.load(program, Path(folder)) for program in programs}

    def become(command: list[str]) -> None:
        """What the programs before it do, as far as they limit it; then it."""
        at = next(place for place, word in enumerate(command) if word in linked)
        for number in _USUAL:
            signal.signal(number, signal.SIG_DFL)
        for word in command[:at]:
            if word.startswith("--") and (kind := getattr(resource, f"RLIMIT_{_name(word)}", None)) is not None:
                soft, _, hard = word.partition("=")[2].partition(":")
                resource.setrlimit(kind, (int(soft), int(hard or soft)))
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        linked[command[at]].become(command[at + 1 :])

    tend(line, become)


def _name(option: str) -> str:
    """prlimit(1) calls them as setrlimit(2) does, in small letters."""
    return option.removeprefix("--").partition("=")[0].upper()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), [Path(word) for word in sys.argv[2:]])
