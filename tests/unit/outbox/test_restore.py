"""Bytes that are not here come back from a copy, checked, once, or not at all."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog import damages, restores
from backend.catalog.describe import describe
from backend.catalog.models import AuditLine
from backend.disk.incoming import IncomingFile
from backend.disk.locks import lock
from backend.disk.sidecar import LocalFacts
from backend.errors import DiskFull, LocalDamage, NotFound, PermanentFailure, Restoring, TransientFailure
from backend.outbox import fetch
from backend.outbox.restore import Restorer
from backend.targets.base import RemoteCopy
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place
from tests.services.waiting import wait_until


class Counting(MemoryTarget):
    """Counts how often it is read, gives its bytes in small pieces, and more of them if it is told to."""

    reads = 0
    endless = False
    read_error: PermanentFailure | None = None

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        self.reads += 1
        if self.read_error:
            raise self.read_error
        content = self.objects.get(copy.key)
        if content is None:
            raise PermanentFailure("The place does not hold this copy.")
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]
        while self.endless:
            yield bytes(1000)


@pytest.fixture
def target() -> Counting:
    return Counting()


def pruned(ledger: Ledger, *targets: str) -> str:
    """A delivered video whose local bytes are gone."""
    video_id = ledger.add()
    with ledger.worker():
        for name in targets or ("memory",):
            ledger.wait_for("delivered", 1, name)
    path = ledger.path(video_id)
    path.unlink()
    ledger.remover.change(
        ledger.video(video_id), lambda doc: doc.model_copy(update={"local": LocalFacts(state="pruned")})
    )
    return video_id


def test_a_pruned_video_comes_back_whole_and_is_listed_as_here(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    path = ledger.services.restorer.local_path(ledger.video(video_id))
    assert path.read_bytes() == VIDEO
    assert ledger.video(video_id).local_state == "present"
    assert ledger.sidecar(video_id).local.state == "present"
    assert list(ledger.services.layout.incoming.iterdir()) == []


def test_many_who_ask_at_once_get_it_by_one_fetch(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    start = threading.Barrier(8)

    def ask(_: int) -> bytes:
        start.wait()
        return ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {VIDEO}
    assert target.reads == 1


@pytest.mark.parametrize("bad", [VIDEO[:-1], VIDEO + b"x", VIDEO[:-1] + b"x", b""])
def test_a_damaged_copy_is_never_served_and_is_shown_as_damaged(ledger: Ledger, target: Counting, bad: bytes) -> None:
    video_id = pruned(ledger)
    target.objects = dict.fromkeys(target.objects, bad)
    with pytest.raises(TransientFailure, match="not what was saved"):
        ledger.services.restorer.restore(video_id)
    assert not ledger.path(video_id).exists()
    assert list(ledger.services.layout.incoming.iterdir()) == []
    assert (ledger.states(), ledger.delivery_in_sidecar(video_id).state) == (["damaged"], "damaged")


def test_a_copy_that_never_ends_does_not_fill_the_disk(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    target.endless = True
    with pytest.raises(TransientFailure, match="not what was saved"):
        ledger.services.restorer.restore(video_id)


def test_a_lost_copy_is_shown_as_damaged(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    target.objects.clear()
    with pytest.raises(TransientFailure, match="does not hold this copy"):
        ledger.services.restorer.restore(video_id)
    assert ledger.states() == ["damaged"]


def test_a_copy_whose_time_may_be_over_is_no_damage_when_it_is_gone(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    ledger.set_places(place(target, required=False, ephemeral=True))
    target.objects.clear()
    with pytest.raises(TransientFailure, match="does not hold this copy"):
        ledger.services.restorer.restore(video_id)
    assert ledger.states() == ["delivered"]


def test_a_copy_that_cannot_be_read_just_now_stays_verified(ledger: Ledger, target: Counting) -> None:
    """An archive class, a network that is down: the bytes are there, as far as anybody knows."""
    video_id = pruned(ledger)
    target.read_error = PermanentFailure("It is in an archive class.")
    with pytest.raises(TransientFailure, match="archive"):
        ledger.services.restorer.restore(video_id)
    assert ledger.states() == ["delivered"]


def test_a_target_that_is_not_well_itself_accuses_no_copy(ledger: Ledger, target: Counting) -> None:
    """An account that lost its right to a folder is told that nothing is there."""
    video_id = pruned(ledger)
    target.objects.clear()
    target.check_error = "The folder is not shared with this account."
    with pytest.raises(TransientFailure, match="does not hold this copy"):
        ledger.services.restorer.restore(video_id)
    assert ledger.states() == ["delivered"]


def test_the_next_copy_is_taken_when_the_first_is_bad_and_then_repairs_it(
    open_ledger: OpenLedger, target: Counting
) -> None:
    first = Counting("first")
    ledger = open_ledger(place(first), place(target))
    video_id = pruned(ledger, "first", "memory")
    first.objects = dict.fromkeys(first.objects, b"rotten")
    assert ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes() == VIDEO
    assert ledger.states("first") == ["damaged"]
    with ledger.worker():
        ledger.wait_for("delivered", 1, "first")
    assert list(first.objects.values()) == [VIDEO]


def test_a_copy_that_was_called_damaged_is_still_tried_when_there_is_no_other(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.set(video_id, state="damaged")
    ledger.services.restorer.restore(video_id)
    assert ledger.path(video_id).read_bytes() == VIDEO


def test_without_a_verified_copy_it_says_that_there_is_none(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.set(video_id, state="pending")
    with pytest.raises(NotFound, match="no verified copy can be read back"):
        ledger.services.restorer.restore(video_id)


def test_a_copy_at_a_target_that_is_not_configured_any_more_is_no_help_and_no_crash(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.set_places(place(MemoryTarget("another")))
    with pytest.raises(NotFound, match="no verified copy"):
        ledger.services.restorer.restore(video_id)


def test_a_purged_video_does_not_come_back(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    ledger.set_video(video_id, local_state="purged")
    with pytest.raises(NotFound, match="time in the trash is over"):
        ledger.services.restorer.restore(video_id)
    assert target.reads == 0


def test_a_full_disk_is_told_before_anything_is_fetched(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    free = os.statvfs(ledger.home).f_frsize * os.statvfs(ledger.home).f_blocks
    restorer = replace(ledger.services.restorer, reserve_bytes=free)
    with pytest.raises(DiskFull, match=r"no room to fetch it back.*Ask an operator"):
        restorer.restore(video_id)
    assert target.reads == 0


def test_a_disk_that_fills_up_on_the_way_is_told_and_leaves_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = pruned(ledger)
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if "restore-" in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise OSError(errno.ENOSPC, "full")
        return real(fd, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(DiskFull, match="could not be fetched back: the server's disk is full"):
            ledger.services.restorer.restore(video_id)
    assert list(ledger.services.layout.incoming.iterdir()) == []
    ledger.services.restorer.restore(video_id)
    assert ledger.path(video_id).read_bytes() == VIDEO


def test_what_a_killed_restore_left_is_no_hindrance(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    left = IncomingFile(ledger.services.layout, f"restore-{video_id}")
    left.write(b"half of it")
    left.close()
    ledger.services.restorer.restore(video_id)
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert list(ledger.services.layout.incoming.iterdir()) == []


def test_a_file_that_was_lost_here_comes_back_too(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.set_video(video_id, local_state="present")
    assert ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes() == VIDEO


def test_a_video_that_is_here_is_not_fetched(ledger: Ledger, target: Counting) -> None:
    video_id = ledger.add()
    path: Path = ledger.services.restorer.local_path(ledger.video(video_id))
    assert path.read_bytes() == VIDEO
    assert target.reads == 0


def damaged(ledger: Ledger, *targets: str) -> str:
    """A delivered video whose local file was shortened."""
    video_id = pruned(ledger, *targets)
    ledger.services.restorer.restore(video_id)
    os.truncate(ledger.path(video_id), 1000)
    return video_id


def quarantined(ledger: Ledger) -> list[bytes]:
    return [path.read_bytes() for path in ledger.services.layout.quarantine.iterdir()]


def test_a_file_of_the_wrong_size_is_fetched_anew_and_kept_in_quarantine(ledger: Ledger) -> None:
    video_id = damaged(ledger)
    assert ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes() == VIDEO
    assert quarantined(ledger) == [VIDEO[:1000]]
    assert list(ledger.services.layout.incoming.iterdir()) == []


def test_a_damaged_file_without_a_copy_stays_where_it_is_and_is_named(ledger: Ledger) -> None:
    video_id = ledger.add()
    os.truncate(ledger.path(video_id), 1000)
    with pytest.raises(LocalDamage, match=rf"it has 1000 bytes instead of {len(VIDEO)}.*Send the same file again"):
        ledger.services.restorer.local_path(ledger.video(video_id))
    assert ledger.path(video_id).read_bytes() == VIDEO[:1000]


def test_a_restore_that_reads_finds_a_changed_byte(ledger: Ledger) -> None:
    video_id = damaged(ledger)
    rotten = VIDEO[:-1] + b"x"
    ledger.path(video_id).write_bytes(rotten)
    restore = ledger.services.restorer.restore
    assert restore(video_id) is True
    assert restore(video_id, read=True) is False
    assert (ledger.path(video_id).read_bytes(), quarantined(ledger)) == (VIDEO, [rotten])
    assert restore(video_id, read=True) is True


def twins(ledger: Ledger) -> tuple[str, str]:
    """Two videos of the same content, each with bytes of its own."""
    first, second = ledger.add(), ledger.add(name="b.mp4")
    place = ledger.path(second)
    place.unlink()
    place.write_bytes(VIDEO)
    return first, second


def test_the_bytes_of_another_video_here_are_taken_when_they_are_good(ledger: Ledger, target: Counting) -> None:
    first, second = twins(ledger)
    ledger.path(first).unlink()
    assert ledger.services.restorer.local_path(ledger.video(first)).read_bytes() == VIDEO
    ledger.path(first).unlink()
    ledger.path(second).write_bytes(VIDEO[:-1] + b"x")
    with pytest.raises(NotFound):
        ledger.services.restorer.restore(first)
    assert target.reads == 0


def test_another_videos_verified_copy_is_taken_when_there_is_none_of_its_own(ledger: Ledger) -> None:
    first, second = ledger.add(), ledger.add(name="b.mp4")
    with ledger.worker():
        ledger.wait_for("delivered", 2)
    ledger.set(first, state="failed")
    os.truncate(ledger.path(first), 1000)
    ledger.services.restorer.restore(first)
    assert ledger.path(first).read_bytes() == VIDEO
    assert ledger.path(first).samefile(ledger.path(second)) is False


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_what_failed_for_want_of_the_file_is_sent_once_it_is_good_again(ledger: Ledger, damage: str) -> None:
    """Two names of one file: the upload that repairs the one repairs the other, and both are sent."""
    first, second = ledger.add(), ledger.add(name="b.mp4")
    for video_id in (first, second):
        if damage == "missing":
            ledger.path(video_id).unlink()
        else:
            os.truncate(ledger.path(video_id), 1000)
    with ledger.worker():
        ledger.wait_for("failed", 2)
    assert {describe(ledger.video(i))["local"] for i in (first, second)} == {damage}
    assert ledger.delivery_in_sidecar(second).error_code.startswith("local-")
    ledger.add(name="c.mp4")
    assert ledger.states() == ["pending"] * 3
    assert ledger.delivery_in_sidecar(second).state == "pending"
    assert describe(ledger.video(second))["status"] == "processing"
    with ledger.worker():
        ledger.wait_for("delivered", 3)


def test_a_file_that_was_put_back_by_hand_is_sent_after_a_restore_that_reads(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.path(video_id).write_bytes(b"rot")
    with ledger.worker():
        ledger.wait_for("failed", 1)
    ledger.path(video_id).write_bytes(VIDEO)
    assert ledger.services.restorer.restore(video_id, read=True) is True
    assert ledger.states() == ["pending"]


# What is known, what is told, and what a kill cut off


def begun(ledger: Ledger, video_id: str, seconds_ago: float) -> None:
    """What a process wrote down that was killed in the middle of its fetch."""
    with ledger.database.write() as session:
        restores.begin(session, video_id, "node", datetime.now(UTC) - timedelta(seconds=seconds_ago))


def test_what_a_kill_cut_off_is_begun_again_by_itself_but_not_one_that_runs(ledger: Ledger, target: Counting) -> None:
    video_id, restorer = pruned(ledger), ledger.services.restorer
    assert restorer.progress(ledger.video(video_id))["state"] == "away"
    begun(ledger, video_id, 5)
    assert restorer.go_on() == 0, "it was begun a moment ago"
    begun(ledger, video_id, 60)
    with lock(ledger.services.layout, "restore", video_id):
        assert restorer.progress(ledger.video(video_id))["state"] == "running"
        assert restorer.go_on() == 0
    assert restorer.progress(ledger.video(video_id))["state"] == "away"
    assert restorer.go_on() == 1
    assert (ledger.path(video_id).read_bytes(), target.reads) == (VIDEO, 1)
    assert restorer.progress(ledger.video(video_id))["state"] == "here"
    assert restorer.go_on() == 0


def test_one_that_cannot_be_gone_on_with_says_why_and_is_left(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    target.read_error = PermanentFailure("It is in an archive class.")
    begun(ledger, video_id, 60)
    assert ledger.services.restorer.go_on() == 0
    shown = ledger.services.restorer.progress(ledger.video(video_id))
    assert shown["state"] == "failed"
    assert "archive class" in shown["error"]
    target.read_error = None
    assert ledger.services.restorer.go_on() == 0, "that is for whoever wants it"


def test_who_is_waited_for_is_told_to_come_again_and_the_fetch_goes_on(ledger: Ledger, target: Counting) -> None:
    video_id = pruned(ledger)
    restorer = replace(ledger.services.restorer, wait_seconds=0.01)
    with lock(ledger.services.layout, "restore", video_id), pytest.raises(Restoring, match="Ask again in") as raised:
        restorer.path_to_serve(ledger.video(video_id))
    assert raised.value.detail["bytes_total"] == len(VIDEO)
    wait_until(lambda: restorer.progress(ledger.video(video_id))["state"] == "here", "the fetch")
    assert restorer.path_to_serve(ledger.video(video_id)).read_bytes() == VIDEO
    assert target.reads == 1


def test_a_file_that_is_known_to_be_bad_is_not_served_but_fetched(ledger: Ledger, target: Counting) -> None:
    """Its size says nothing, and nobody reads it all for each reader."""
    video_id = pruned(ledger)
    ledger.services.restorer.restore(video_id)
    ledger.path(video_id).write_bytes(VIDEO[:-1] + b"x")
    with ledger.database.write() as session:
        damages.note(session, ledger.video(video_id), "file", "changed", "Changed.", datetime.now(UTC))
    assert ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes() == VIDEO
    assert target.reads == 2
    assert describe(ledger.video(video_id))["local_reason"] is None
    assert actions(ledger) == ["video.restored", "scrub.damage", "scrub.repaired"]


def test_another_name_of_the_same_damaged_bytes_is_no_copy(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ledger.add(), ledger.add(name="b.mp4")
    assert ledger.path(first).samefile(ledger.path(second))
    # As a disk that reads right once in a while.
    monkeypatch.setattr(Restorer, "_is_good", lambda _self, path, _video: path == ledger.path(second))
    with pytest.raises((LocalDamage, NotFound)):
        ledger.services.restorer.restore(first, read=True)


@pytest.mark.parametrize("harm", ["missing", "no JSON"])
def test_bytes_come_back_although_the_sidecar_is_bad(ledger: Ledger, harm: str) -> None:
    video_id = pruned(ledger)
    place = ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path)
    place.unlink() if harm == "missing" else place.write_text("{")
    assert ledger.services.restorer.local_path(ledger.video(video_id)).read_bytes() == VIDEO
    assert ledger.video(video_id).local_state == "present"


def test_room_is_looked_at_again_while_the_bytes_come(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others write meanwhile: what was enough at the beginning need not be."""
    video_id, free = pruned(ledger), iter([10**9, 10**9])
    monkeypatch.setattr(fetch, "_LOOK_AT_ROOM_BYTES", 1000)
    monkeypatch.setattr(fetch, "free_bytes", lambda _: next(free, 0))
    with pytest.raises(DiskFull):
        ledger.services.restorer.restore(video_id)
    assert not ledger.path(video_id).exists()
    assert list(ledger.services.layout.incoming.iterdir()) == []


def actions(ledger: Ledger) -> list[str]:
    query = select(AuditLine.action).where(AuditLine.action.in_(("video.restored", "scrub.damage", "scrub.repaired")))
    with ledger.database.read() as session:
        return list(session.scalars(query.order_by(AuditLine.id)))
