"""What people see of the ledger and ask of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.models import Delivery, DeliveryState
from backend.catalog.videos import Scope
from backend.errors import BadField, Conflict, NotFound, TargetParked
from backend.outbox.desk import Desk, Forgotten
from backend.outbox.places import Places
from backend.targets.base import CheckReport
from backend.targets.config import TargetConfig
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place
from tests.services.waiting import wait_until

FAR = timedelta(hours=1)


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return ledger.services.desk


def test_each_target_shows_its_health_and_what_waits_for_it(ledger: Ledger, desk: Desk) -> None:
    videos = ledger.add_different(4)
    ledger.set(videos[0], state=DeliveryState.DELIVERED)
    ledger.set(videos[1], state=DeliveryState.FAILED)
    trashed = ledger.add(b"\0\0\0\x18ftypmp42 trashed")
    ledger.services.trash.throw_away(trashed, "ann")
    (shown,) = desk.targets()
    waiting = [ledger.video(v) for v in videos[2:]]
    assert shown["state"] == "up"
    assert shown["backlog"] == {"count": 2, "bytes": sum(v.size_bytes for v in waiting)}
    oldest = datetime.fromisoformat(shown["oldest_waiting_at"])
    assert abs(oldest - min(v.created_at for v in waiting)) < timedelta(milliseconds=2)


def test_a_disabled_target_is_shown_with_what_waits_for_it(ledger: Ledger) -> None:
    ledger.add()
    disabled = TargetConfig("memory", "memory", "Memory", enabled=False)
    places = Places({}, disabled=(disabled,))
    desk = Desk(ledger.database, ledger.services.layout, places, ledger.services.log)
    (shown,) = desk.targets()
    assert (shown["enabled"], shown["state"], shown["backlog"]["count"]) == (False, "paused", 1)
    assert "disabled" in shown["reason"]
    assert desk.deliveries()[0]["kind"] == "memory"
    assert desk.unknown_targets() == {}


def test_a_removed_target_is_told_by_what_waits_for_it(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set_places(place(MemoryTarget("another")))
    desk = ledger.services.desk
    assert desk.unknown_targets() == {"memory": Forgotten(1, alone=1)}
    assert "not configured" in desk.deliveries()[0]["error"]
    assert [(d["video_id"], d["target"], d["kind"]) for d in desk.deliveries()] == [(video_id, "memory", None)]
    with pytest.raises(NotFound, match="known: another"):
        desk.retry(video_id, "memory")
    with ledger.database.write() as session:
        now = datetime.now(UTC)
        session.add(Delivery(video_id=video_id, target="another", state="delivered", next_attempt_at=now,
                             created_at=now, updated_at=now))  # fmt: skip
    assert desk.unknown_targets() == {"memory": Forgotten(1, alone=0)}


def test_deliveries_are_listed_by_state_target_and_project(ledger: Ledger, desk: Desk) -> None:
    first = ledger.add(project_id="red")
    second = ledger.add(b"\0\0\0\x18ftypmp42 blue", project_id="blue")
    ledger.set(second, state=DeliveryState.FAILED)
    assert [d["video_id"] for d in desk.deliveries(state="failed")] == [second]
    assert [d["video_id"] for d in desk.deliveries(scope=Scope(frozenset({"red"})))] == [first]
    assert len(desk.deliveries(target="memory")) == 2
    assert desk.deliveries(target="other") == []
    with pytest.raises(BadField, match="known: pending"):
        desk.deliveries(state="lost")


@pytest.mark.parametrize(
    "state", [DeliveryState.FAILED, DeliveryState.PARKED, DeliveryState.SKIPPED, DeliveryState.PENDING]
)
def test_a_retry_brings_a_delivery_to_the_front(ledger: Ledger, desk: Desk, state: str) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state=state, next_attempt_at=datetime.now(UTC) + FAR)
    assert desk.retry(video_id, "memory")["state"] == "pending"
    assert ledger.delivery(video_id).next_attempt_at <= datetime.now(UTC)


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.DELETING, DeliveryState.DELETED])
def test_what_ended_well_is_not_retried(ledger: Ledger, desk: Desk, state: str) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state=state)
    with pytest.raises(Conflict, match="nothing to retry"):
        desk.retry(video_id, "memory")


def test_a_retry_leaves_what_moves_alone_and_takes_what_was_left_behind(ledger: Ledger, desk: Desk) -> None:
    video_id = ledger.add()
    now = datetime.now(UTC)
    ledger.set(video_id, state="in_progress", lease_token="t", lease_until=now + timedelta(seconds=20))
    desk.retry(video_id, "memory")
    assert (ledger.delivery(video_id).state, ledger.delivery(video_id).lease_token) == ("in_progress", "t")
    ledger.set(video_id, lease_until=now - timedelta(seconds=1), next_attempt_at=now + FAR)
    desk.retry(video_id, "memory")
    assert (ledger.delivery(video_id).state, ledger.delivery(video_id).lease_token) == ("pending", None)


def test_a_pruned_video_cannot_be_sent_again_and_says_what_to_do(ledger: Ledger, desk: Desk) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state="failed")
    ledger.set_video(video_id, local_state="pruned")
    with pytest.raises(Conflict, match="restore it, first"):
        desk.retry(video_id, "memory")
    assert desk.retry_all() == 0


def test_retrying_all_takes_what_failed_or_is_parked_of_the_callers_projects(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target), place(MemoryTarget("other")))
    red, blue = ledger.add(project_id="red"), ledger.add(b"\0\0\0\x18ftypmp42 blue", project_id="blue")
    ledger.set(red, state="failed")
    ledger.set(red, "other", state="skipped")
    ledger.set(blue, state="parked")
    ledger.set(blue, "other", state="failed")
    desk = ledger.services.desk
    assert desk.retry_all("other", Scope(frozenset({"red"}))) == 0
    assert desk.retry_all("", Scope(frozenset({"red"}))) == 1
    assert (ledger.states(), ledger.states("other")) == (["parked", "pending"], ["failed", "skipped"])
    assert desk.retry_all("memory") == 1
    assert desk.retry_all() == 1
    with pytest.raises(NotFound):
        desk.retry_all("nowhere")


def test_a_check_that_fails_is_shown_at_once_and_asked_again_soon(
    ledger: Ledger, desk: Desk, target: MemoryTarget
) -> None:
    target.check_error = "the key was revoked"
    assert not desk.check("memory").ok
    (shown,) = desk.targets()
    assert (shown["state"], shown["reason"]) == ("degraded", "the key was revoked")
    assert shown["last_error_at"] is not None
    target.check_error = ""
    with ledger.worker():
        wait_until(lambda: desk.targets()[0]["state"] == "up", "the next probe to find it well")


def test_a_check_that_needs_a_person_parks_the_target(ledger: Ledger) -> None:
    class Revoked(MemoryTarget):
        def check(self) -> CheckReport:
            return CheckReport.failed(TargetParked("the key was revoked"))

    ledger.set_places(place(Revoked()))
    desk = ledger.services.desk
    desk.check("memory")
    (shown,) = desk.targets()
    assert (shown["state"], shown["reason"]) == ("parked", "the key was revoked")


@pytest.mark.parametrize("circuit", ["parked", "open"])
def test_a_check_that_finds_a_paused_target_well_lets_what_waits_go_at_once(
    ledger: Ledger, desk: Desk, circuit: str
) -> None:
    """Also what was told to wait for hours, as after a day's limit."""
    desk.pause("memory")
    parked, waiting = ledger.add_different(2)
    ledger.set_target(circuit=circuit, reason="full")
    ledger.set(parked, state="parked", next_attempt_at=datetime.now(UTC) + FAR)
    ledger.set(waiting, next_attempt_at=datetime.now(UTC) + FAR)
    assert desk.check("memory").ok
    assert ledger.states() == ["pending", "pending"]
    assert all(ledger.delivery(v).next_attempt_at <= datetime.now(UTC) for v in (parked, waiting))
    assert desk.targets()[0]["state"] == "paused", "an operator's own pause is ended by resume only"


def test_pausing_before_any_worker_ever_ran_is_kept(ledger: Ledger, desk: Desk, target: MemoryTarget) -> None:
    desk.pause("memory")
    ledger.add()
    with ledger.worker():
        desk.resume("memory")
        ledger.wait_for("delivered", 1)
    desk.pause("memory")
    assert desk.targets()[0]["state"] == "paused"
    assert len(target.puts) == 1


def test_waiting_for_copies_ends_when_all_required_ones_are_there_or_one_has_failed(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target), place(MemoryTarget("optional"), required=False))
    desk, video_id = ledger.services.desk, ledger.add()
    assert not desk.settled(video_id)
    ledger.set(video_id, error="busy")
    assert desk.settled(video_id), "a first attempt has failed"
    ledger.set(video_id, error="", state="delivered")
    assert desk.settled(video_id), "whatever the optional one does"


def test_links_are_given_for_verified_copies_only(ledger: Ledger, desk: Desk) -> None:
    with pytest.raises(Conflict, match="gives no links"):
        desk.link(ledger.add(), "memory", 60)
