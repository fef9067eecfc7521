"""Verified copies are looked at again: what is wrong is found, told and sent again, and nothing is accused wrongly."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.outbox.clock import LEASE_SECONDS
from backend.outbox.look import Round, copies_of, take
from backend.outbox.reverify import Found, Looked, Reverifier, share_of
from backend.targets.base import Expected, Proof, RemoteCopy
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place
from tests.services.waiting import wait_until

DAY = timedelta(days=1)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def looker(ledger: Ledger) -> Reverifier:
    return ledger.reverifier()


def delivered(ledger: Ledger, count: int = 1, *, days: float = 8) -> list[str]:
    """Verified copies that nobody has looked at for so many days."""
    made = ledger.add_different(count)
    with ledger.worker():
        ledger.wait_for("delivered", count)
    for video_id in made:
        rest(ledger, video_id, days)
    return made


def rest(ledger: Ledger, video_id: str, days: float = 8) -> datetime:
    """What days without a look do."""
    at = datetime.now(UTC) - days * DAY
    ledger.set(video_id, checked_at=at, verified_at=at, next_attempt_at=at)
    return at


def spoil(target: MemoryTarget, content: bytes | None) -> None:
    target.objects = {} if content is None else dict.fromkeys(target.objects, content)


def found(looked: list[Looked]) -> list[Found]:
    return [one.found for one in looked]


# What is looked at, and when


def test_a_copy_comes_up_when_its_last_look_is_old_enough_and_then_rests_again(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    (video_id,) = delivered(ledger, days=6.9)
    asked = len(target.verifies)
    assert looker.run_due("memory") == []
    assert len(target.verifies) == asked
    before = rest(ledger, video_id, 7.1)
    assert found(looker.run_due("memory")) == [Found.RIGHT]
    row = ledger.delivery(video_id)
    assert row.checked_at is not None
    assert row.verified_at == row.checked_at > before + 7 * DAY, "what is shown is the latest proof"
    assert (row.lease_token, row.lease_until, row.leased_by) == (None, None, "")
    assert looker.run_due("memory") == []


def test_a_look_that_finds_all_well_writes_no_sidecar_and_changes_nothing_that_is_listed(
    ledger: Ledger, looker: Reverifier
) -> None:
    (video_id,) = delivered(ledger)
    before, row = ledger.sidecar(video_id), ledger.delivery(video_id)
    looker.run_due("memory")
    assert ledger.sidecar(video_id) == before
    assert ledger.delivery(video_id).updated_at == row.updated_at


def test_verify_every_days_is_the_targets_own_and_nought_means_never(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, verify_every_days=0.5))
    (video_id,) = delivered(ledger, days=1)
    assert found(ledger.reverifier().run_due("memory")) == [Found.RIGHT]
    rest(ledger, video_id, 4000)
    ledger.set_places(place(target, verify_every_days=0))
    assert ledger.reverifier().run_due("memory") == []


def test_what_ends_by_itself_is_never_looked_at_again_and_never_called_damaged(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, required=False, ephemeral=True))
    (video_id,) = delivered(ledger, days=4000)
    target.objects.clear()
    reverifier = ledger.reverifier()
    assert reverifier.run_due("memory") == []
    assert "ends by itself" in reverifier.left_alone("memory")
    assert ledger.delivery(video_id).state == "delivered"


def test_those_that_waited_longest_come_first_and_a_run_takes_no_more_than_its_share(
    ledger: Ledger, looker: Reverifier
) -> None:
    made = delivered(ledger, 4)
    for days, video_id in zip((9, 30, 8, 20), made, strict=True):
        rest(ledger, video_id, days)
    half_the_time = 3.5 * DAY.total_seconds()
    looked = looker.run_due("memory", run_seconds=half_the_time / 2)
    assert {one.look.video.id for one in looked} == {made[1], made[3]}
    assert len(looker.run_due("memory")) == 1, "at least one, or a small collection were never looked at"


def test_a_hundred_thousand_copies_of_one_day_are_spread_over_half_the_time() -> None:
    a_week = 7 * DAY.total_seconds()
    share = share_of(100_000, a_week, 60)
    assert share == 20
    assert 100_000 / share * 60 <= a_week / 2
    assert share_of(1, a_week, 60) == 1


def test_no_look_begins_after_the_runs_time_is_over(ledger: Ledger, looker: Reverifier) -> None:
    delivered(ledger, 3)
    meant = looker.meant("memory")
    assert list(looker.look_at(meant, looker.copies(meant), run_seconds=0)) == []


def test_at_most_max_concurrent_are_looked_at_at_once(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    ledger = open_ledger(place(target, max_concurrent=3))
    delivered(ledger, 9)
    lock, together = threading.Lock(), threading.Barrier(3, timeout=20)
    now = most = 0

    def count(_: RemoteCopy) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1

    target.on_verify = count
    reverifier = ledger.reverifier()
    meant = reverifier.meant("memory")
    assert found(list(reverifier.look_at(meant, reverifier.copies(meant)))) == [Found.RIGHT] * 9
    assert most == 3


def test_reading_back_counts_against_the_bandwidth_limit(open_ledger: OpenLedger) -> None:
    """The next look waits for its share; the run that was waiting ends at once when it is over."""

    class ReadsBack(MemoryTarget):
        def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
            proof = super().verify(expected, copy)
            return Proof(proof.verdict, "read back", read_bytes=2 * 1024 * 1024 if limited else 0)

    limited, target = False, ReadsBack()
    ledger = open_ledger(place(target, max_concurrent=1, max_mib_per_second=10))
    delivered(ledger, 3)
    limited = True
    reverifier = ledger.reverifier()
    meant, began = reverifier.meant("memory"), datetime.now(UTC)
    assert len(list(reverifier.look_at(meant, reverifier.copies(meant)))) == 3
    assert (datetime.now(UTC) - began).total_seconds() > 0.35


# Who is left alone


def test_a_paused_target_is_not_asked(ledger: Ledger, target: MemoryTarget, looker: Reverifier) -> None:
    delivered(ledger)
    asked = len(target.verifies)
    for paused, state in ((True, "closed"), (False, "open"), (False, "parked")):
        ledger.set_target(paused=paused, circuit=state)
        assert looker.run_due("memory") == []
        assert looker.left_alone("memory")
    assert len(target.verifies) == asked
    ledger.set_target(circuit="closed")
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_a_target_that_is_paused_while_a_run_goes_on_is_asked_no_more(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, max_concurrent=1))
    delivered(ledger, 3)
    reverifier = ledger.reverifier()
    meant = reverifier.meant("memory")
    looks = reverifier.look_at(meant, reverifier.copies(meant))
    assert next(looks).found is Found.RIGHT
    ledger.services.desk.pause("memory")
    assert list(looks) == []


def test_videos_in_the_trash_and_purged_ones_are_left_alone(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    ledger = open_ledger(place(target), TRASH_DAYS="0")
    trashed, purged = delivered(ledger, 2)
    for video_id in (trashed, purged):
        ledger.services.trash.throw_away(video_id, "ann")
    with ledger.database.read() as session:
        assert copies_of(session, Round("memory", datetime.now(UTC)), datetime.now(UTC)) == []
    ledger.set_video(trashed, trashed_at=datetime.now(UTC) + DAY)
    ledger.services.trash.purge_due()
    spoil(target, None)
    assert ledger.reverifier().run_due("memory") == []
    assert ledger.states() == ["delivered"] * 2
    assert ledger.delivery(purged).checked_at is None, "what is kept of a purged video never stands in the way again"


def test_what_waits_or_failed_is_not_looked_at(ledger: Ledger, target: MemoryTarget, looker: Reverifier) -> None:
    made = delivered(ledger, 3)
    for video_id, state in zip(made, ("pending", "failed", "damaged"), strict=True):
        ledger.set(video_id, state=state)
    spoil(target, None)
    assert looker.run_due("memory") == []


# One looker for each


def test_two_workers_never_look_at_the_same_copy_at_once_nor_twice(ledger: Ledger, target: MemoryTarget) -> None:
    delivered(ledger, 20)
    target.verifies.clear()
    lookers = [ledger.reverifier() for _ in range(3)]
    meant = [one.meant("memory") for one in lookers]
    ids = [one.copies(which) for one, which in zip(lookers, meant, strict=True)]
    assert len(ids[0]) == len(ids[2]) == 20, "all of them have seen the same list"
    start = threading.Barrier(3)

    def look(number: int) -> int:
        start.wait()
        return len(list(lookers[number].look_at(meant[number], ids[number])))

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(look, range(3))) == 20
    assert sorted(target.verifies) == sorted(set(target.verifies))


def test_two_processes_never_take_the_same_copy(ledger: Ledger) -> None:
    made = delivered(ledger, 30)
    program, url = Path(__file__).with_name("look_process.py"), ledger.services.settings.catalog_url
    workers = [
        subprocess.Popen(
            [sys.executable, str(program), url, f"w{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        )
        for number in range(2)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    taken = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(taken) == sorted(made)


def test_a_worker_that_was_killed_in_a_look_loses_nothing(ledger: Ledger, looker: Reverifier) -> None:
    (video_id,) = delivered(ledger)
    checked_at = ledger.delivery(video_id).checked_at
    meant = looker.meant("memory")
    with ledger.database.write() as session:
        assert take(session, looker.copies(meant)[0], meant, "killed", datetime.now(UTC))
    assert looker.run_due("memory") == [], "it might still live"
    assert ledger.delivery(video_id).checked_at == checked_at
    ledger.set(video_id, lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_a_worker_process_killed_between_claim_and_verdict_is_followed_by_another(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    (video_id,) = delivered(ledger)
    checked_at = ledger.delivery(video_id).checked_at
    program, url = Path(__file__).with_name("hang_process.py"), ledger.services.settings.catalog_url
    words = [sys.executable, str(program), str(ledger.home), url]
    env = {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "asked\n"
        worker.kill()
    row = ledger.delivery(video_id)
    assert (row.state, row.checked_at) == ("delivered", checked_at)
    assert row.lease_until is not None
    spoil(target, None)
    assert looker.run_due("memory") == [], "it might still live"
    ledger.set(video_id, lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert found(looker.run_due("memory")) == [Found.DAMAGED]
    assert ledger.states() == ["damaged"]


def test_whoever_lost_the_copy_meanwhile_says_nothing_about_it(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    """A frozen worker wakes up with a bad verdict over a copy that was repaired since."""
    (video_id,) = delivered(ledger)
    spoil(target, None)
    target.on_verify = lambda _: ledger.set(video_id, lease_token="another worker's")
    assert looker.run_due("memory") == []
    assert ledger.states() == ["delivered"]
    assert ledger.log_lines("damaged") == []


def test_a_lease_is_renewed_while_a_large_copy_is_read_back(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.outbox.reverify._BEAT_SECONDS", 0.05)
    (video_id,) = delivered(ledger)

    def slow(_: RemoteCopy) -> None:
        almost_over = datetime.now(UTC) + timedelta(seconds=5)
        ledger.set(video_id, lease_until=almost_over)
        wait_until(lambda: (ledger.delivery(video_id).lease_until or almost_over) > almost_over, "a longer lease")

    target.on_verify = slow
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_dates_of_a_clock_that_was_ten_years_ahead_hold_nothing_up(ledger: Ledger, looker: Reverifier) -> None:
    (video_id,) = delivered(ledger)
    ahead = datetime.now(UTC) + 3652 * DAY
    ledger.set(video_id, lease_until=ahead, lease_token="t", next_attempt_at=ahead)
    assert found(looker.run_due("memory")) == [Found.RIGHT]
    ledger.set(video_id, checked_at=ahead)
    worker = ledger.dispatcher()
    worker.mend_clock()
    worker.database.close()
    assert abs((ledger.delivery(video_id).checked_at or ahead) - datetime.now(UTC)) < DAY


# What a look says


@pytest.mark.parametrize(("content", "words"), [(None, "It is not there."), (VIDEO[:-1] + b"x", "It holds other")])
def test_damage_is_found_told_and_repaired(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier, content: bytes | None, words: str
) -> None:
    (video_id,) = delivered(ledger)
    spoil(target, content)
    (looked,) = looker.run_due("memory")
    assert (looked.found, looked.lost) == (Found.DAMAGED, False)
    row, told = ledger.delivery(video_id), ledger.delivery_in_sidecar(video_id)
    assert (row.state, told.state) == ("damaged", "damaged")
    assert words in row.error
    assert row.error == told.error == looked.reason
    assert (row.lease_token, row.attempts) == (None, 0)
    (line,) = ledger.log_lines("damaged")
    assert video_id in line
    assert words in line
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    row = ledger.delivery(video_id)
    assert (row.error, row.error_code) == ("", "")
    assert list(target.objects.values()) == [ledger.path(video_id).read_bytes()]
    assert ledger.delivery_in_sidecar(video_id).state == "delivered"
    rest(ledger, video_id)
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_one_bad_answer_alone_is_not_believed(ledger: Ledger, target: MemoryTarget, looker: Reverifier) -> None:
    """A list that lags behind, a proxy that answers from an old memory."""
    (video_id,) = delivered(ledger)
    kept, target.objects = target.objects, {}
    target.verifies.clear()

    def come_back(_: RemoteCopy) -> None:
        if len(target.verifies) == 2:
            target.objects = kept

    target.on_verify = come_back
    assert found(looker.run_due("memory")) == [Found.RIGHT]
    assert len(target.verifies) == 2
    assert ledger.delivery(video_id).error == ""


def away(target: MemoryTarget, error: TargetError | Exception) -> None:
    def fail(_: RemoteCopy) -> None:
        raise error

    target.on_verify = fail


@pytest.mark.parametrize("error", [TransientFailure("It does not answer."), PermanentFailure("In an archive.")])
def test_a_remote_that_does_not_answer_has_said_nothing(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier, error: TargetError
) -> None:
    (video_id,) = delivered(ledger)
    before = ledger.delivery(video_id)
    away(target, error)
    (looked,) = looker.run_due("memory")
    assert (looked.found, looked.reason, looked.error) == (Found.UNREACHABLE, error.message, error)
    row = ledger.delivery(video_id)
    assert (row.state, row.error, row.checked_at, row.verified_at, row.attempts) == (
        "delivered", "", before.checked_at, before.verified_at, before.attempts,
    )  # fmt: skip
    wait = row.next_attempt_at - datetime.now(UTC)
    assert timedelta(minutes=5) < wait < timedelta(minutes=20)
    assert ledger.log_lines("not_looked_at")
    target.on_verify = None
    assert looker.run_due("memory") == [], "not before its time"
    ledger.set(video_id, next_attempt_at=datetime.now(UTC))
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_a_target_that_is_not_well_itself_accuses_no_copy(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    """An account that lost its right to a folder is told that nothing is there."""
    (video_id,) = delivered(ledger)
    spoil(target, None)
    target.check_error = "The folder is not shared with this account."
    (looked,) = looker.run_due("memory")
    assert looked.found is Found.UNREACHABLE
    assert target.check_error in looked.reason
    assert ledger.states() == ["delivered"]
    target.check_error = ""
    rest(ledger, video_id)
    assert found(looker.run_due("memory")) == [Found.DAMAGED]


def test_one_check_vouches_for_many_bad_verdicts(ledger: Ledger, target: MemoryTarget, looker: Reverifier) -> None:
    delivered(ledger, 6)
    spoil(target, None)
    meant = looker.meant("memory")
    assert found(list(looker.look_at(meant, looker.copies(meant)))) == [Found.DAMAGED] * 6
    assert target.checks <= 4, "one for each that looked at once"


def test_an_answer_that_stays_out_between_two_bad_ones_is_no_verdict(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    delivered(ledger)
    spoil(target, None)
    target.verifies.clear()

    def fail_second(_: RemoteCopy) -> None:
        if len(target.verifies) == 2:
            raise TransientFailure("gone for a moment")

    target.on_verify = fail_second
    assert found(looker.run_due("memory")) == [Found.UNREACHABLE]
    assert ledger.states() == ["delivered"]


def test_a_target_that_is_away_is_paused_as_by_failed_attempts_and_asked_no_more(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, max_concurrent=1))
    delivered(ledger, 8)
    target.verifies.clear()
    away(target, TransientFailure("It does not answer."))
    reverifier = ledger.reverifier()
    meant = reverifier.meant("memory")
    looked = list(reverifier.look_at(meant, reverifier.copies(meant)))
    assert len(looked) == len(target.verifies) == 5
    assert ledger.target_row().circuit == "open"
    assert ledger.states() == ["delivered"] * 8


def test_a_revoked_key_parks_the_target_at_the_first_look(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    delivered(ledger)
    away(target, TargetParked("The key was revoked."))
    assert found(looker.run_due("memory")) == [Found.UNREACHABLE]
    assert (ledger.target_row().circuit, ledger.target_row().reason) == ("parked", "The key was revoked.")
    assert ledger.states() == ["delivered"]


def test_a_target_that_breaks_in_an_unknown_way_accuses_no_copy_and_stops_no_run(
    ledger: Ledger, target: MemoryTarget, looker: Reverifier
) -> None:
    delivered(ledger, 2)
    away(target, ZeroDivisionError())
    meant = looker.meant("memory")
    assert found(list(looker.look_at(meant, looker.copies(meant)))) == [Found.UNREACHABLE] * 2
    assert ledger.log_lines("look_broke")
    assert ledger.states() == ["delivered"] * 2


def test_a_rebuilt_catalog_knows_when_each_copy_was_verified(ledger: Ledger, looker: Reverifier) -> None:
    (video_id,) = delivered(ledger)
    ledger.forget_catalog()
    ledger.services.recovery.sweep()
    row = ledger.delivery(video_id)
    assert row.checked_at == row.verified_at is not None
    rest(ledger, video_id)
    assert found(looker.run_due("memory")) == [Found.RIGHT]


def test_a_lease_outlives_a_beat() -> None:
    from backend.outbox import reverify

    assert 2 * reverify._BEAT_SECONDS < LEASE_SECONDS
