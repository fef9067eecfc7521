"""targets and retry, without a worker: health, pause, existing videos for a new target, what is sent again."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery, TargetRow
from backend.services import build_services
from backend.settings import load_settings
from tests.unit.cli.conftest import VIDEO, CommandLine


def state(cli: CommandLine) -> str:
    (target,) = cli.well("targets", "--json").json
    return str(target["state"])


def test_without_any_target_it_says_how_to_get_one(prepared: CommandLine) -> None:
    assert "VIDEO_STORAGE_GUIDE" in prepared.well("targets").err
    assert prepared.well("targets", "list", "--json").json == []


def test_check_writes_and_removes_a_probe_and_its_code_tells(either: CommandLine) -> None:
    either.use_target()
    either.well("release")
    (report,) = either.well("targets", "check", "--json").json
    assert report["ok"] is True
    assert [path for path in either.copies.rglob("*") if path.is_file()] == []
    shutil.rmtree(either.copies)
    answer = either("targets", "check", "nas")
    assert answer.code == 1
    assert "NOT WELL" in answer.out
    assert either("targets", "check", "moon").code == 3


def test_of_a_vms_it_is_said_that_only_recordings_need_it(
    prepared: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    vms = {"MILESTONE_URL": "https://vms.example", "MILESTONE_USERNAME": "u", "MILESTONE_PASSWORD": "p"}
    store = {"STORAGE_BACKEND": "FILESYSTEM", "FILESYSTEM_PATH": str(prepared.copies)}
    for name, value in {"STORAGE_MODE": "BOTH", **vms, **store}.items():
        monkeypatch.setenv(name, value)
    shown = [line.split("\t")[:2] for line in prepared.well("targets").out.splitlines()]
    assert shown == [["folder", "folder"], ["milestone", "milestone (for recordings)"]]


def test_pause_and_resume(either: CommandLine) -> None:
    either.use_target()
    either.well("release")
    either.well("targets", "pause", "nas")
    assert state(either) == "paused"
    assert "targets resume nas" in either("targets", terminal=True).out
    either.well("targets", "resume", "nas")
    assert state(either) == "up"


@pytest.mark.parametrize(
    ("circuit", "words"), [("parked", "nas needs a person: It is full."), ("open", "fails for everything just now")]
)
def test_a_target_that_takes_nothing_says_why_and_when_it_is_asked_again(
    either: CommandLine, monkeypatch: pytest.MonkeyPatch, circuit: str, words: str
) -> None:
    either.use_target()
    either.well("release")
    monkeypatch.chdir(either.home)
    services = build_services(load_settings(dotenv=None))
    next_probe_at = datetime(2027, 1, 31, 12, tzinfo=UTC)
    with services.database.write() as session:
        session.add(TargetRow(name="nas", circuit=circuit, reason="It is full.", next_probe_at=next_probe_at))
    services.close()
    shown = " ".join(either("targets", terminal=True).out.split())
    assert words in shown
    assert "It is full." in shown
    assert "asked again by itself at 2027-01-31 12:00:00Z." in shown
    assert either.well("targets").lines[0][-2:] == ["It is full.", "2027-01-31T12:00:00.000Z"]


def test_existing_videos_are_queued_to_a_new_target_once(either: CommandLine) -> None:
    videos = [either.upload(f"{n}.mp4", VIDEO + bytes([n]), "--project", "ab"[n % 2]) for n in range(4)]
    either.well("delete", videos[3]["id"], "--yes")
    either.use_target()
    assert "3 videos" in either.well("targets", "enqueue", "nas", "--dry-run").out
    assert either.well("targets", "enqueue", "nas", "--project", "a", "--json").json["count"] == 2
    assert either.well("targets", "enqueue", "nas", "--json").json == {
        "target": "nas", "count": 1, "bytes": len(VIDEO) + 1, "not_here": 0, "queued": True,
    }  # fmt: skip
    assert either.well("targets", "enqueue", "nas", "--json").json["count"] == 0
    for video in either.well("list", "--json").json:
        assert [(d["target"], d["state"]) for d in video["deliveries"]] == [("nas", "pending")]
        doc = json.loads(either.path(video).with_name(video["stored_filename"] + ".json").read_text())
        assert [d["target"] for d in doc["deliveries"]] == ["nas"]
    assert either("targets", "enqueue", "moon").code == 3


def test_one_video_is_told_as_one(cli: CommandLine) -> None:
    cli.upload()
    cli.use_target()
    assert re.search(r"^1 video \(.*\) was queued to nas\.$", cli.well("targets", "enqueue", "nas").out, re.MULTILINE)


def test_what_was_queued_survives_the_loss_of_the_catalog(cli: CommandLine) -> None:
    cli.upload()
    cli.use_target()
    cli.well("targets", "enqueue", "nas")
    for file in (cli.storage / "metadata").glob("catalog.db*"):
        file.unlink()
    cli.well("rebuild")
    (video,) = cli.well("list", "--json").json
    assert [d["target"] for d in video["deliveries"]] == ["nas"]


def test_a_sidecar_that_is_damaged_does_not_stop_the_queueing(cli: CommandLine) -> None:
    bad, _ = cli.upload("a.mp4"), cli.upload("b.mp4", VIDEO + b"2")
    cli.path(bad).with_name(bad["stored_filename"] + ".json").write_text("{")
    cli.use_target()
    assert cli.well("targets", "enqueue", "nas", "--json").json["count"] == 2


def test_retry_of_one_video_counts_its_copies_and_says_what_holds_them_up(either: CommandLine) -> None:
    either.use_target()
    video = either.upload()
    either.well("targets", "pause", "nas")
    answer = either.well("retry", video["id"], "--json").json
    assert answer["count"] == 1
    assert "paused" in answer["hints"][0]
    assert either.well("retry", video["id"][:8], "nas", "--json").json["count"] == 1
    assert either("retry", video["id"], "moon").code == 3


def test_retry_all_takes_only_what_is_stuck(either: CommandLine) -> None:
    either.use_target()
    either.upload()
    assert either.well("retry", "--all").out == "There is nothing to send again.\n"
    assert either("retry", "--all", "--to", "moon").code == 3


@pytest.mark.parametrize("arguments", [[], ["some-video", "--all"], ["some-video", "--to", "nas"]])
def test_retry_wants_a_video_or_all(cli: CommandLine, arguments: list[str]) -> None:
    assert cli("retry", *arguments).code == 2


def test_cleanup_without_a_target_prunes_nothing_and_says_why(either: CommandLine) -> None:
    video = either.upload()
    answer = either.well("cleanup", "0")
    assert answer.lines[0][:2] == [video["id"], "keep"]
    assert "only copy" in answer.lines[0][3]
    assert "No required target is configured" in answer.out
    assert "Nothing was freed" in either.well("cleanup-exec", "0").out
    assert either.path(video).read_bytes() == VIDEO


def test_cleanup_keeps_what_is_not_verified_or_too_young_or_unreadable(either: CommandLine) -> None:
    either.use_target()
    waiting, unreadable = either.upload("a.mp4"), either.upload("b.mp4", VIDEO + b"2")
    either.path(unreadable).with_name(unreadable["stored_filename"] + ".json").write_text("{")
    plan = {entry["video_id"]: entry for entry in either.well("cleanup", "0", "--json").json}
    assert plan[waiting["id"]]["reason"] == "not verified on nas"
    assert "sidecar cannot be read" in plan[unreadable["id"]]["reason"]
    assert not any(entry["prune"] for entry in plan.values())
    assert either.well("cleanup", "1", "--json").json == []
    assert either("cleanup", "-1").code == 2
    assert either("cleanup", "soon").code == 2


@pytest.mark.parametrize("command", ["cleanup", "cleanup-exec"])
@pytest.mark.parametrize("days", ["nan", "inf", "1e300", "36501"])
def test_cleanup_of_days_that_no_calendar_has_is_refused_in_words(
    prepared: CommandLine, command: str, days: str
) -> None:
    answer = prepared(command, days)
    assert answer.code == 2
    assert "36500" in answer.err


def test_cleanup_exec_fails_when_a_copy_is_not_confirmed(either: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    either.use_target()
    video = either.upload()
    monkeypatch.chdir(either.home)
    services = build_services(load_settings(dotenv=None))
    with services.database.write() as session:
        session.execute(update(Delivery).values(state="delivered", remote_key="default/a.mp4"))
    services.close()
    shutil.rmtree(either.copies)
    answer = either("cleanup-exec", "0", "--yes", "--json")
    assert answer.code == 1
    assert answer.json[0]["prune"] is False
    assert "nas could not be asked" in answer.json[0]["reason"]
    assert either.path(video).read_bytes() == VIDEO
