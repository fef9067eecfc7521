"""The sidecar's part of the ledger: what a new catalog would need to go on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from backend.outbox.damage import note_damage
from backend.outbox.record import record_delivery
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place


def record(ledger: Ledger, video_id: str, target: str = "memory") -> None:
    path = ledger.video(video_id).relative_path
    record_delivery(ledger.database, ledger.services.layout, path, video_id, target)


def test_many_targets_that_end_at_once_all_reach_the_sidecar(open_ledger: OpenLedger) -> None:
    names = [f"t{n}" for n in range(12)]
    ledger = open_ledger(*(place(MemoryTarget(name)) for name in names))
    video_id, before = ledger.add(), datetime.now(UTC)
    revision = ledger.sidecar(video_id).revision
    for name in names:
        ledger.set(video_id, name, state="delivered", verified_at=before, proof={"of": name})
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda name: record(ledger, video_id, name), names))
    doc = ledger.sidecar(video_id)
    assert {d.target: (d.state, d.proof) for d in doc.deliveries} == {n: ("delivered", {"of": n}) for n in names}
    assert doc.revision == revision + 12


def test_a_late_writer_tells_the_latest_state_and_not_its_own(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state="delivered")
    ledger.set(video_id, state="deleting")
    record(ledger, video_id)
    assert ledger.delivery_in_sidecar(video_id).state == "deleting"


def test_writing_the_same_again_changes_nothing(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state="delivered")
    record(ledger, video_id)
    revision = ledger.sidecar(video_id).revision
    record(ledger, video_id)
    assert ledger.sidecar(video_id).revision == revision


def test_a_rebuilt_catalog_goes_on_where_the_ledger_was(ledger: Ledger, target: MemoryTarget) -> None:
    waiting, delivered, failed = ledger.add_different(3)
    ledger.set(waiting, next_attempt_at=datetime(2100, 1, 1, tzinfo=UTC))
    ledger.set(failed, state="failed", error="too long a name")
    record(ledger, failed)
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    assert [ledger.delivery(v).state for v in (waiting, delivered, failed)] == ["pending", "delivered", "failed"]
    assert ledger.delivery(failed).error == "too long a name"
    assert ledger.delivery(delivered).proof == {"kept": "in memory"}
    with ledger.worker():
        ledger.wait_for("delivered", 2)
    assert len(target.puts) == 2, "what was verified is not sent again"


def test_damage_is_noted_of_delivered_copies_only(ledger: Ledger) -> None:
    waiting, delivered = ledger.add_different(2)
    ledger.set(delivered, state="delivered", attempts=9)
    for video_id in (waiting, delivered):
        parts = ledger.services
        note_damage(parts.database, parts.layout, parts.log, ledger.video(video_id), "memory", "It is gone.")
    assert ledger.delivery(waiting).state == "pending"
    row = ledger.delivery(delivered)
    assert (row.state, row.error, row.attempts) == ("damaged", "It is gone.", 0)
    assert row.next_attempt_at <= datetime.now(UTC)
    assert ledger.delivery_in_sidecar(delivered).state == "damaged"
