"""`audit`: who did what on the command line, and whether the record of it is whole."""

from __future__ import annotations

import json
import os
import pwd

from backend.catalog.database import Database
from tests.unit.catalog.test_audit import run, tamper
from tests.unit.cli.conftest import VIDEO, CommandLine

ME = pwd.getpwuid(os.geteuid()).pw_name


def tampered(cli: CommandLine, *statements: str) -> None:
    database = Database(f"sqlite:///{cli.storage / 'metadata' / 'catalog.db'}")
    tamper(database, run(*statements))
    database.close()


def test_what_is_done_here_is_written_down_as_done_by_this_account(either: CommandLine) -> None:
    video = either.upload()
    either.well("delete", video["id"], "--yes")
    either.well("token", "create", "--name", "Ann", "--role", "viewer")
    lines = either.well("audit", "list", "--json").json
    assert [line["action"] for line in lines] == ["token.created", "video.trashed", "video.saved"]
    assert {line["who_id"] for line in lines} == {f"cli:{ME}"}
    assert {line["who"] for line in lines} == {f"{ME} (command line)"}
    assert [line["action"] for line in either.well("audit", "list", "--action", "video", "--json").json] == [
        "video.trashed",
        "video.saved",
    ]
    plain = either.well("audit", "list", "--video", video["id"], "--limit", "1").lines
    assert plain[0][2:] == [f"{ME} (command line)", "", "Moved to the trash", video["id"]]
    assert "no time zone" in either("audit", "list", "--after", "2026-01-01T00:00:00").err


def test_a_whole_audit_is_told_to_be_whole_from_the_first_minute_on(either: CommandLine) -> None:
    either.upload()
    answer = either.well("audit", "verify")
    assert answer.out.startswith("1 lines, each follows")
    told = either.well("audit", "verify", "--json").json
    assert (told["lines"], told["troubles"]) == (1, [])
    assert told["signed_at"]


def test_a_changed_line_is_named_and_the_exit_code_says_so(cli: CommandLine) -> None:
    cli.upload()
    cli.upload("b.mp4", VIDEO + b"b")
    tampered(cli, "UPDATE audit SET who = 'nobody' WHERE id = 1")
    answer = cli("audit", "verify")
    assert answer.code == 1
    assert answer.out.startswith("Line 1 (video.saved")
    assert "audit accept" not in answer.err
    told = cli("audit", "verify", "--json")
    assert (told.code, [trouble["kind"] for trouble in told.json["troubles"]]) == (1, ["changed"])


def test_lines_that_were_cut_off_are_missed_until_a_person_says_why(cli: CommandLine) -> None:
    cli.upload()
    cli.well("audit", "verify")
    tampered(cli, "DELETE FROM audit")
    answer = cli("audit", "verify")
    assert (answer.code, "audit accept" in answer.err) == (1, True)
    assert cli("audit", "accept", "--reason", "backup").code == 3
    cli.well("audit", "accept", "--reason", "an older backup was put back", "--yes")
    cli.well("audit", "verify")
    assert "an older backup was put back" in cli.well("audit", "list").out
    assert cli("audit", "accept", "--reason", "again", "--yes").code == 3


def test_a_lost_catalog_is_missed_after_the_rebuild(cli: CommandLine) -> None:
    video = cli.upload()
    cli.well("audit", "verify")
    for place in (cli.storage / "metadata").glob("catalog.db*"):
        place.unlink()
    cli.well("rebuild")
    assert [line["action"] for line in cli.well("audit", "list", "--json").json] == ["catalog.rebuilt"]
    assert cli("audit", "verify").code == 1
    history = cli.well("info", video["id"], "--json").json
    assert history["uploaded_by"] == f"{ME} (command line)"


def test_the_export_is_one_line_of_json_for_each(cli: CommandLine) -> None:
    cli.upload()
    cli.well("targets", "list")
    lines = [json.loads(line) for line in cli.well("audit", "export").out.splitlines()]
    assert [line["action"] for line in lines] == ["video.saved"]
    assert set(lines[0]) >= {"before", "digest", "who_id"}
    cli.well("audit", "export", "--output", str(cli.files / "audit.jsonl"))
    assert (cli.files / "audit.jsonl").read_text().splitlines() == [json.dumps(lines[0])]


def test_the_doctor_tells_of_an_audit_that_does_not_end_where_it_was_signed(cli: CommandLine) -> None:
    cli.upload()
    cli.well("audit", "verify")

    def said() -> tuple[str, str]:
        (found,) = [one for one in cli("doctor", "--json").json["findings"] if one["what"] == "audit"]
        return found["state"], found["says"]

    assert said()[0] == "well"
    tampered(cli, "DELETE FROM audit")
    assert said()[0] == "notice"
    assert "lines from 1 on are gone" in said()[1]
