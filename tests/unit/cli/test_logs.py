"""logs: one upload's story, the end of the log, and what comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.cli.log_lines import LogReader, as_facts
from backend.log import UploadLog
from tests.unit.cli.conftest import CommandLine


def test_an_id_tells_that_uploads_story_and_no_other(cli: CommandLine) -> None:
    first, second = cli.upload("a.mp4"), cli.upload("b.mp4", b"\0\0\0\x18ftypmp42x")
    steps = [line["step"] for line in map(as_facts, cli.well("logs", first["id"]).out.splitlines())]
    assert steps == ["receiving", "received", "saved", "queued"]
    assert second["id"] not in cli.well("logs", first["id"]).out


def test_the_last_lines_are_shown_and_n_says_how_many(cli: CommandLine) -> None:
    for number in range(30):
        UploadLog(cli.home / "logs").write("info", "step", number=number)
    assert [line["number"] for line in map(as_facts, cli.well("logs", "-n", "3").out.splitlines())] == [
        "27",
        "28",
        "29",
    ]
    assert len(cli.well("logs").out.splitlines()) == 30


def test_without_any_log_it_says_so(cli: CommandLine) -> None:
    assert "Nothing was logged" in cli.well("logs").err


def test_a_search_that_finds_nothing_is_code_1(cli: CommandLine) -> None:
    cli.upload()
    answer = cli("logs", "nope")
    assert (answer.code, answer.out) == (1, "")
    assert "Nothing about that" in answer.err


def test_rotated_files_belong_to_the_story(tmp_path: Path) -> None:
    log = UploadLog(tmp_path, max_bytes=1000)
    for number in range(60):
        log.write("info", "step", number=number)
    assert len(list(tmp_path.glob("video_uploads.log.[0-9]*"))) > 1
    with LogReader(log.path) as reader:
        lines = list(reader.more())
    kept = [int(as_facts(line)["number"]) for line in lines]
    assert kept == list(range(kept[0], 60))


@pytest.mark.parametrize("at_once", [1, 10, 100])
def test_following_misses_no_line_however_often_the_log_is_rotated_meanwhile(tmp_path: Path, at_once: int) -> None:
    log, seen = UploadLog(tmp_path, max_bytes=1500), []
    log.write("info", "step", number=0)
    with LogReader(log.path) as reader:
        for start in range(1, 300, at_once):
            seen += [int(as_facts(line)["number"]) for line in reader.more()]
            for number in range(start, start + at_once):
                log.write("info", "step", number=number)
    assert len(list(tmp_path.glob("video_uploads.log.[0-9]*"))) > 5
    assert seen == list(range(len(seen)))
    assert len(seen) >= 300 - at_once


def test_a_log_that_begins_later_is_followed_from_its_first_line(tmp_path: Path) -> None:
    log = UploadLog(tmp_path)
    with LogReader(log.path) as reader:
        assert list(reader.more()) == []
        log.write("info", "step")
        assert len(list(reader.more())) == 1
        assert list(reader.more()) == []


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    with LogReader(path) as reader:
        assert list(reader.more()) == ["one"]
        with path.open("ab") as file:
            file.write(b"o\n")
        assert list(reader.more()) == ["two"]


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(), max_size=4))
def test_every_fact_reads_back_as_it_was_logged(
    tmp_path_factory: pytest.TempPathFactory, facts: dict[str, str]
) -> None:
    facts = {name: value for name, value in facts.items() if name not in ("at", "level", "step", "self")}
    for form in ("text", "json"):
        folder = tmp_path_factory.mktemp("log")
        log = UploadLog(folder, form=form)
        log.write("info", "saved", **facts)
        (line,) = log.path.read_text().splitlines()
        found = as_facts(line)
        assert (found.pop("level"), found.pop("step")) == ("info", "saved")
        assert found.pop("at").endswith("Z")
        assert found == facts


def test_a_line_of_unknown_form_is_passed_on(cli: CommandLine) -> None:
    (cli.home / "logs").mkdir()
    (cli.home / "logs" / "video_uploads.log").write_bytes(b"\xff?\x1b[2J\n")
    assert cli.well("logs").out == "\\xff?\\x1b[2J\n"
    assert cli.well("logs", "--json").out == '{"line": "\\\\xff?\\u001b[2J"}\n'
