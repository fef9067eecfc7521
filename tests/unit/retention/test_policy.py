"""When local bytes may go: only old ones, free of holds, that every required target has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalog.models import DeliveryState
from backend.retention.policy import Candidate, may_prune

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = Candidate(
    saved_at=NOW - timedelta(days=30),
    local_state="present",
    held=False,
    trashed=False,
    copies={"nas": "delivered"},
    others={"nas": "delivered"},
)


def test_an_old_video_that_every_required_target_has_may_go() -> None:
    decision = may_prune(GOOD, NOW, 7)
    assert (decision.prune, decision.reason) == (True, "verified on nas")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"local_state": "pruned"}, "gone already"),
        ({"held": True}, "held"),
        ({"trashed": True}, "trash"),
        ({"saved_at": NOW + timedelta(seconds=1)}, "clock looks wrong"),
        ({"saved_at": NOW - timedelta(days=6)}, "younger than 7 days"),
        ({"copies": {}}, "this is the only copy"),
        ({"copies": {"nas": "pending", "drive": ""}}, "not verified on drive, nas"),
        ({"others": {"nas": "delivered", "hot": "parked"}}, "still to be sent to hot"),
    ],
)
def test_each_thing_that_speaks_against_it_is_said(change: dict[str, object], why: str) -> None:
    decision = may_prune(replace(GOOD, **change), NOW, 7)  # type: ignore[arg-type] # each is a field's value
    assert not decision.prune
    assert why in decision.reason


states = st.sampled_from(["", *DeliveryState])


@given(
    saved_at=st.datetimes(datetime(2016, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is the strategy's
    local_state=st.sampled_from(["present", "pruning", "pruned", "purging", "purged"]),
    held=st.booleans(),
    trashed=st.booleans(),
    copies=st.dictionaries(st.sampled_from("abc"), states),
    others=st.dictionaries(st.sampled_from("abcd"), states),
    days=st.floats(0, 400),
)
def test_whatever_the_facts_the_last_good_copy_never_goes(
    saved_at: datetime,
    local_state: str,
    held: bool,
    trashed: bool,
    copies: dict[str, str],
    others: dict[str, str],
    days: float,
) -> None:
    decision = may_prune(Candidate(saved_at, local_state, held, trashed, copies, others), NOW, days)
    assert decision.reason
    if decision.prune:
        assert copies
        assert set(copies.values()) == {"delivered"}
        assert (local_state, held, trashed) == ("present", False, False)
        assert saved_at <= NOW - timedelta(days=days)
        assert not {"pending", "in_progress", "parked", "damaged"} & set(others.values())
