"""The preview: it tells what the rules would do, in all and one by one, and both say the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.cases import Sum
from backend.retention.preview import Preview
from backend.retention.rules import Retention, Rule
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place

RULES = Retention(
    (
        Rule("keep", tags=("keep*",)),
        Rule("meetings", projects=("meetings",), expire_after_days=20),
        Rule("tagged", tags=("big", "keepsake?"), keep_local_days=5, keep_local_copies=1),
        Rule("cold", labels=("Raw",), move_to="cold", move_after_days=3, keep_local_days=3),
        Rule("all", keep_local_days=10),
    )
)


@pytest.fixture
def ledger(open_ledger: OpenLedger, target: MemoryTarget) -> Ledger:
    ledger = open_ledger(place(target), place(MemoryTarget("cold"), required=False))
    ledger.set_places(place(target))
    facts = [
        {"project_id": "meetings"}, {"project_id": "meetings", "tags": "keep-this,big"}, {"tags": "big"},
        {"content_type": "Raw"}, {"content_type": "Raw", "tags": "big,small"}, {}, {"camera_id": "c1"}, {},
    ]  # fmt: skip
    ids = [ledger.add(b"\x00\x00\x00\x18ftypmp42" + bytes([n]), f"v{n}.mp4", **f) for n, f in enumerate(facts * 2)]
    with ledger.worker():
        ledger.wait_for("delivered", len(ids))
    for number, video_id in enumerate(ids):
        ledger.age(video_id, 30 if number < 8 else 6)
    ledger.services.holder.hold(ids[5], "court")
    ledger.services.trash.throw_away(ids[7], "ann")
    ledger.set_video(ids[15], expires_at=datetime.now(UTC) - timedelta(days=1))
    ledger.set_places(place(target), place(MemoryTarget("cold"), required=False))
    return ledger


def preview_of(ledger: Ledger, rules: Retention = RULES) -> Preview:
    s = ledger.services
    return Preview(s.database, s.places, s.clock, rules)


def walk(preview: Preview, days_ahead: float, limit: int) -> Counter[str]:
    found: Counter[str] = Counter()
    time, cursor = preview.time(days_ahead), ""
    while True:
        page, following = preview.page(time, cursor=cursor, limit=limit)
        assert len(page) <= limit
        found.update(judged.decision.action for judged in page)
        if following is None:
            return found
        cursor = following


@pytest.mark.parametrize("days_ahead", [0, 8, 400])
def test_totals_and_decisions_say_the_same(ledger: Ledger, days_ahead: int) -> None:
    preview = preview_of(ledger)
    totals, walked = preview.totals(preview.time(days_ahead)), walk(preview, days_ahead, 3)
    assert (totals.expire.count, totals.prune.count, totals.move.count) == (
        walked["expire"], walked["prune"], walked["move"]
    )  # fmt: skip
    assert sum(s.count for s in (totals.expire, totals.prune, totals.move, totals.kept)) == 15
    assert totals.kept.bytes == 13 * totals.kept.count


def test_each_video_gets_what_its_first_rule_says(ledger: Ledger) -> None:
    preview = preview_of(ledger)
    totals = preview.totals(preview.time())
    # A meeting and one whose time is over; the Raw ones that are not tagged big; those that are, and the camera's.
    assert (totals.expire.count, totals.move.count, totals.prune.count) == (2, 2, 5)


def test_without_rules_only_what_has_its_own_end_is_touched(ledger: Ledger) -> None:
    preview = preview_of(ledger, Retention())
    totals = preview.totals(preview.time())
    assert (totals.expire, totals.prune, totals.move) == (Sum(1, 13), Sum(0, 0), Sum(0, 0))
    assert walk(preview, 0, 10) == {"expire": 1}


def test_a_clock_that_is_doubted_would_do_nothing_and_says_so(ledger: Ledger) -> None:
    wrong = replace(ledger.services.clock, now=lambda: datetime.now(UTC) + timedelta(days=3650))
    preview = replace(preview_of(ledger), clock=wrong)
    assert "may be wrong" in preview.time().doubt
    assert preview.totals(preview.time()).kept.count == 15
