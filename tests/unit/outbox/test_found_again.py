"""What is said against a copy in a VMS is believed when it says so twice and is well; what is there again is right."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.errors import TransientFailure
from backend.outbox.circuit import FAILURES_TO_OPEN
from backend.outbox.reverify import Found
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Verdict
from tests.services.footage import ENDED, FootageTarget
from tests.services.ledger import Ledger
from tests.unit.outbox.test_ended import OVER_AT, both, ends, ledger, store, verified, vms

__all__ = ["both", "ledger", "store", "vms"]


def damaged(ledger: Ledger) -> str:
    """One whose file is not here any more."""
    video_id = verified(ledger)
    ledger.prune(video_id)
    ledger.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))
    return video_id


def says(vms: FootageTarget, monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> list[Verdict]:
    """These, one after the other; what of them was not asked for yet."""
    left = list(verdicts)

    def verify(_expected: Expected, _copy: RemoteCopy) -> Proof:
        return Proof(left.pop(0), "sequences", reason=ENDED, ended_at=OVER_AT)

    monkeypatch.setattr(vms, "verify", verify)
    return left


def test_a_copy_that_is_there_after_all_is_verified_again_and_not_lost(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = verified(ledger)
    ledger.prune(video_id)
    vms.covers = False
    (looked,) = ledger.reverifier().run_due("milestone")
    assert looked.lost
    vms.covers, since = True, datetime.now(UTC)
    ledger.set(video_id, "milestone", next_attempt_at=since)
    ledger.repairer().repair_due()
    row = ledger.delivery(video_id, "milestone")
    assert (row.state, row.error, row.error_code, row.attempts) == ("delivered", "", "", 0)
    assert row.verified_at is not None
    assert row.checked_at is not None
    assert min(row.verified_at, row.checked_at) >= since
    assert ledger.delivery_in_sidecar(video_id, "milestone").state == "delivered"
    assert (len(ledger.log_lines("lost")), len(ledger.log_lines("found_again"))) == (1, 1)


def test_an_end_that_is_told_once_only_is_not_believed(
    ledger: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = damaged(ledger)
    left = says(vms, monkeypatch, Verdict.ENDED, Verdict.MATCHES)
    ledger.repairer().repair_due()
    assert (ledger.delivery(video_id, "milestone").state, left) == ("delivered", [])


def test_an_end_that_is_told_by_a_vms_that_is_not_well_is_not_believed(
    ledger: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = damaged(ledger)
    ends(vms)
    monkeypatch.setattr(vms, "check", lambda: CheckReport(False, "It may not see the camera."))
    ledger.repairer().repair_due()
    assert ledger.delivery(video_id, "milestone").state == "damaged"
    (line,) = ledger.log_lines("not_looked_at")
    assert "It may not see the camera." in line


def test_a_paused_vms_is_not_asked_and_holds_up_no_repair(
    both: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = damaged(both)
    both.set_target("milestone", circuit="open")
    left = says(vms, monkeypatch, Verdict.ENDED)
    both.repairer().repair_due()
    assert both.path(video_id).exists()
    assert left == [Verdict.ENDED]


def test_a_vms_that_is_away_is_paused_by_repairs_too(
    both: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = FAILURES_TO_OPEN + 2
    videos, asked = both.add_different(count), list[str]()
    with both.worker():
        for name in ("milestone", "memory"):
            both.wait_for("delivered", count, name)
    for video_id in videos:
        both.prune(video_id)
        both.set(video_id, "milestone", state="damaged", next_attempt_at=datetime.now(UTC))

    def away(_: Expected, copy: RemoteCopy) -> None:
        asked.append(copy.key)
        raise TransientFailure("It did not answer.")

    monkeypatch.setattr(vms, "verify", away)
    both.repairer().repair_due()
    assert (len(asked), both.target_row("milestone").circuit) == (FAILURES_TO_OPEN, "open")
    assert all(both.path(video_id).exists() for video_id in videos)


# What is held


@pytest.mark.parametrize("is_here", [True, False])
def test_of_a_held_video_an_end_is_damage_and_alarmed(ledger: Ledger, vms: FootageTarget, is_here: bool) -> None:
    video_id = verified(ledger)
    if not is_here:
        ledger.prune(video_id)
    ledger.services.holder.hold(video_id, "Court case")
    ends(vms)
    (looked,) = ledger.reverifier().run_due("milestone")
    assert (looked.found, looked.lost) == (Found.DAMAGED, not is_here)
    assert looked.reason.startswith(f"It is held here, and no lock kept it there. {ENDED}")
    assert ledger.delivery(video_id, "milestone").state == "damaged"
    assert len(ledger.log_lines("lost")) == (not is_here)


def test_a_repair_ends_no_copy_of_a_held_video(ledger: Ledger, vms: FootageTarget) -> None:
    video_id = damaged(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    ends(vms)
    ledger.repairer().repair_due()
    assert ledger.delivery(video_id, "milestone").state == "damaged"
    assert len(ledger.log_lines("lost")) == 1
