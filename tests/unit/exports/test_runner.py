"""An export is made once, whole and signed, whoever dies on the way; what stands in its way is told by name."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.catalog.models import AuditLine, Event, ExportStatus
from backend.catalog.videos import Scope
from backend.disk.atomic import free_bytes
from backend.errors import MediaError, MediaStopped, OverLimit, ToolsMissing
from backend.exports.desk import Requester
from backend.exports.findings import Made
from backend.exports.runner import clear_away
from backend.exports.verify import verify_export
from backend.exports.wish import Recording, Wish
from backend.exports.work import ExportWork
from tests.services.waiting import wait_until
from tests.unit.exports.conftest import ANN, CAMERA, OTHER, Studio, simple_maker


def test_a_clip_is_made_signed_and_told(studio: Studio) -> None:
    first, second = studio.record(start=0), studio.record(start=60)
    made = studio.run(studio.order(seconds=150, reason="incident"))
    assert (made.status, made.error, made.progress, made.is_partial) == ("COMPLETED", "", 1.0, False)
    path = studio.result(made)
    assert path.name == "camera-123e4567_20260131T100000Z_20260131T100230Z.mp4"
    assert path.stat().st_size == made.file_size
    payload = verify_export(path, studio.site.services.signer.public_jwk())
    assert (payload["id"], payload["requester"], payload["reason"]) == (made.id, "Ann", "incident")
    (camera,) = payload["cameras"]
    assert [one["segment_id"] for one in camera["sources"]] == [first, second]
    assert camera["sources"][0]["sha256"] == studio.video(first).sha256
    assert camera["gaps"] == [{"start": "2026-01-31T10:02:00.000000Z", "end": "2026-01-31T10:02:30.000000Z"}]
    assert made.findings["gaps"] == [
        {"camera_id": CAMERA, "start": "2026-01-31T10:02:00.000Z", "end": "2026-01-31T10:02:30.000Z"}
    ]
    assert payload["made"]["ffmpeg"].startswith("ffmpeg")
    assert studio.workspaces() == []
    for step in ("export_created", "export_started", "export_completed"):
        assert f"{step} " in studio.log()


def test_several_cameras_come_in_a_zip_that_proves_itself(studio: Studio) -> None:
    studio.record(CAMERA)
    studio.record(OTHER)
    made = studio.run(studio.order(CAMERA, OTHER))
    path = studio.result(made)
    assert path.suffix == ".zip"
    verify_export(path, studio.site.services.signer.public_jwk())
    with zipfile.ZipFile(path) as found:
        assert found.namelist() == ["manifest.jws", f"{CAMERA}.mp4", f"{OTHER}.mp4"]


def test_an_mkv_is_proved_by_the_manifest_beside_it(studio: Studio) -> None:
    studio.record()
    made = studio.run(studio.order(format="mkv"))
    verify_export(studio.result(made), studio.site.services.signer.public_jwk(), made.manifest)


def test_it_is_told_to_who_listens_and_to_nobody_who_may_not_see_it(studio: Studio) -> None:
    studio.record(project_id="a")
    of_a = Requester("bo", "Bo", Scope(frozenset({"a"})))
    mine, every = studio.order(who=of_a), studio.order()
    studio.run(mine)
    studio.run(every)
    with studio.site.services.database.read() as session:
        told = session.scalars(select(Event).where(Event.name == "export_completed")).all()
        assert {(one.data["export_id"], one.project_id) for one in told} == {(mine, "a"), (every, "")}
        assert told[0].data["camera_ids"] == [CAMERA]
        actions = set(session.scalars(select(AuditLine.action)))
    assert "export.completed" in actions


def test_who_is_limited_to_projects_cuts_from_those_alone(studio: Studio) -> None:
    mine = studio.record(project_id="a")
    studio.record(project_id="b", start=60)
    made = studio.run(studio.order(who=Requester("bo", "Bo", Scope(frozenset({"a"})))))
    payload = verify_export(studio.result(made), studio.site.services.signer.public_jwk())
    assert [one["segment_id"] for one in payload["cameras"][0]["sources"]] == [mine]


def test_a_missing_recording_fails_it_by_name_or_marks_it_partial(studio: Studio) -> None:
    studio.record()
    lost = studio.record(start=60)
    studio.path_of(lost).unlink()
    failed = studio.run(studio.order())
    assert (failed.status, failed.error_code) == ("FAILED", "incomplete")
    (problem,) = failed.findings["problems"]
    assert (problem["kind"], problem["segment_id"], problem["filename"]) == ("missing", lost, "cam.mp4")
    assert problem["start"] == "2026-01-31T10:01:00.000Z"
    assert "export_failed " in studio.log()
    partial = studio.run(studio.order(incomplete="partial"))
    assert (partial.status, partial.is_partial) == ("COMPLETED", True)
    payload = verify_export(studio.result(partial), studio.site.services.signer.public_jwk())
    assert (payload["partial"], payload["cameras"][0]["problems"][0]["segment_id"]) == (True, lost)


def test_a_damaged_recording_is_never_used(studio: Studio) -> None:
    bad = studio.record()
    path = studio.path_of(bad)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    failed = studio.run(studio.order())
    assert failed.findings["problems"][0]["kind"] == "corrupt"


def test_what_is_still_to_come_is_told(studio: Studio) -> None:
    studio.record()
    now = datetime.now(UTC)
    export_id = studio.order()
    studio.set(export_id, start_time=now - timedelta(seconds=10), end_time=now + timedelta(hours=1))
    failed = studio.run(export_id)
    assert failed.findings["problems"][0]["kind"] == "still-recording"


def test_nothing_recorded_is_said(studio: Studio) -> None:
    studio.record(start=3600)
    failed = studio.run(studio.order())
    assert (failed.status, failed.error_code) == ("FAILED", "nothing-recorded")


def test_a_recording_that_goes_to_the_trash_meanwhile_stays_in_the_clip(studio: Studio) -> None:
    gone = studio.record()

    def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
        studio.path_of(gone).unlink()
        return simple_maker(wish, recordings, work)

    studio.make = make
    assert studio.run(studio.order()).status == "COMPLETED"


def test_a_recording_that_is_written_to_meanwhile_is_cut_anew(studio: Studio) -> None:
    one = studio.record()
    times: list[int] = []

    def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
        times.append(1)
        if len(times) == 1:
            with studio.path_of(one).open("ab") as file:
                file.write(b"more")
        return simple_maker(wish, recordings, work)

    studio.make = make
    ended = studio.run(studio.order(), "PENDING", "FAILED")
    assert "written to" in ended.error


def held_up(studio: Studio) -> tuple[threading.Event, threading.Event]:
    """A maker that waits in the middle, until it is stopped; told when it is there, and when it was stopped."""
    there, stopped = threading.Event(), threading.Event()

    def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
        work.tell(0.5, "half way")
        (work.workspace / "half.mp4").write_bytes(b"half")
        there.set()
        wait_until(work.should_stop, "the word to stop")
        stopped.set()
        raise MediaStopped("stopped")

    studio.make = make
    return there, stopped


def test_progress_is_seen_and_a_cancel_ends_it(studio: Studio) -> None:
    studio.record()
    there, stopped = held_up(studio)
    export_id, runner = studio.order(), studio.runner()

    def half_way() -> bool:
        runner.turn()
        return studio.row(export_id).phase == "half way"

    wait_until(half_way, "the progress to be written")
    assert there.is_set()
    assert 0.4 < studio.row(export_id).progress < 0.7
    studio.site.services.exports.cancel(export_id, ANN)

    def over() -> bool:
        runner.turn()
        return runner.is_idle

    wait_until(over, "it to be stopped")
    assert stopped.is_set()
    assert (studio.row(export_id).status, studio.workspaces()) == ("CANCELLED", [])
    assert "export_cancelled " in studio.log()


def test_a_worker_that_stops_gives_it_back(studio: Studio) -> None:
    studio.record()
    there, _ = held_up(studio)
    export_id, runner = studio.order(), studio.runner()
    runner.start()
    wait_until(there.is_set, "it to be under way")
    runner.finish()
    row = studio.row(export_id)
    assert (row.status, row.attempts, row.deaths) == ("PENDING", 0, 0)
    studio.make = simple_maker
    assert studio.run(export_id).status == "COMPLETED"


def test_what_a_killed_worker_had_is_taken_up_and_twice_killed_set_aside(studio: Studio) -> None:
    studio.record()
    export_id = studio.order()
    past = datetime.now(UTC) - timedelta(minutes=1)
    # As a worker leaves it that is killed: a lease that runs out, a workspace, a result without its row.
    dead = {"status": ExportStatus.PROCESSING, "lease_token": "dead", "lease_until": past, "attempts": 1}
    studio.set(export_id, **dead)
    layout = studio.site.services.layout
    (layout.incoming / "media-dead").mkdir()
    (layout.exports / export_id).mkdir()
    (layout.exports / export_id / "half.mp4").write_bytes(b"half")
    made = studio.run(export_id)
    assert (made.status, made.deaths, made.attempts) == ("COMPLETED", 1, 2)
    assert [path.name for path in (layout.exports / export_id).iterdir()] == [studio.result(made).name]
    assert studio.workspaces() == []
    other = studio.order()
    studio.set(other, **dead, deaths=1)
    aside = studio.run(other, "FAILED")
    assert (aside.error_code, aside.deaths) == ("worker-died", 2)
    assert "died 2 times" in aside.error
    studio.site.services.exports.retry(other, ANN)
    assert studio.run(other).status == "COMPLETED"


def test_a_result_whose_row_was_never_written_is_cleared_away(studio: Studio) -> None:
    studio.record()
    done, cut_off = studio.order(), studio.order()
    made = studio.run(done)
    folder = studio.site.services.layout.exports / cut_off
    folder.mkdir(exist_ok=True)
    (folder / "half.mp4").write_bytes(b"half")
    studio.set(cut_off, status=ExportStatus.FAILED, file_path=None)
    stranger = studio.site.services.layout.exports / "00000000-0000-4000-8000-000000000000"
    stranger.mkdir()
    clear_away(studio.site.services.database, studio.site.services.layout, studio.site.services.log)
    assert not folder.exists()
    assert studio.result(made).exists()
    assert stranger.exists(), "nobody knows whose it is"


def test_who_lost_its_lease_writes_nothing(studio: Studio) -> None:
    studio.record()
    export_id = studio.order()

    def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
        studio.set(export_id, lease_token="another's")
        return simple_maker(wish, recordings, work)

    studio.make = make
    runner = studio.runner()

    def over() -> bool:
        runner.turn()
        return runner.is_idle and "export_given_back" in studio.log()

    wait_until(over, "it to be given up")
    row = studio.row(export_id)
    assert (row.status, row.file_path) == ("PROCESSING", None)
    assert list(studio.site.services.layout.exports.iterdir()) == []


def test_a_full_disk_is_waited_for_in_words(studio: Studio) -> None:
    studio.record()
    studio.reserve_bytes = free_bytes(studio.site.services.layout.root)
    export_id = studio.order()
    waiting = studio.run(export_id, "PENDING")
    assert (waiting.error_code, waiting.attempts) == ("disk-full", 0)
    assert "MIN_FREE_BYTES" in waiting.error
    assert waiting.next_attempt_at > datetime.now(UTC) + timedelta(seconds=30)
    studio.reserve_bytes = 0
    studio.set(export_id, next_attempt_at=datetime.now(UTC))
    made = studio.run(export_id)
    assert (made.status, made.error) == ("COMPLETED", "")


@pytest.mark.parametrize(
    ("error", "attempt", "status"),
    [
        (ToolsMissing("no ffmpeg"), 50, "PENDING"),
        (OverLimit("too much"), 1, "PENDING"),
        (OverLimit("too much"), 2, "FAILED"),
        (MediaError("it broke"), 3, "FAILED"),
        (ZeroDivisionError(), 1, "PENDING"),
        (ZeroDivisionError(), 3, "FAILED"),
    ],
)
def test_each_failure_has_its_own_patience(studio: Studio, error: Exception, attempt: int, status: str) -> None:
    studio.record()

    def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
        raise error

    studio.make = make
    export_id = studio.order()
    studio.set(export_id, attempts=attempt - 1)
    ended = studio.run(export_id, status)
    assert ended.error
    assert studio.workspaces() == []


def test_a_result_is_kept_as_long_as_was_asked(studio: Studio) -> None:
    studio.record()
    short, usual = studio.run(studio.order(keep_hours=2)), studio.run(studio.order())
    assert short.completed_at is not None
    assert usual.completed_at is not None
    assert short.expires_at == short.completed_at + timedelta(hours=2)
    assert usual.expires_at == usual.completed_at + timedelta(days=7)
