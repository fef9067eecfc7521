"""The rules are carried out: into the trash, to a cold target, off the disk; each judged anew, each written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.describe import describe
from backend.errors import TransientFailure
from backend.retention.rules import Retention, Rule
from backend.retention.run import Housekeeper
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place

DAY = timedelta(days=1)


@pytest.fixture
def cold() -> MemoryTarget:
    return MemoryTarget("cold")


@pytest.fixture
def ledger(open_ledger: OpenLedger, target: MemoryTarget, cold: MemoryTarget) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(place(target), place(cold, required=False), default=("memory",))
    return ledger


def keeper(ledger: Ledger, *rules: Rule) -> Housekeeper:
    s = ledger.services
    retention = Retention(rules)
    ledger.services = replace(s, retention=retention, trash=replace(s.trash, retention=retention))
    return ledger.services.housekeeper


def old(ledger: Ledger, days: float = 30, **fields: str) -> str:
    video_id = ledger.add(VIDEO, "a.mp4", **fields)
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    ledger.age(video_id, days)
    return video_id


def test_what_is_too_old_goes_into_the_trash_and_the_audit_says_by_which_rule(ledger: Ledger) -> None:
    video_id = old(ledger)
    house = keeper(ledger, Rule("a month", expire_after_days=30))
    (done,) = house.run()
    assert (done.video_id, done.decision.action, done.decision.rule) == (video_id, "expire", "a month")
    assert ledger.video(video_id).trashed_at
    assert ledger.sidecar(video_id).video.trashed_at
    line = ledger.audit()[-1]
    assert (line.action, line.who, line.what) == (
        "video.expired", "Holdfast", {"rule": "a month", "reason": "it is older than 30 days"},
    )  # fmt: skip
    assert list(house.run()) == []


def test_a_video_whose_own_time_is_over_expires_without_a_rule(ledger: Ledger) -> None:
    video_id = ledger.add(ttl_hours="1")
    house = keeper(ledger)
    assert list(house.run()) == []
    over = datetime.now(UTC) - DAY
    ledger.remover.change(
        ledger.video(video_id),
        lambda d: d.model_copy(update={"video": d.video.model_copy(update={"expires_at": over})}),
    )
    assert [done.decision.rule for done in house.run()] == ["ttl_hours"]
    assert ledger.video(video_id).trashed_at


def test_taken_out_again_it_is_held_so_that_the_rule_does_not_put_it_back(ledger: Ledger) -> None:
    video_id = old(ledger)
    house = keeper(ledger, Rule("a month", expire_after_days=30))
    list(house.run())
    ledger.services.trash.take_out(video_id, "ann")
    assert list(house.run()) == []
    (hold,) = describe(ledger.video(video_id))["holds"]
    assert "a month" in hold["reason"]
    ledger.services.holder.release(video_id, hold["id"])
    assert [done.decision.action for done in house.run()] == ["expire"]


def test_a_video_moves_is_sent_and_only_then_leaves_the_disk(ledger: Ledger, cold: MemoryTarget) -> None:
    video_id = old(ledger)
    house = keeper(ledger, Rule("cold", keep_local_days=1, move_to="cold", move_after_days=20))
    assert [done.decision.action for done in house.run()] == ["move"]
    assert ledger.delivery(video_id, "cold").state == ledger.delivery_in_sidecar(video_id, "cold").state == "pending"
    assert (ledger.audit()[-1].action, ledger.audit()[-1].what["target"]) == ("video.moved", "cold")
    assert list(house.run()) == []
    with ledger.worker():
        ledger.wait_for("delivered", 1, "cold")
    assert [done.decision.action for done in house.run()] == ["prune"]
    assert (ledger.audit()[-1].action, ledger.audit()[-1].what["rule"]) == ("video.pruned", "cold")
    assert list(cold.objects.values()) == [VIDEO]
    assert not ledger.path(video_id).exists()


def test_one_that_left_the_disk_long_ago_comes_back_for_its_move(ledger: Ledger, cold: MemoryTarget) -> None:
    video_id = old(ledger)
    ledger.prune(video_id)
    house = keeper(ledger, Rule("cold", keep_local_days=1, move_to="cold", move_after_days=20))
    assert [done.decision.action for done in house.run()] == ["move"]
    assert ledger.path(video_id).read_bytes() == VIDEO
    with ledger.worker():
        ledger.wait_for("delivered", 1, "cold")
    assert [done.decision.action for done in house.run()] == ["prune"]


def test_as_many_copies_confirm_as_the_rule_wants_or_the_bytes_stay(ledger: Ledger, cold: MemoryTarget) -> None:
    ledger.set_places(*ledger.services.places.by_name.values())
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
        ledger.wait_for("delivered", 1, "cold")
    house = keeper(ledger, Rule("two", keep_local_days=0, keep_local_copies=2))

    def away(_: object) -> None:
        raise TransientFailure("does not answer")

    cold.on_verify = away
    (kept,) = house.run()
    assert (kept.decision.action, kept.decision.reason) == ("keep", "cold could not be asked: does not answer")
    assert kept.doubted
    assert [d.decision.action for d in keeper(ledger, Rule("one", keep_local_days=0)).run()] == ["prune"]
    assert not ledger.path(video_id).exists()


def test_one_video_that_fails_keeps_no_other_waiting(ledger: Ledger) -> None:
    broken, fine = ledger.add_different(2)
    for video_id in (broken, fine):
        ledger.age(video_id, 30)
    ledger.services.layout.sidecar_of(ledger.video(broken).relative_path).write_text("{")
    done = {d.video_id: d for d in keeper(ledger, Rule("a", expire_after_days=1)).run()}
    assert (done[broken].decision.action, done[fine].decision.action) == ("keep", "expire")
    assert len(ledger.log_lines("rule_failed")) == 1


def test_under_a_clock_that_is_doubted_nothing_is_done_and_the_log_says_so(ledger: Ledger) -> None:
    video_id = old(ledger, ttl_hours="1")
    house = keeper(ledger, Rule("all", keep_local_days=0))
    wrong = replace(ledger.services.clock, now=lambda: datetime.now(UTC) + 3650 * DAY)
    s = ledger.services
    house = replace(house, clock=wrong, trash=replace(s.trash, clock=wrong), pruner=replace(s.pruner, clock=wrong))
    assert list(house.run()) == []
    assert len(ledger.log_lines("rules_wait")) == 1
    assert all("clock may be wrong" in judged.decision.reason for judged in house.plan())
    assert ledger.path(video_id).read_bytes() == VIDEO


def test_a_tag_that_comes_at_the_last_moment_is_seen(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = old(ledger)
    house = keeper(ledger, Rule("evidence", tags=("evidence",)), Rule("all", keep_local_days=1))

    def tagged(_: object) -> None:
        target.on_verify = None
        ledger.remover.change(
            ledger.video(video_id),
            lambda d: d.model_copy(update={"video": d.video.model_copy(update={"tags": ("evidence",)})}),
        )

    target.on_verify = tagged
    assert [done.decision.action for done in house.run()] == ["keep"]
    assert ledger.path(video_id).read_bytes() == VIDEO
