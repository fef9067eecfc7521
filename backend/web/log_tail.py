"""The end of `video_uploads.log` over HTTP: the latest lines, or the latest of those that hold some text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.log import FILE_NAME, KEPT_FILES
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import LogTail

blueprint = APIBlueprint("log_tail", __name__, tag="Health")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 500
_BLOCK_BYTES = 256 * 1024
# One question reads no more than this, from the latest line back.
_MOST_BYTES = 64 * 1024 * 1024


@blueprint.get("/api/log")
@blueprint.doc(
    summary="The latest lines of the log, the newest first",
    description="`q`: only lines that hold this text, such as a video's id. `searched_all` is false where older lines "
    "were not looked at, because enough were found or too many would have had to be read; "
    "`video_manager logs` reads all of them.",
    responses={200: "Lines as they were written"},
    extensions=shaped({200: LogTail}, query=["q", "limit"]),
)
@needs(Right.ADMIN)
def latest() -> Response:
    person().check_everything("the log of everything")
    limit, wanted = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE), queries.one("q").strip()
    found, searched_all = _tail(services().settings.log_dir.absolute() / FILE_NAME, wanted, limit)
    return jsonify({"success": True, "lines": found, "searched_all": searched_all})


def _tail(log: Path, wanted: str, most: int) -> tuple[list[str], bool]:
    """Up to `most` lines with the text, the newest first, and whether all that is kept was looked at."""
    found: list[str] = []
    left = _MOST_BYTES
    for line in _backwards(log):
        left -= len(line) + 1
        if left < 0:
            return found, False
        text = line.decode("utf-8", "backslashreplace")
        if wanted in text:
            if len(found) == most:
                return found, False
            found.append(text)
    return found, True


def _backwards(log: Path) -> Iterator[bytes]:
    """Every whole line that is kept, the latest first. One that is rotated away meanwhile may come twice."""
    for path in (log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT_FILES + 1))):
        with suppress(FileNotFoundError), path.open("rb") as file:
            yield from _lines_backwards(file.fileno())


def _lines_backwards(file: int) -> Iterator[bytes]:
    end, rest, is_whole = os.fstat(file).st_size, b"", False
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        first, *lines = (os.pread(file, end - start, start) + rest).split(b"\n")
        # What follows the last line end is still being written, or nothing.
        yield from reversed(lines if is_whole else lines[:-1])
        is_whole = is_whole or bool(lines)
        rest, end = first, start
    if is_whole:
        yield rest
