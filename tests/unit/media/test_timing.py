"""What packets tell of length and rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.media.timing import Packet, end_of, length_without_jumps, pace_of, packets, rates_agree, told_length


def at(*times: float) -> list[Packet]:
    return [Packet(time, 0.04) for time in times]


def test_lines_without_a_presentation_time_use_the_decoding_time() -> None:
    assert packets(b"0.5,0.4,0.04\nN/A,0.44,0.04\nN/A,N/A,N/A\nnonsense\n1.0,\n") == [
        Packet(0.5, 0.04),
        Packet(0.44, 0.04),
        Packet(1.0, 0.0),
    ]


@given(lines=st.binary(max_size=200))
def test_any_lines_are_survived(lines: bytes) -> None:
    found = packets(lines)
    length = end_of(found)
    assert length is None or length > 0
    assert pace_of(found, told=None).fps != 0


def test_a_file_ends_when_its_last_frame_does() -> None:
    assert end_of(at(0, 0.08, 0.04)) == pytest.approx(0.12)
    assert end_of(at(5000, 5000.04)) == pytest.approx(0.08)
    assert end_of([]) is None


@pytest.mark.parametrize(
    ("base", "average", "same"),
    [(25.0, 25.0, True), (30000 / 1001, 29.97, True), (50.0, 25.0, False), (90000.0, 24.3, False),
     (None, 25.0, False), (25.0, None, False), (1000.0, 1000.0, True), (16000.0, 16000.0, False)],
)  # fmt: skip
def test_rates_that_agree_need_no_look_at_packets(base: float | None, average: float | None, same: bool) -> None:
    assert rates_agree(base, average) is same


def test_regular_frames_are_constant_even_with_times_in_whole_milliseconds() -> None:
    thirds = [round(n / 30, 3) for n in range(200)]
    assert pace_of(at(*thirds), told=None).variable is False
    assert pace_of(at(*thirds), told=None).fps == pytest.approx(30, rel=0.01)


def test_a_frame_dropped_now_and_then_is_no_variable_rate() -> None:
    assert pace_of(at(*(n / 25 for n in range(200) if n % 60 != 30)), told=25.0).variable is False


def test_frames_that_come_when_something_moves_are_a_variable_rate() -> None:
    times = [n / 30 for n in range(100)] + [100 / 30 + n / 4 for n in range(20)]
    assert pace_of(at(*times), told=None).variable is True


def test_the_way_between_two_looks_is_no_gap() -> None:
    first, second = [n / 25 for n in range(300)], [500 + n / 25 for n in range(300)]
    assert pace_of(at(*first, *second), told=None).fps == pytest.approx(25, rel=0.01)
    assert pace_of(at(*first, *second), told=None).variable is False


def test_a_clock_rate_is_not_told_as_frames_per_second() -> None:
    assert pace_of(at(0, 0.1, 0.2, 0.3), told=90000.0).fps == pytest.approx(10)


@pytest.mark.parametrize(
    ("whole", "streams", "length"),
    [(60.0, [60.0, 59.0], 60.0), (4e6, [4.0, 4.1], 4.1), (4e6, [4.0, None], 4e6), (4e6, [], 4e6), (None, [4.0], 4.0),
     (None, [], None), (100.0, [45.0], 100.0)],
)  # fmt: skip
def test_a_length_is_believed_unless_all_streams_tell_another(
    whole: float | None, streams: list[float | None], length: float | None
) -> None:
    assert told_length(whole, streams) == length


def test_a_clock_that_jumps_adds_nothing_to_the_length_and_rare_frames_do() -> None:
    joined = at(*(n / 25 for n in range(100)), *(36_000 + n / 25 for n in range(100)))
    assert length_without_jumps(joined) == pytest.approx(8)
    assert length_without_jumps(at(0, 300, 600, 900)) == pytest.approx(1200)
    assert length_without_jumps([]) is None
