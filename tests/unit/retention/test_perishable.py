"""What a VMS deletes by itself is freed here by what it says at that moment: well ahead of its end, and said twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.retention.rules import Rule
from backend.targets.base import Proof, Verdict
from tests.services.footage import ENDED, FootageTarget, footage_place
from tests.services.ledger import Ledger, MemoryTarget, place
from tests.unit.retention.test_spool import freed, is_here, ledger, recorded, use, vms

__all__ = ["ledger", "vms"]


def test_what_cannot_be_freed_is_not_looked_at_each_hour(
    ledger: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    vms.passing = "how long the VMS keeps it could not be read"
    recorded(ledger)
    asked: list[str] = []
    monkeypatch.setattr(vms, "verify", lambda _, copy: asked.append(copy.key))
    freed(ledger)
    assert asked == []


def test_an_end_that_is_told_once_only_is_not_believed(
    ledger: Ledger, vms: FootageTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = recorded(ledger)
    answers = [Proof(Verdict.ENDED, "sequences", reason=ENDED), Proof(Verdict.MATCHES, "sequences")]
    monkeypatch.setattr(vms, "verify", lambda *_: answers.pop(0))
    assert freed(ledger) == {video_id: "verified on milestone"}
    assert ledger.delivery(video_id, "milestone").state == "delivered"


@pytest.mark.parametrize("mode", ["BOTH", "MILESTONE"])
def test_what_ended_in_the_vms_keeps_no_file_here_that_another_target_has(
    ledger: Ledger, vms: FootageTarget, mode: str
) -> None:
    """As when a rule keeps it here for longer than the VMS does."""
    store = MemoryTarget()
    use(ledger, footage_place(vms), place(store), mode=mode, rules=(Rule("at once", keep_local_days=0),))
    video_id = recorded(ledger)
    ledger.wait_for("delivered", 1)
    ended_at = datetime(2026, 11, 27, tzinfo=UTC)
    ledger.set(video_id, "milestone", state="deleted", error_code="past-retention", verified_at=ended_at)
    kept = dict(store.objects)
    store.objects.clear()
    freed(ledger)
    assert is_here(ledger, video_id), "the other target must have it at that moment"
    store.objects.update(kept)
    ledger.set(video_id, state="delivered", error="")
    assert freed(ledger) == {video_id: "verified on memory"}
    assert not is_here(ledger, video_id)


def test_what_ended_in_the_vms_and_is_nowhere_else_stays_here(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE", rules=(Rule("at once", keep_local_days=0),))
    video_id = recorded(ledger)
    ledger.set(video_id, "milestone", state="deleted", error_code="past-retention")
    assert freed(ledger) == {}
    assert is_here(ledger, video_id)
