"""scrub: looks at files or copies now, says what it found, and its exit code tells."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery
from backend.outbox.dispatch import Dispatcher
from backend.services import Services, build_services
from backend.settings import load_settings
from backend.targets.base import Proof, Verdict
from backend.targets.folder import FolderTarget
from tests.services.waiting import wait_until
from tests.unit.cli.conftest import VIDEO, CommandLine


def services_of(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.chdir(cli.home)
    return build_services(load_settings(dotenv=None))


def deliver(services: Services, count: int) -> None:
    """A worker, until so many copies are verified."""

    worker = Dispatcher(services.database, services.layout, services.places, services.log, "node", 5.0)
    loop = threading.Thread(target=worker.run)
    loop.start()
    try:
        wait_until(lambda: len(services.desk.deliveries("delivered")) == count, f"{count} verified copies")
    finally:
        worker.ask_to_stop()
        loop.join()
        worker.finish()


@pytest.fixture
def copied(either: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Three videos, verified in a folder just now."""
    monkeypatch.setattr("backend.outbox.twice.SECOND_LOOK_SECONDS", 0)
    either.use_target()
    either.well("release")
    for number in range(3):
        either.upload(f"v{number}.mp4", VIDEO + bytes([number]))
    services = services_of(either, monkeypatch)
    deliver(services, 3)
    services.close()
    return either


def age(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a month without a look does."""
    services = services_of(cli, monkeypatch)
    past = datetime.now(UTC) - timedelta(days=30)
    with services.database.write() as session:
        session.execute(update(Delivery).values(checked_at=past, next_attempt_at=past))
    services.close()


def test_all_that_is_right_is_counted_and_the_code_is_nought(copied: CommandLine) -> None:
    answer = copied.well("scrub", "--remote", "--all", "--json")
    assert answer.json == {"right": 3, "damaged": [], "unreachable": [], "ended": [], "left": 0, "left_alone": []}
    assert "3 right, 0 damaged, 0 not reachable." in copied.well("scrub", "--remote", "--all").err


def test_what_its_target_let_go_in_time_is_told_and_is_no_fault(
    copied: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Proof(Verdict.ENDED, "looked", reason="Its time there is over.")
    monkeypatch.setattr(FolderTarget, "verify", lambda *_: over)
    answer = copied.well("scrub", "--remote", "--all", "--json")
    assert {one["reason"] for one in answer.json["ended"]} == {"Its time there is over."}
    assert (answer.json["right"], answer.json["damaged"], len(answer.json["ended"])) == (0, [], 3)
    assert copied.well("scrub", "--remote", "--all", "--json").json["ended"] == [], "told once"


def test_without_all_only_those_whose_turn_has_come_are_looked_at(
    copied: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert copied.well("scrub", "--remote", "--json").json["right"] == 0
    age(copied, monkeypatch)
    assert copied.well("scrub", "--remote", "--json").json["right"] == 3
    assert copied.well("scrub", "--remote", "--json").json["right"] == 0


def test_what_is_gone_or_changed_is_named_with_target_and_reason(copied: CommandLine) -> None:
    gone, changed, _ = sorted(path for path in copied.copies.rglob("*.mp4"))
    gone.unlink()
    changed.write_bytes(changed.read_bytes()[:-1] + b"\xff")
    answer = copied("scrub", "--remote", "--all")
    assert answer.code == 1
    assert {(line[1], line[2]) for line in answer.lines} == {("nas", "damaged")}
    assert {line[4] for line in answer.lines} == {gone.name[16:18] + ".mp4", changed.name[16:18] + ".mp4"}
    assert {line[3] for line in answer.lines} == {"There is no file of that name.", "Its SHA-256 is another one."}
    assert "1 right, 2 damaged, 0 not reachable." in answer.err
    shown = copied.well("info", answer.lines[0][0], "--json").json["deliveries"][0]
    assert (shown["state"], shown["error"]) == ("damaged", answer.lines[0][3])
    assert copied.well("scrub", "--remote", "--all", "--json").json["right"] == 1, "the others wait to be sent again"


def test_a_target_that_does_not_answer_is_no_verdict(copied: CommandLine) -> None:
    shutil.rmtree(copied.copies)
    answer = copied("scrub", "--remote", "--all", "--json")
    assert answer.code == 1
    assert answer.json["damaged"] == []
    assert answer.json["unreachable"] or answer.json["left_alone"]
    assert [d["state"] for v in copied.well("list", "--json").json for d in v["deliveries"]] == ["delivered"] * 3


def test_a_paused_target_is_left_alone_and_that_is_told(copied: CommandLine) -> None:
    copied.well("targets", "pause", "nas")
    answer = copied("scrub", "--remote", "--all")
    assert answer.code == 1
    assert "nas was not asked" in answer.err
    assert "paused by an operator" in answer.err


def test_one_target_is_chosen_by_name(copied: CommandLine) -> None:
    assert copied.well("scrub", "--remote", "--all", "--target", "nas", "--json").json["right"] == 3
    assert copied("scrub", "--remote", "--target", "moon").code == 3


def test_on_a_terminal_it_is_told_in_words(copied: CommandLine) -> None:
    next(copied.copies.rglob("*.mp4")).unlink()
    answer = copied("scrub", "--remote", "--all", terminal=True)
    assert answer.code == 1
    assert "There is no file of that name." in answer.out
    assert "The worker sends the damaged ones again." in answer.out


def test_one_video_that_is_freed_is_told_as_one(copied: CommandLine) -> None:
    for video in copied.well("list", "--json").json[1:]:
        copied.well("hold", "add", video["id"], "--reason", "case")
    assert "1 video (16.0 kB) was freed." in copied("cleanup-exec", "0", "--yes").out


def test_a_video_whose_last_copy_is_gone_is_lost_and_the_doctor_says_so(copied: CommandLine) -> None:
    videos = copied.well("list", "--json").json
    assert copied.well("doctor", "--json").json["ok"] is True
    copied.well("cleanup-exec", "0", "--yes")
    shutil.rmtree(copied.copies / "default")
    answer = copied("scrub", "--remote", "--all", "--json")
    assert [item["lost"] for item in answer.json["damaged"]] == [True] * 3
    assert "No other copy is known" in answer.json["damaged"][0]["reason"]
    report = copied("doctor", "--json")
    assert report.code == 1
    (lost,) = [f for f in report.json["findings"] if f["state"] == "wrong"]
    assert lost["says"].startswith("3 damaged copies were the last ones")
    assert {item.split()[0] for item in lost["items"]} == {video["id"] for video in videos}


# Files here


def spoil(place: Path, how: str) -> None:
    content = place.read_bytes()
    if how == "missing":
        place.unlink()
    else:
        # Another file of that name: other names of the same bytes stay as they are.
        place.unlink()
        place.write_bytes({"changed": content[:-1] + b"\x00", "shortened": content[:-9], "grown": content + b"x"}[how])


def test_without_remote_the_files_here_are_read_and_all_is_well(copied: CommandLine) -> None:
    answer = copied.well("scrub", "--all", "--json")
    size = sum(video["size_bytes"] for video in copied.well("list", "--json").json)
    assert answer.json == {
        "right": 3, "repaired": [], "damaged": [], "read_bytes": size, "left": 0, "halted": None
    }  # fmt: skip
    assert "0 right, 0 repaired, 0 damaged" in copied.well("scrub").err, "their turn comes in thirty days"


@pytest.mark.parametrize("how", ["missing", "changed", "shortened", "grown"])
def test_a_damaged_file_is_named_repaired_and_the_code_tells(copied: CommandLine, how: str) -> None:
    video = copied.well("list", "--json").json[0]
    good = copied.path(video).read_bytes()
    spoil(copied.path(video), how)
    answer = copied("scrub", "--all")
    assert answer.code == 1
    ((video_id, state, part, _, name),) = answer.lines
    assert (video_id, state, part, name) == (video["id"], "repaired", "file", video["original_filename"])
    assert copied.path(video).read_bytes() == good
    assert "3 right, 0 repaired, 0 damaged" in copied.well("scrub", "--all").err


def test_what_no_copy_can_mend_is_said_each_time_by_the_scrub_and_the_doctor(cli: CommandLine) -> None:
    video = cli.upload()
    spoil(cli.path(video), "changed")
    for _ in range(2):
        (item,) = cli("scrub", video["id"], "--json").json["damaged"]
        assert (item["kind"], item["no_copy"]) == ("changed", True)
        assert "No good copy of it is known anywhere" in item["reason"]
    report = cli("doctor", "--json")
    assert report.code == 1
    assert any("No good copy" in item for f in report.json["findings"] for item in f["items"])
    shown = cli.well("info", video["id"], "--json").json
    assert (shown["local"], shown["local_reason"]) == ("damaged", item["reason"])
    cli.upload("again.mp4")
    assert cli.well("scrub", "--all", "--json").json["right"] == 2
    assert cli.well("info", video["id"], "--json").json["local"] == "present"


def test_a_time_box_ends_it_and_the_next_run_goes_on(copied: CommandLine) -> None:
    answer = copied.well("scrub", "--all", "--for", "0s", "--json").json
    assert (answer["right"], answer["left"]) == (0, 3)
    assert copied.well("scrub", "--all", "--for", "1h30m", "--json").json["right"] == 3


@pytest.mark.parametrize(
    "options", [["--for", "soon"], ["--for", "10"], ["--reread"], ["--target", "nas"], ["someone", "--all"]]
)
def test_options_that_mean_nothing_are_refused(cli: CommandLine, options: list[str]) -> None:
    assert cli("scrub", *options).code == 2


def test_reread_reads_every_byte_of_a_copy(copied: CommandLine) -> None:
    assert copied.well("scrub", "--remote", "--reread", "--all", "--json").json["right"] == 3
