"""list, find, info: what is here, by any name people type."""

from __future__ import annotations

import os
import re

import pytest
from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Delivery
from backend.settings import load_settings
from tests.unit.cli.conftest import CommandLine

ODD_NAMES = [
    "slash\u2215es.mp4",
    "con\x1b[2Jtrol.mp4",
    "\u202egpj\u202c.mp4",
    "[red]markup[bold].mp4",
    "tab\tand\nline.mp4",
    "back\\slash.mp4",
    "日本 🎬.mp4",
    " .mp4",
    "CON.mp4",
    "-" * 200 + ".mp4",
]


def content(number: int) -> bytes:
    return b"\x00\x00\x00\x18ftypmp42" + bytes([number]) * (100 + number)


def test_an_empty_library_is_told_and_is_an_empty_array(either: CommandLine) -> None:
    either.well("release")
    assert either.well("list").err == "No videos.\n"
    assert either.well("list", "--json").json == []


def test_the_list_has_the_newest_first_and_all_fields(either: CommandLine) -> None:
    options = ("--project", "films", "--label", "Tutorial", "--title", "T", "--tag", "a,b", "--metadata", '{"take": 3}')
    first = either.upload("one.mp4", content(1))
    second = either.upload("two.mp4", content(2), *options, "--source", "phone")
    shown = either.well("list", "--json").json
    assert [video["id"] for video in shown] == [second["id"], first["id"]]
    latest = shown[0]
    assert (latest["project_id"], latest["content_type"], latest["title"]) == ("films", "Tutorial", "T")
    assert (latest["tags"], latest["metadata"], latest["source"]) == (["a", "b"], {"take": 3}, "phone")
    plain = either.well("list").lines
    assert plain[0] == [
        second["id"], second["created_at"], "114", "films", "Tutorial", "processing", "", "two.mp4",
    ]  # fmt: skip


def test_names_of_any_characters_are_listed_in_one_harmless_line_each(either: CommandLine) -> None:
    files = [str(either.file(name)) for name in ODD_NAMES]
    saved = either.well("upload", *files, "--json").json
    assert [video["original_filename"] for video in either.well("list", "--json").json] == ODD_NAMES[::-1]
    out = either.well("list").out
    assert out.endswith("\n")
    assert out.count("\n") == len(ODD_NAMES)
    assert all(c.isprintable() or c in "\t\n" for c in out)
    on_terminal = re.sub(r"\x1b\[[0-9;]*m", "", either("list", terminal=True).out)  # the table's own styles
    assert all(c.isprintable() or c == "\n" for c in on_terminal)
    for video in saved:
        assert either.well("info", video["video_id"]).out.splitlines()[1].startswith("name\t")


def test_a_terminal_shows_fifty_and_says_that_there_are_more(prepared: CommandLine) -> None:
    for number in range(51):
        prepared.file(f"{number}.mp4", content(number))
    prepared.well("import", str(prepared.files))
    assert len(prepared.well("list").lines) == 51
    assert len(prepared.well("list", "--json").json) == 51
    assert len(prepared.well("list", "-n", "7").lines) == 7
    people = prepared("list", terminal=True)
    assert len(people.out.splitlines()) == 52
    assert "--all" in people.out
    assert "--all" not in prepared("list", "--all", terminal=True).out


def test_filters_narrow_the_list(either: CommandLine) -> None:
    either.use_target()
    kept = either.upload("a.mp4", content(1), "--project", "films", "--label", "Raw")
    thrown = either.upload("b.mp4", content(2))
    either.well("delete", thrown["id"], "--yes")

    def ids(*options: str) -> list[str]:
        return [video["id"] for video in either.well("list", "--json", *options).json]

    assert ids() == ids("--project", "films") == ids("--label", "Raw") == ids("--state", "pending") == [kept["id"]]
    assert ids("--state", "trashed") == [thrown["id"]]
    assert ids("--project", "other") == ids("--state", "failed") == []
    assert either("list", "--state", "lost").code == 2


def test_find_looks_in_names_titles_descriptions_and_tags(either: CommandLine) -> None:
    video = either.upload("IMG_100%.mp4", content(1), "--title", "Żubr", "--description", "in snow", "--tag", "forest")
    either.upload("other.mp4", content(2))
    for text in ("img_100%", "zub", "SNOW", "Fore", video["stored_filename"]):
        assert [v["id"] for v in either.well("find", text, "--json").json] == [video["id"]]
    assert either.well("find", "_7_").err == "No videos.\n"


def test_info_takes_the_id_its_beginning_or_the_name_on_disk(either: CommandLine) -> None:
    video = either.upload()
    for word in (video["id"], video["id"][:8], video["id"][:8].upper(), video["stored_filename"]):
        shown = either.well("info", word, "--json").json
        assert shown["id"] == video["id"]
        assert shown["path"] == str(either.path(video))
        assert shown["receipt"].count(".") == 2
    for word in (video["id"][:3], "no-such-video", "%", ""):
        assert either("info", word).code == 3


PAGE = "https://drive.google.com/file/d/" + "1" * 200 + "/view"


def verified_on_a_page(cli: CommandLine) -> str:
    """A video whose copy can be opened on a page; its id."""
    cli.use_target()
    video = cli.upload()
    database = Database(load_settings({**os.environ}, None).catalog_url)
    with database.write() as session:
        session.execute(update(Delivery).values(state="delivered", remote_key="default/a.mp4", link=PAGE))
    database.close()
    return str(video["id"])


def test_info_shows_where_a_copy_is_opened_whole_on_any_terminal(
    either: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    video_id = verified_on_a_page(either)
    assert either.well("info", video_id).lines[-1][-2:] == ["default/a.mp4", PAGE]
    assert any(line.endswith(PAGE) for line in either("info", video_id, terminal=True).out.splitlines())
    shown = either.well("info", video_id, "--json").json
    assert (shown["deliveries"][0]["link"], shown["drive_link"]) == (PAGE, None), "a folder is no Drive"
    assert either.well("list", "--json").json[0]["deliveries"][0]["link"] == PAGE


def test_info_still_answers_when_the_sidecar_is_damaged(prepared: CommandLine) -> None:
    video = prepared.upload()
    prepared.path(video).with_name(video["stored_filename"] + ".json").write_text("{")
    answer = prepared("info", video["id"], "--json")
    assert answer.code == 0
    assert "doctor" in answer.err


def test_totals_are_those_of_the_http_answer(either: CommandLine) -> None:
    either.upload("a.mp4", content(1), "--project", "films")
    either.upload("b.mp4", content(1), "--project", "films")
    stats = either.well("stats", "--json").json
    assert (stats["total_videos"], stats["total_size_bytes"], stats["physical_bytes"]) == (
        2,
        202 + 24 - 24 + 24,
        101 + 12,
    )
    assert stats["by_project"] == {"films": {"count": 2, "bytes": stats["total_size_bytes"]}}
    assert ["videos", "2"] in either.well("stats").lines
