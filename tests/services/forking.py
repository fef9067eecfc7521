"""The process that others are forked from: it does what it is told on a line, and tells how each of them ended."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_MOST_BYTES = 1 << 16


def tend(line: socket.socket, become: Callable[[list[str]], None]) -> None:
    """Fork whatever is asked for, and tell each one's exit code, until the other side is closed.

    `become` is called in the fork with the command, when all else is there that a new process is given.
    """
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    telling: dict[int, int] = {}
    # Not select(2): a process of tests that has run for long gives numbers above 1,023.
    watched = selectors.PollSelector()
    watched.register(line, selectors.EVENT_READ)
    watched.register(woken, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in watched.select()]
        if woken in ready:
            os.read(woken, 64)
            _tell_ends(telling)
        if line in ready:
            words, descriptors, _, _ = socket.recv_fds(line, _MOST_BYTES, 3)
            if not words:
                return
            *output, to_tell = descriptors
            pid = os.fork()
            if pid == 0:
                for descriptor in (line.detach(), woken, wake, to_tell, *telling.values()):
                    os.close(descriptor)
                command, environ, cwd = json.loads(words)
                _settle(environ, cwd, output)
                become(command)
                return
            with suppress(OSError):
                os.setpgid(pid, pid)  # whoever is told the id may signal the group at once
            for descriptor in output:
                os.close(descriptor)
            telling[pid] = to_tell
            line.send(str(pid).encode())


def _tell_ends(telling: dict[int, int]) -> None:
    for pid, to_tell in list(telling.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(BrokenPipeError):
                os.write(to_tell, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(telling.pop(pid))


def _settle(environ: Mapping[str, str], cwd: str, output: Sequence[int]) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream, descriptor in enumerate(output, start=1):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
