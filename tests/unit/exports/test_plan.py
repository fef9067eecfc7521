"""Plans: whatever the recordings are, each instant is shown once at most, and what none shows is a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from backend.catalog.gaps import Stretch, gaps, joined
from backend.exports.plan import plan

_ZERO = datetime(2026, 11, 21, tzinfo=UTC)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(_ZERO + timedelta(seconds=start), _ZERO + timedelta(seconds=end))


stretches = some.tuples(some.integers(0, 40), some.integers(1, 15)).map(lambda one: stretch(one[0], sum(one)))
several = some.lists(stretches, max_size=12)


@given(several, stretches)
def test_no_instant_is_shown_twice_and_all_are_in_order(recordings: list[Stretch], asked: Stretch) -> None:
    for before, after in pairwise(plan(recordings, asked).pieces):
        assert before.bounds.end <= after.bounds.start


@given(several, stretches)
def test_all_that_is_recorded_is_covered_and_the_rest_is_gaps(recordings: list[Stretch], asked: Stretch) -> None:
    planned = plan(recordings, asked)
    recorded = joined(inside for one in recordings if (inside := one.within(asked)))
    assert joined(piece.bounds for piece in planned.pieces) == recorded
    assert list(planned.gaps) == gaps(recordings, asked)


@given(several, stretches)
def test_a_piece_lies_within_its_recording_and_the_asked_bounds(recordings: list[Stretch], asked: Stretch) -> None:
    for piece in plan(recordings, asked).pieces:
        assert piece.bounds.within(recordings[piece.number]) == piece.bounds
        assert piece.bounds.within(asked) == piece.bounds


@given(several, stretches)
def test_the_order_in_which_recordings_are_given_does_not_matter(recordings: list[Stretch], asked: Stretch) -> None:
    def shown(given_order: list[Stretch]) -> list[tuple[Stretch, Stretch]]:
        return [(given_order[piece.number], piece.bounds) for piece in plan(given_order, asked).pieces]

    assert shown(recordings) == shown(recordings[::-1])


def test_what_lies_within_another_is_not_used() -> None:
    planned = plan([stretch(2, 4), stretch(0, 10), stretch(5, 6)], stretch(0, 10))
    assert [(piece.number, piece.bounds) for piece in planned.pieces] == [(1, stretch(0, 10))]


def test_the_next_one_takes_over_where_it_begins() -> None:
    planned = plan([stretch(0, 10), stretch(7, 20)], stretch(3, 15))
    assert [piece.bounds for piece in planned.pieces] == [stretch(3, 7), stretch(7, 15)]
