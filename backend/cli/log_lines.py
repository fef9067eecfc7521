"""Reading `video_uploads.log` back: its files in order, what is added while one looks, its lines as facts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

from backend.log import KEPT_FILES

_LINE = re.compile(r"(?P<at>\S+) (?P<level>\S+) +(?P<step>\S+) *(?P<facts>.*)")
_FACT = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
# The log escapes as Python does where JSON has no escape: \x9b, \U000e0001.
_PYTHONIC = re.compile(r"\\(?:x([0-9a-f]{2})|U([0-9a-f]{8})|(.))")


class LogReader:
    """The log for as long as one looks at it. Rotations in between hide nothing that is kept."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._latest: BinaryIO | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def more(self) -> Iterator[str]:
        """The lines since the last call, without their ends; at the first call all that are kept, the oldest first."""
        if self._latest is not None:
            yield from _lines(self._latest)
            if _is_current(self._latest, self._log):
                return
        with ExitStack() as fresh:
            newer = _after(self._latest, _opened(self._log, fresh))
            if self._latest is not None:
                # What its last writer added while it was rotated away.
                yield from _lines(self._latest)
            for file in newer:
                yield from _lines(file)
            if newer:
                self._held.close()
                self._latest, self._held = newer[-1], fresh.pop_all()


def as_facts(line: str) -> dict[str, Any]:
    """A line of either format as JSON: at, level, step and its facts (all of them text in the format for people)."""
    if line.startswith("{"):
        found: dict[str, Any] = json.loads(line)
        return found
    match = _LINE.fullmatch(line)
    if match is None:
        return {"line": line}
    facts = {name: _unquoted(value) for name, value in _FACT.findall(match["facts"])}
    return {"at": match["at"], "level": match["level"].lower(), "step": match["step"]} | facts


def _opened(log: Path, held: ExitStack) -> list[BinaryIO]:
    """Every kept file, the latest last.

    Opened from the latest on: a rotation in between shows one of them twice, and hides none.
    """
    found: dict[int, BinaryIO] = {}
    for path in (log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT_FILES + 1))):
        with suppress(FileNotFoundError):
            file = held.enter_context(path.open("rb"))
            found.setdefault(os.fstat(file.fileno()).st_ino, file)
    return list(found.values())[::-1]


def _after(seen: BinaryIO | None, files: list[BinaryIO]) -> list[BinaryIO]:
    """The files that came after the one read last; all of them when that is kept no more."""
    inodes = [os.fstat(file.fileno()).st_ino for file in files]
    last = os.fstat(seen.fileno()).st_ino if seen else None
    return files[inodes.index(last) + 1 :] if last in inodes else files


def _lines(file: BinaryIO) -> Iterator[str]:
    """The whole lines from here on; half of one is left for the next time."""
    while (line := file.readline()).endswith(b"\n"):
        yield line[:-1].decode("utf-8", "backslashreplace")
    file.seek(-len(line), os.SEEK_CUR)


def _is_current(file: BinaryIO, log: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), log.stat())
    except FileNotFoundError:
        # Between the two steps of a rotation.
        return True


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    text: str = json.loads(_PYTHONIC.sub(_in_json, value))
    return text


def _in_json(match: re.Match[str]) -> str:
    short, long, other = match.groups()
    if other is not None:
        return match.group()
    return json.dumps(chr(int(short or long, 16)))[1:-1]
