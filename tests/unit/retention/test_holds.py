"""Holds: with a reason, until their end or their release; nobody and nothing deletes what is held."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.actor import Actor, acting
from backend.catalog import holds
from backend.catalog.clock import Clock
from backend.catalog.describe import describe
from backend.catalog.videos import Scope
from backend.errors import BadField, Conflict, Held, NotFound
from backend.outbox.erase import Eraser
from backend.retention.holds import Holder
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place

DAY = timedelta(days=1)


@pytest.fixture
def holder(ledger: Ledger) -> Holder:
    return ledger.services.holder


def later(ledger: Ledger, by: timedelta) -> Clock:
    """The clock after so much time in which the worker ran."""
    clock = replace(ledger.services.clock, now=lambda: datetime.now(UTC) + by)
    clock.note()
    return clock


def test_a_hold_is_in_the_sidecar_the_row_the_answer_and_the_audit(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    until = datetime.now(UTC) + DAY
    with acting(Actor("t-ann", "ann", "192.0.2.1")):
        hold = holder.hold(video_id, "  court  ", until)
    assert (hold.reason, hold.owner, hold.owner_id, hold.until_at) == ("court", "ann", "t-ann", until)
    assert ledger.sidecar(video_id).holds == holder.of(video_id) == (hold,)
    told = describe(ledger.video(video_id))
    assert (told["held"], [h["id"] for h in told["holds"]]) == (True, [hold.id])
    assert set(told["holds"][0]) == {"id", "reason", "owner", "created_at", "until_at"}
    line = ledger.audit()[-1]
    assert (line.action, line.who, line.video_id, line.what["reason"]) == ("video.held", "ann", video_id, "court")


def test_a_release_takes_this_hold_and_leaves_the_others(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    first, second = holder.hold(video_id, "one"), holder.hold(video_id, "two")
    holder.release(video_id, first.id)
    assert holder.of(video_id) == (second,)
    assert [h.id for h in ledger.video(video_id).holds] == [second.id]
    assert ledger.audit()[-1].action == "video.released"
    with pytest.raises(NotFound):
        holder.release(video_id, first.id)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_hold_without_a_reason_is_refused(ledger: Ledger, holder: Holder, reason: str) -> None:
    video_id = ledger.add()
    with pytest.raises(BadField):
        holder.hold(video_id, reason)
    assert holder.of(video_id) == ()


def test_an_end_that_is_over_is_refused(ledger: Ledger, holder: Holder) -> None:
    with pytest.raises(BadField, match="not in the future"):
        holder.hold(ledger.add(), "court", datetime.now(UTC))


def test_nobody_holds_or_releases_in_a_project_that_he_may_not_see(ledger: Ledger, holder: Holder) -> None:
    video_id, other = ledger.add(), Scope(frozenset({"other"}))
    hold = holder.hold(video_id, "court")
    for act in (
        lambda: holder.hold(video_id, "x", None, other),
        lambda: holder.release(video_id, hold.id, other),
        lambda: holder.of(video_id, other),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_held_video_does_not_go_into_the_trash_and_the_refusal_names_the_hold(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    hold = holder.hold(video_id, "court")
    with pytest.raises(Held, match="“court”") as caught:
        ledger.services.trash.throw_away(video_id, "ann")
    assert caught.value.code == "held"
    assert caught.value.detail["video_id"] == video_id
    assert [h["id"] for h in caught.value.detail["holds"]] == [hold.id]
    assert ledger.video(video_id).trashed_at is None
    holder.release(video_id, hold.id)
    ledger.services.trash.throw_away(video_id, "ann")


def test_a_hold_ends_at_its_end(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    holder.hold(video_id, "court", datetime.now(UTC) + timedelta(hours=10))
    clock = later(ledger, timedelta(hours=11))
    assert replace(holder, clock=clock).of(video_id) == ()
    replace(ledger.services.trash, clock=clock).throw_away(video_id, "ann")
    with ledger.database.read() as session:
        assert holds.in_force(session, "default", clock.now()) == []


@pytest.mark.parametrize("jump", [3650 * DAY, -3650 * DAY, 2 * DAY])
def test_a_clock_that_jumped_ends_no_hold(ledger: Ledger, holder: Holder, jump: timedelta) -> None:
    video_id = ledger.add()
    holder.hold(video_id, "court", datetime.now(UTC) + timedelta(hours=10))
    wrong = replace(ledger.services.clock, now=lambda: datetime.now(UTC) + jump)
    wrong.note()
    assert len(replace(holder, clock=wrong).of(video_id)) == 1
    with pytest.raises(Held):
        replace(ledger.services.trash, clock=wrong).throw_away(video_id, "ann")


def test_holds_come_back_when_the_catalog_is_lost(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    hold = holder.hold(video_id, "court", datetime.now(UTC) + DAY)
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    assert describe(ledger.video(video_id))["held"] is True
    with ledger.database.read() as session:
        (held,) = holds.in_force(session, "default")
    assert (held.video_id, held.holds) == (video_id, (hold,))


@pytest.mark.parametrize(
    "written",
    [
        [{"reason": "court"}], ["court"], "court", None, 3, [None],
        [{"id": "h", "reason": "court", "created_at": "soon"}],
        [{"id": "h", "reason": "court", "created_at": "2020-01-01T00:00:00Z", "until_at": "2020-01-02T00:00:00"}],
        [{"id": "h", "reason": "court", "created_at": "2020-01-02T00:00:00Z", "until_at": "2020-01-01T00:00:00Z"}],
    ],
)  # fmt: skip
def test_a_hold_that_cannot_be_read_counts_until_it_is_released(
    ledger: Ledger, holder: Holder, written: object
) -> None:
    video_id = ledger.add()
    place_of = ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path)
    document = json.loads(place_of.read_bytes())
    place_of.write_text(json.dumps({**document, "holds": written}))
    (hold,) = holder.of(video_id)
    assert hold.until_at is None
    with pytest.raises(Held):
        ledger.services.trash.throw_away(video_id, "ann")
    assert holder.of(video_id) == (hold,), "the same name each time it is read"
    holder.release(video_id, hold.id)
    ledger.services.trash.throw_away(video_id, "ann")


def test_what_a_later_version_writes_into_a_hold_stays_in_it(ledger: Ledger, holder: Holder) -> None:
    video_id = ledger.add()
    holder.hold(video_id, "court")
    place_of = ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path)
    document = json.loads(place_of.read_bytes())
    document["holds"][0]["case"] = 4711
    place_of.write_text(json.dumps(document))
    holder.hold(video_id, "again")
    assert json.loads(place_of.read_bytes())["holds"][0]["case"] == 4711


def test_a_hold_that_a_crash_cut_off_before_its_row_counts_and_is_released_all_the_same(
    ledger: Ledger, holder: Holder
) -> None:
    video_id = ledger.add()
    hold = holder.hold(video_id, "court")
    with ledger.database.write() as session:
        for row in ledger.video(video_id).holds:
            session.delete(session.merge(row))
    with pytest.raises(Held):
        ledger.services.trash.throw_away(video_id, "ann")
    holder.release(video_id, hold.id)
    assert holder.of(video_id) == ()


def test_the_remote_copies_of_a_held_video_are_not_deleted(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    ledger = open_ledger(place(target, on_delete="delete"), TRASH_DAYS="0")
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    ledger.services.trash.throw_away(video_id, "ann")
    assert ledger.services.trash.purge_due() == 1
    hold = ledger.services.holder.hold(video_id, "court")
    s = ledger.services
    eraser = Eraser(s.database, s.layout, s.places, s.log)
    eraser.erase_due()
    assert (ledger.states(), list(target.objects.values())) == (["deleting"], [VIDEO])
    assert "held" in ledger.delivery(video_id).error
    with ledger.database.read() as session:
        assert [one.video_id for one in holds.all_in_force(session)] == [video_id], "who looks for holds finds it"
        assert holds.in_force(session, "default") == [], "and its project has nothing that could go"
    s.holder.release(video_id, hold.id)
    ledger.set(video_id, next_attempt_at=datetime.now(UTC))
    eraser.erase_due()
    assert (ledger.states(), target.objects) == (["deleted"], {})


def test_there_is_nothing_to_hold_where_nothing_is_left(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    video_id = ledger.add()
    ledger.services.trash.throw_away(video_id, "ann")
    ledger.services.trash.purge_due()
    with pytest.raises(Conflict, match="nothing left to hold"):
        ledger.services.holder.hold(video_id, "court")
