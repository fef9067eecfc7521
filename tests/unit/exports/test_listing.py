"""Listings: where a stream can be entered and left without decoding it, and what it shows."""

from __future__ import annotations

from fractions import Fraction

from backend.exports.listing import Listing, Run, listing_of

_TICK = Fraction(1, 10)


def listing(*lines: str) -> Listing:
    return listing_of(lines, _TICK, 1)


def test_without_b_frames_each_frame_is_a_place_to_leave_at() -> None:
    found = listing("0,K_", "1,__", "2,__", "3,K_", "4,__")
    assert found.entries == (0, 3)
    assert found.exits == (1, 2, 3, 4, 5)
    assert found.runs == (Run(0, 5),)


def test_with_b_frames_it_is_left_only_where_no_later_frame_is_needed() -> None:
    found = listing("0,K_", "4,__", "2,__", "1,__", "3,__", "8,K_", "6,__", "5,__", "7,__")
    assert found.exits == (1, 5, 9)
    assert found.entries == (0, 8)
    assert found.shown == list(range(9))


def test_a_keyframe_with_frames_shown_after_it_before_it_is_no_entry() -> None:
    found = listing("0,K_", "4,__", "3,K_", "5,__")
    assert found.entries == (0,)


def test_before_the_first_keyframe_nothing_is_shown_but_the_clock_runs() -> None:
    found = listing("5,__", "6,__", "7,K_", "8,__")
    assert found.begin == 5
    assert found.runs == (Run(7, 9),)


def test_frames_far_apart_have_a_hole_between_them() -> None:
    found = listing("0,K_", "1,__", "2,__", "30,K_", "31,__")
    assert found.runs == (Run(0, 3), Run(30, 32))
    # A frame each ten seconds is how some cameras save room.
    assert len(listing("0,K_", "100,__", "200,__", "300,K_").runs) == 1


def test_what_an_edit_list_hides_is_not_shown() -> None:
    found = listing("-3,KD", "-2,_D", "-1,_D", "0,__", "1,__")
    assert found.shown == [0, 1]
    assert found.begin == 0
    assert found.runs == (Run(0, 2),)
    assert len(found.hidden) == 3


def test_lines_that_tell_no_time_are_left_out() -> None:
    assert list(listing("N/A,K_", "0,K_,", "", "x", "1,__").pts) == [0, 1]
    assert listing().runs == ()
    assert listing("0,__").runs == ()
