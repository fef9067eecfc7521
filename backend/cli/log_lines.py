"""Reading `video_uploads.log` back: its files in order, what is added while one looks, its lines as facts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_LINE = re.compile(r"(?P<at>\S+) (?P<level>\S+) +(?P<step>\S+) *(?P<facts>.*)")
_FACT = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
# The log escapes as Python does where JSON has no escape: \x9b, \U000e0001.
_PYTHONIC = re.compile(r"\\(?:x([0-9a-f]{2})|U([0-9a-f]{8})|(.))")


def read_log(log: Path) -> Iterator[str | None]:
    """Every kept line, the oldest first, without its end; None whenever nothing more is there at the moment."""
    for path in _rotated(log):
        with _opened(path) as file:
            yield from _lines(file)
    while not log.exists():
        yield None
    file = _opened(log)
    while True:
        try:
            yield from _lines(file)
            if _is_current(file, log):
                yield None
                continue
            # Rotated away: what its last writer added, then the new file.
            yield from _lines(file)
        except GeneratorExit:
            file.close()
            raise
        file.close()
        file = _opened(log)


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


def _rotated(log: Path) -> list[Path]:
    numbered = [(int(p.suffix[1:]), p) for p in log.parent.glob(f"{log.name}.*") if p.suffix[1:].isdigit()]
    return [path for _, path in sorted(numbered, reverse=True)]


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


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
