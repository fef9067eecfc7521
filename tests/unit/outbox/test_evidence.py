"""Holds reach the VMS: a lock while a video is held, none afterwards, whatever fails or dies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from backend.catalog.models import TargetNote
from backend.errors import TransientFailure
from backend.outbox.backfill import Backfill
from backend.outbox.evidence import Evidence
from backend.targets.base import Holding
from tests.services.footage import FootageTarget, footage_place
from tests.services.ledger import Ledger, OpenLedger


@pytest.fixture
def vms() -> FootageTarget:
    return FootageTarget()


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: FootageTarget) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(vms))
    return ledger


def keeper(ledger: Ledger) -> Evidence:
    """As a worker has it that just started."""
    s = ledger.services
    return Evidence(s.database, s.layout, s.places, s.log, s.clock)


def verified(ledger: Ledger) -> str:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    return video_id


def test_a_hold_makes_one_lock_with_its_reason_and_its_end_releases_it(ledger: Ledger, vms: FootageTarget) -> None:
    assert isinstance(vms, Holding)
    video_id = verified(ledger)
    assert (keeper(ledger).run_due(), vms.asked) == (0, [])
    hold = ledger.services.holder.hold(video_id, "Court case")
    assert [keeper(ledger).run_due() for _ in range(3)] == [1, 0, 0]
    assert list(vms.locks.values()) == ["Court case"]
    assert ledger.delivery(video_id, "milestone").proof["lock_id"] in vms.locks
    # The sidecar knows it too: it outlives the catalog.
    assert ledger.delivery_in_sidecar(video_id, "milestone").proof["lock_id"] in vms.locks
    ledger.services.holder.release(video_id, hold.id)
    assert [keeper(ledger).run_due() for _ in range(3)] == [1, 0, 0]
    assert vms.locks == {}
    assert ledger.delivery(video_id, "milestone").proof["lock_id"] == ""
    assert ledger.delivery_in_sidecar(video_id, "milestone").proof["lock_id"] == ""
    assert len(vms.asked) == 2


def test_its_end_releases_it_whatever_order_the_database_has_words_in(ledger: Ledger, vms: FootageTarget) -> None:
    if ledger.database.engine.dialect.name == "postgresql":
        # As a cluster sorts that was made with a language: "~" comes before letters and digits.
        sorted_so = 'ALTER TABLE target_notes ALTER COLUMN name TYPE varchar(255) COLLATE "en-x-icu"'
        with ledger.database.engine.begin() as connection:
            connection.execute(text(sorted_so))
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_of_two_holds_the_last_one_keeps_the_lock(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    holder = ledger.services.holder
    one, two = holder.hold(video_id, "One"), holder.hold(video_id, "Two")
    keeper(ledger).run_due()
    assert list(vms.locks.values()) == ["One; Two"]
    holder.release(video_id, one.id)
    assert (keeper(ledger).run_due(), len(vms.locks)) == (0, 1)
    holder.release(video_id, two.id)
    assert (keeper(ledger).run_due(), len(vms.locks)) == (1, 0)


def test_a_hold_that_ends_by_itself_releases_its_lock(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "A week", datetime.now(UTC) + timedelta(days=7))
    keeper(ledger).run_due()
    assert len(vms.locks) == 1
    past = datetime.now(UTC) - timedelta(days=2)
    ended = hold.model_copy(update={"created_at": past, "until_at": past + timedelta(days=1)})
    ledger.remover.change(ledger.video(video_id), lambda doc: doc.model_copy(update={"holds": (ended,)}))
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_what_is_not_verified_there_is_not_locked_yet(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = ledger.add()
    ledger.services.holder.hold(video_id, "Court case")
    assert (keeper(ledger).run_due(), vms.asked) == (0, [])
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    assert keeper(ledger).run_due() == 1


def test_a_failure_is_told_kept_from_haste_and_tried_again(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    vms.refuses = TransientFailure("The management server did not answer.")
    worker = keeper(ledger)
    assert [worker.run_due() for _ in range(3)] == [0, 0, 0]
    assert len(vms.asked) == 1
    shown = ledger.delivery(video_id, "milestone")
    assert (shown.state, shown.error_code) == ("delivered", "not-locked")
    assert shown.error.startswith("It is held here, and could not be locked in Milestone: The management server did")
    assert len(ledger.log_lines("not_locked")) == 1
    vms.refuses = None
    # Who starts anew asks at once.
    assert keeper(ledger).run_due() == 1
    assert (ledger.delivery(video_id, "milestone").error, len(vms.locks)) == ("", 1)


def test_a_lock_that_cannot_be_released_stays_known_until_it_can(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.services.holder.release(video_id, hold.id)
    vms.refuses = TransientFailure("It did not answer.")
    assert keeper(ledger).run_due() == 0
    assert "its lock in Milestone is still there" in ledger.delivery(video_id, "milestone").error
    vms.refuses = None
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_a_lock_is_released_though_its_copy_went_bad_meanwhile(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.set(video_id, "milestone", state="damaged", proof={})
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_a_lock_that_was_released_is_not_found_again_by_a_copy_that_is_none_now(
    ledger: Ledger, vms: FootageTarget
) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.set(video_id, "milestone", state="damaged")
    ledger.services.holder.release(video_id, hold.id)
    assert keeper(ledger).run_due() == 1
    assert [keeper(ledger).find_again(), keeper(ledger).run_due()] == [0, 0]
    assert ledger.delivery_in_sidecar(video_id, "milestone").proof["lock_id"] == ""


def test_after_the_catalog_was_lost_a_released_lock_is_found_again(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    with ledger.database.write() as session:
        session.execute(delete(TargetNote))
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    ledger.services.holder.release(video_id, hold.id)
    assert keeper(ledger).run_due() == 0
    assert [keeper(ledger).find_again() for _ in range(2)] == [1, 0]
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


@pytest.mark.parametrize("sent_again", [False, True])
def test_a_target_that_is_called_otherwise_now_keeps_its_locks(
    ledger: Ledger, vms: FootageTarget, sent_again: bool
) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    vms.name = "vms"
    ledger.set_places(footage_place(vms))
    if sent_again:
        s = ledger.services
        Backfill(s.database, s.layout, s.places, s.log).enqueue("vms")
        with ledger.worker():
            ledger.wait_for("delivered", 1, "vms")
    keeper(ledger).run_due()
    assert len(vms.locks) == 1
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_the_notes_of_a_target_that_is_only_disabled_stay_its_own(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    before = noted(ledger)
    disabled = (replace(ledger.services.places.get("milestone").config, enabled=False),)
    ledger.set_places(footage_place(FootageTarget("vms")))
    places = replace(ledger.services.places, disabled=disabled)
    ledger.services = replace(ledger.services, places=places)
    keeper(ledger).run_due()
    assert noted(ledger) == before


def noted(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.database.read() as session:
        return [(one.target, one.name) for one in session.scalars(select(TargetNote))]


def test_while_somebody_looks_at_a_copy_it_is_left_to_the_next_turn(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    ledger.set(video_id, "milestone", lease_token="t", lease_until=datetime.now(UTC) + timedelta(seconds=20))
    assert (keeper(ledger).run_due(), vms.asked) == (0, [])
    ledger.set(video_id, "milestone", lease_token=None, lease_until=None)
    assert keeper(ledger).run_due() == 1


def test_a_paused_target_is_not_asked(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    ledger.set_target("milestone", paused=True)
    assert (keeper(ledger).run_due(), vms.asked) == (0, [])
