"""What a VMS deletes by itself is freed here by what it says at that moment: well ahead of its end, and said twice."""

from __future__ import annotations

import pytest

from backend.targets.base import Proof, Verdict
from tests.services.footage import ENDED, FootageTarget, footage_place
from tests.services.ledger import Ledger
from tests.unit.retention.test_spool import freed, ledger, recorded, use, vms

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
