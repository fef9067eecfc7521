"""The upload log: whole lines from many processes, none lost by rotation, nothing raw from a hostile name."""

from __future__ import annotations

import json
import multiprocessing
import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.log import FILE_NAME, KEPT_FILES, UploadLog, _as_text

_LINES = 400
_WRITERS = 4
_LINE = re.compile(r"\S+Z INFO    step         writer=(\d) number=(\d+) name=(?:x+|\"\")")


def _write_many(folder: Path, writer: int) -> None:
    log = UploadLog(folder, max_bytes=20_000)
    for number in range(_LINES):
        log.write("info", "step", writer=writer, number=number, name="x" * (number % 90))


def test_many_processes_and_rotation_lose_and_mix_no_line(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(tmp_path, n)) for n in range(_WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    files = list(tmp_path.glob(f"{FILE_NAME}*"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    found = {match.groups() for line in lines if (match := _LINE.fullmatch(line))}
    assert 2 < len(files) <= KEPT_FILES
    assert len(found) == len(lines) == _LINES * _WRITERS


def test_a_rotation_that_another_process_has_just_done_is_not_done_again_and_costs_no_line(tmp_path: Path) -> None:
    log = UploadLog(tmp_path)
    log.write("info", "first")
    # What a process finds that waited for the lock: the file is moved away, the new one not made yet.
    (tmp_path / FILE_NAME).rename(tmp_path / f"{FILE_NAME}.1")
    log._rotate()
    log.write("info", "second")
    assert "first" in (tmp_path / f"{FILE_NAME}.1").read_text()
    assert "second" in (tmp_path / FILE_NAME).read_text()


def test_least_level_and_none_are_left_out(tmp_path: Path) -> None:
    log = UploadLog(tmp_path, "warning")
    log.write("info", "quiet")
    log.write("error", "loud", name=None, size=3)
    text = (tmp_path / FILE_NAME).read_text()
    assert "quiet" not in text
    assert text.endswith("size=3\n")
    assert "name" not in text


def test_json_lines_are_json(tmp_path: Path) -> None:
    UploadLog(tmp_path, form="json").write("info", "saved", upload="u1", name="a\nb")
    line = json.loads((tmp_path / FILE_NAME).read_text())
    assert (line["step"], line["upload"], line["name"]) == ("saved", "u1", "a\nb")


def test_log_that_cannot_be_written_breaks_nothing(tmp_path: Path, capsys: object) -> None:
    (tmp_path / "file").write_text("")
    UploadLog(tmp_path / "file").write("info", "saved", upload="u1")


def test_moved_away_file_is_opened_anew(tmp_path: Path) -> None:
    log = UploadLog(tmp_path)
    log.write("info", "first")
    (tmp_path / FILE_NAME).rename(tmp_path / "old")
    log.write("info", "second")
    assert "second" in (tmp_path / FILE_NAME).read_text()


@given(st.text())
def test_any_text_stays_on_one_printable_line(text: str) -> None:
    line = _as_text(datetime.now(UTC), "info", "step", {"name": text})
    assert line.endswith("\n")
    assert line[:-1].isprintable()
