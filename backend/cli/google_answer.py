"""How Google's answer comes back from a browser: to a port of this machine, or pasted by the person who has one."""

from __future__ import annotations

import os
import select
import socket
import sys
import termios
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from backend.cli.terminal import say
from backend.errors import TargetParked
from backend.targets.drive.login import SignIn, read_answer
from backend.targets.drive.loopback import Loopback

Begin = Callable[[str], SignIn]


def by_browser(begin: Begin, minutes: float, environ: Mapping[str, str]) -> tuple[SignIn, str]:
    """Wait for a browser of this machine. `begin` starts the sign-in that ends at the address it is given."""
    with Loopback() as loopback:
        sign_in = begin(loopback.redirect_uri)
        say("Open this address in a browser on this machine, and allow the access:", "", sign_in.address, "", err=True)
        if _has_browser(environ):
            with suppress(webbrowser.Error):
                webbrowser.open(sign_in.address)
        else:
            say("No browser on this machine? Stop this (Ctrl-C), and run it with --paste.", err=True)
        say(f"Waiting for at most {minutes:g} minutes.", err=True)
        answer = loopback.wait(minutes * 60)
    if answer is None:
        raise _too_late(minutes)
    return sign_in, answer


def by_paste(begin: Begin, minutes: float) -> tuple[SignIn, str]:
    """Wait for a line with the address at which a browser of any machine ended."""
    with _unserved_port() as port:
        sign_in = begin(f"http://127.0.0.1:{port}/")
        say("Open this address in a browser on any machine, and allow the access:", "", sign_in.address, "", err=True)
        say(
            "The browser then ends at a page that cannot be shown. Copy its whole address, which begins with "
            f"http://127.0.0.1:{port}/, paste it here, and press Enter. It is not shown.",
            err=True,
        )
        for line in _lines(minutes * 60):
            if read_answer(line):
                return sign_in, line
            if line.strip():
                say("That is not the address. It holds “state=” and “code=”; copy all of it.", err=True)
    raise _too_late(minutes)


def _too_late(minutes: float) -> TargetParked:
    return TargetParked(
        f"No answer came within {minutes:g} minutes; nothing was changed. Run the command again (--timeout MINUTES)."
    )


def _has_browser(environ: Mapping[str, str]) -> bool:
    """Whether one would open before this person's eyes. One in the terminal itself would take it away from us."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or "SSH_CONNECTION" in environ:
        return False
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _unserved_port() -> Iterator[int]:
    """A port at which nobody on this machine listens meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def _lines(seconds: float) -> Iterator[str]:
    """Lines from stdin as they come, until the time is over. TargetParked at its end: nobody is there."""
    deadline, fd, pending = time.monotonic() + seconds, sys.stdin.fileno(), b""
    with _unseen(fd):
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([fd], [], [], left)[0]:
                return
            piece = os.read(fd, 65536)
            *lines, pending = (pending + (piece or b"\n")).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
            if not piece:
                raise TargetParked("No address was pasted; nothing was changed. Run the command again.")


@contextmanager
def _unseen(fd: int) -> Iterator[None]:
    """What is typed on the terminal is not shown: whoever records it would have the code."""
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
