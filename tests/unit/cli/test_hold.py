"""`hold` and `cleanup --rules`: locked, told and released; every decision explained before it is carried out."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import VIDEO, CommandLine

EXPIRE = '[[rule]]\nname = "old"\nexpire_after_days = 0.0000001\n'


def test_a_hold_is_added_listed_and_released(either: CommandLine) -> None:
    video = either.upload()
    (made,) = either.well("hold", "add", video["id"][:8], "--reason", "court", "--until", "30d", "--json").json
    assert (made["video_id"], made["reason"]) == (video["id"], "court")
    assert either.well("hold", "list").lines[0][:2] == [video["id"], made["id"]]
    assert [one["holds"][0]["id"] for one in either.well("hold", "list", video["id"], "--json").json] == [made["id"]]
    assert either.well("info", video["id"], "--json").json["held"] is True
    refused = either("delete", video["id"], "--yes")
    assert refused.code == 3
    assert "“court”" in refused.err
    assert either("hold", "release", video["id"]).code == 3, "nobody answered"
    either.well("hold", "release", video["id"], made["id"][:6], "--yes")
    assert either.well("hold", "list", "--json").json == []
    either.well("delete", video["id"], "--yes")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 2), (("--reason", ""), 3), (("--reason", "a", "--until", "soon"), 2),
        (("--reason", "a", "--until", "2020-01-01T00:00:00Z"), 3), (("--reason", "a", "--until", "2099-01-01"), 2),
        (("--reason", "a", "--until", "-1d"), 3), (("--reason", "a", "--until", "nand"), 2),
    ],
)  # fmt: skip
def test_a_hold_that_makes_no_sense_is_refused(cli: CommandLine, options: tuple[str, ...], code: int) -> None:
    video = cli.upload()
    assert cli("hold", "add", video["id"], *options).code == code
    assert cli.well("hold", "list", "--json").json == []


def test_a_hold_that_there_is_not_is_not_released(cli: CommandLine) -> None:
    video = cli.upload()
    assert cli("hold", "release", video["id"], "--yes").code == 3
    assert cli("hold", "release", "nothing", "--yes").code == 3


def test_cleanup_by_rules_explains_each_decision_and_exec_carries_it_out(either: CommandLine) -> None:
    held, fine = either.upload("a.mp4"), either.upload("b.mp4", VIDEO + b"2")
    either.well("hold", "add", held["id"], "--reason", "court")
    (either.home / "retention.toml").write_text(EXPIRE)
    plan = {one["video_id"]: one for one in either.well("cleanup", "--rules", "--json").json}
    assert (plan[held["id"]]["action"], plan[held["id"]]["reason"]) == ("keep", "it is held: “court”")
    assert (plan[fine["id"]]["action"], plan[fine["id"]]["rule"]) == ("expire", "old")
    shown = either.well("cleanup", "--rules")
    assert [line[1] for line in shown.lines[:2]] == ["keep", "expire"]
    assert "would be put into the trash." in shown.out
    assert either("cleanup-exec", "--rules").code == 3, "nobody answered"
    (done,) = either.well("cleanup-exec", "--rules", "--yes", "--json").json
    assert (done["video_id"], done["action"]) == (fine["id"], "expire")
    assert either.well("info", fine["id"], "--json").json["trashed_at"]
    assert either.well("info", held["id"], "--json").json["trashed_at"] is None


@pytest.mark.parametrize("command", ["cleanup", "cleanup-exec"])
@pytest.mark.parametrize("arguments", [(), ("3", "--rules")])
def test_cleanup_wants_days_or_rules(prepared: CommandLine, command: str, arguments: tuple[str, ...]) -> None:
    assert prepared(command, *arguments).code == 2


def test_a_doubted_clock_is_told_and_a_person_may_overrule_it(prepared: CommandLine) -> None:
    prepared.upload()
    (prepared.storage / "metadata" / "clock.json").write_text('{"trusted_at": "2020-01-01T00:00:00+00:00"}')
    assert "Nothing is deleted at present: the clock may be wrong" in prepared.well("cleanup", "0").out
    assert "believed again" in prepared.well("cleanup", "--trust-clock").out
    assert "at present" not in prepared.well("cleanup", "0").out


def test_the_doctor_says_why_nothing_is_deleted(prepared: CommandLine) -> None:
    (prepared.storage / "metadata" / "clock.json").write_text('{"trusted_at": "2020-01-01T00:00:00+00:00"}')
    found = {one["what"]: one for one in prepared("doctor", "--json").json["findings"]}
    assert "No rule is applied" in found["retention"]["says"]
    assert "--trust-clock" in found["retention"]["remedy"]
