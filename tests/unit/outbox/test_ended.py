"""What the VMS's own retention took is over: told with its end, no damage, not sent again, and its record stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.describe import describe
from backend.catalog.models import PAST_RETENTION
from backend.errors import FootageOnly, PastRetention, TransientFailure
from backend.outbox.reverify import Found
from tests.services.footage import CAMERA, END, ENDED, START, FootageTarget, footage_place
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place

OVER_AT, OVER = datetime(2099, 11, 27, 9, tzinfo=UTC), "2099-11-27T09:00:00.000Z"


@pytest.fixture
def vms() -> FootageTarget:
    return FootageTarget()


@pytest.fixture
def store() -> MemoryTarget:
    return MemoryTarget()


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: FootageTarget) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(vms))
    return ledger


@pytest.fixture
def both(ledger: Ledger, vms: FootageTarget, store: MemoryTarget) -> Ledger:
    ledger.set_places(footage_place(vms), place(store))
    return ledger


def verified(ledger: Ledger) -> str:
    """Seen in the VMS eight days ago, and due to be looked at."""
    video_id = ledger.add()
    with ledger.worker():
        for name in ledger.services.places.by_name:
            ledger.wait_for("delivered", 1, name)
    at = datetime.now(UTC) - timedelta(days=8)
    ledger.set(video_id, "milestone", checked_at=at, verified_at=at, next_attempt_at=at)
    return video_id


def ends(vms: FootageTarget) -> None:
    vms.covers, vms.ended_at = False, OVER_AT


def test_the_look_that_finds_it_over_tells_it_and_nothing_is_damaged(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ends(vms)
    (looked,) = ledger.reverifier().run_due("milestone")
    assert (looked.found, looked.reason, looked.lost) == (Found.ENDED, ENDED, False)
    row = ledger.delivery(video_id, "milestone")
    assert (row.state, row.error, row.error_code) == ("deleted", ENDED, PAST_RETENTION)
    assert (row.lease_token, row.checked_at) == (None, None)
    (shown,) = describe(ledger.video(video_id), {"milestone": "milestone"})["deliveries"]
    assert (shown["phase"], shown["error"]) == ("ended", ENDED)
    assert shown["footage"] == {
        "vms_camera_id": CAMERA, "start": START, "end": END, "locked": False, "ended_at": OVER,
    }  # fmt: skip
    assert ledger.log_lines("damaged") == []
    (line,) = ledger.log_lines("ended")
    assert " INFO " in line.upper()
    facts = ledger.delivery_in_sidecar(video_id, "milestone")
    assert (facts.state, facts.error_code, facts.proof["ended_at"]) == ("deleted", PAST_RETENTION, shown_end(shown))


def shown_end(shown: dict[str, object]) -> object:
    footage = shown["footage"]
    assert isinstance(footage, dict)
    return footage["ended_at"]


def test_it_is_neither_looked_at_nor_sent_again(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ends(vms)
    ledger.reverifier().run_due("milestone")
    other = ledger.add(b"\x00\x00\x00\x18ftypmp42 another", "b.mp4")
    vms.covers = True
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    assert vms.puts == 2, f"once {video_id}, once {other}"
    assert ledger.states("milestone") == ["deleted", "delivered"]
    assert ledger.reverifier().run_due("milestone") == []


def test_a_person_may_have_it_sent_again_where_it_is_kept_for_longer_by_now(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ends(vms)
    ledger.reverifier().run_due("milestone")
    vms.covers = True
    ledger.services.desk.retry(video_id, "milestone")
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    assert ledger.delivery(video_id, "milestone").error_code == ""
    (shown,) = describe(ledger.video(video_id), {"milestone": "milestone"})["deliveries"]
    assert shown["phase"] == "verified"


def test_a_retention_made_shorter_ends_it_no_earlier_than_it_was_seen(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    vms.covers, vms.ended_at = False, datetime(2020, 1, 1, tzinfo=UTC)
    seen_at = ledger.delivery(video_id, "milestone").verified_at
    assert seen_at is not None
    ledger.reverifier().run_due("milestone")
    told = ledger.delivery(video_id, "milestone").proof["ended_at"]
    assert abs(datetime.fromisoformat(told) - seen_at) < timedelta(seconds=1)


def test_where_only_the_vms_had_it_the_answer_says_where_it_was_and_until_when(
    ledger: Ledger, vms: FootageTarget
) -> None:
    video_id = verified(ledger)
    ledger.prune(video_id)
    ends(vms)
    ledger.reverifier().run_due("milestone")
    with pytest.raises(FootageOnly) as caught:
        ledger.services.restorer.restore(video_id)
    assert (
        f"Milestone had the footage on its camera {CAMERA} from 2026-11-20 09:00:00 UTC to 2026-11-20 09:00:12 UTC "
        "until 2099-11-27 09:00:00 UTC, when its retention was over." in caught.value.message
    )
    assert "Watch it there" not in caught.value.message
    assert caught.value.detail["footage"][0]["ended_at"] == OVER
    assert ledger.log_lines("lost") == []


def test_after_a_loss_of_the_catalog_it_is_still_over(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ends(vms)
    ledger.reverifier().run_due("milestone")
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    (shown,) = describe(ledger.video(video_id), {"milestone": "milestone"})["deliveries"]
    assert (shown["phase"], shown_end(shown)) == ("ended", OVER)


# What was called damaged before


def test_a_damaged_copy_whose_time_is_over_is_not_fetched_back_for(
    both: Ledger, vms: FootageTarget, store: MemoryTarget
) -> None:
    video_id = verified(both)
    both.prune(video_id)
    both.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))
    ends(vms)
    both.repairer().repair_due()
    row = both.delivery(video_id, "milestone")
    assert (row.state, row.error_code) == ("deleted", PAST_RETENTION)
    assert not both.path(video_id).exists(), "nothing is fetched only to be deleted there again"


def test_a_damaged_copy_in_a_vms_that_does_not_answer_is_repaired_as_ever(
    both: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = verified(both)
    both.prune(video_id)
    both.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))

    def away(*_: object) -> None:
        raise TransientFailure("It did not answer.")

    monkeypatch.setattr(vms, "verify", away)
    both.repairer().repair_due()
    assert both.path(video_id).exists()


# What the VMS refuses


def too_old(*, has_ended: bool) -> PastRetention:
    return PastRetention("Milestone keeps what the camera records for 7 days.", detail={"has_ended": has_ended})


def test_a_damaged_copy_that_the_vms_would_delete_again_is_over(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))
    vms.refuses_put = too_old(has_ended=True)
    with ledger.worker():
        ledger.wait_for("deleted", 1, "milestone")
    row = ledger.delivery(video_id, "milestone")
    assert row.error_code == PAST_RETENTION
    assert len(ledger.log_lines("ended")) == 1
    (shown,) = describe(ledger.video(video_id), {"milestone": "milestone"})["deliveries"]
    assert shown["phase"] == "ended"
    assert shown_end(shown)


def test_a_damaged_copy_whose_time_is_not_over_yet_has_not_ended(open_ledger: OpenLedger, vms: FootageTarget) -> None:
    """The VMS may have most of it until then."""
    ledger = open_ledger()
    ledger.set_places(footage_place(vms, required=False))
    video_id = verified(ledger)
    ledger.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))
    vms.refuses_put = too_old(has_ended=False)
    with ledger.worker():
        ledger.wait_for("failed", 1, "milestone")
    assert ledger.log_lines("ended") == []


def test_what_ended_and_is_still_too_old_when_a_person_sends_it_again_has_ended_as_before(
    ledger: Ledger, vms: FootageTarget
) -> None:
    video_id = verified(ledger)
    ends(vms)
    ledger.reverifier().run_due("milestone")
    vms.refuses_put = too_old(has_ended=True)
    ledger.services.desk.retry(video_id, "milestone")
    with ledger.worker():
        ledger.wait_for("deleted", 1, "milestone")
    assert vms.puts == 2
    (shown,) = describe(ledger.video(video_id), {"milestone": "milestone"})["deliveries"]
    assert (shown["phase"], shown_end(shown)) == ("ended", OVER)


def test_a_new_one_that_the_vms_would_delete_at_once_needs_a_person(ledger: Ledger, vms: FootageTarget) -> None:
    vms.refuses_put = too_old(has_ended=True)
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("failed", 1, "milestone")
    assert ledger.delivery(video_id, "milestone").error_code == PAST_RETENTION
    assert ledger.path(video_id).exists()
