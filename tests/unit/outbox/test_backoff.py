"""Waiting between attempts: grows, is bounded, never ends, and respects what the remote asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.outbox.backoff import (
    FIRST_SECONDS,
    LONGEST_PROBE_SECONDS,
    LONGEST_SECONDS,
    LONGEST_WISH_SECONDS,
    delay_seconds,
    probe_seconds,
    wish_seconds,
)

counts = st.integers(min_value=1, max_value=10**9)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)
wishes = st.none() | st.floats(min_value=-10, max_value=1e12)


@given(counts, chances)
def test_a_wait_lies_between_half_and_all_of_a_doubling_step_and_is_bounded(attempts: int, chance: float) -> None:
    whole = min(FIRST_SECONDS * 2 ** min(attempts - 1, 40), LONGEST_SECONDS)
    assert whole / 2 <= delay_seconds(attempts, None, lambda: chance) <= whole <= LONGEST_SECONDS


@given(counts, chances)
def test_waits_never_shrink_with_more_attempts(attempts: int, chance: float) -> None:
    assert delay_seconds(attempts, None, lambda: chance) <= delay_seconds(attempts + 1, None, lambda: chance)


@given(counts, chances, wishes)
def test_a_retry_after_is_a_floor_and_never_shortens(attempts: int, chance: float, wish: float | None) -> None:
    alone = delay_seconds(attempts, None, lambda: chance)
    with_wish = delay_seconds(attempts, wish, lambda: chance)
    assert with_wish >= alone
    assert with_wish >= min(wish or 0, LONGEST_WISH_SECONDS)
    assert with_wish in (alone, wish_seconds(wish))


@given(counts, wishes)
def test_there_is_no_last_attempt(attempts: int, wish: float | None) -> None:
    assert 0 < delay_seconds(attempts, wish) <= max(LONGEST_SECONDS, LONGEST_WISH_SECONDS)


@given(counts, chances)
def test_a_paused_target_is_asked_slowly_but_for_ever(probes: int, chance: float) -> None:
    assert FIRST_SECONDS / 2 <= probe_seconds(probes, lambda: chance) <= LONGEST_PROBE_SECONDS


@given(counts)
def test_files_that_failed_together_do_not_return_together(attempts: int) -> None:
    assert len({delay_seconds(attempts) for _ in range(20)}) > 10
