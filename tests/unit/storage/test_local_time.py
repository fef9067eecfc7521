"""Times without a zone are local time, in the hour that comes twice as well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.storage import MemoryVideoStorage
from backend.storage.local_time import EARLIEST_US, LATEST_US, local_text, now_us, range_us
from tests.unit.storage.clocks import Clock


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("local", "start", "end"),
    [
        ("2024-01-15T10:30:00", "2024-01-15T09:30:00", "2024-01-15T09:30:00"),
        ("2024-07-15T10:30:00", "2024-07-15T08:30:00", "2024-07-15T08:30:00"),
        # Comes twice: the whole of what may be meant.
        ("2024-10-27T02:30:00", "2024-10-27T00:30:00", "2024-10-27T01:30:00"),
        # Is left out: the same.
        ("2024-03-31T02:30:00", "2024-03-31T00:30:00", "2024-03-31T01:30:00"),
    ],
)
def test_a_time_without_a_zone_is_local_and_read_in_its_widest_sense(local: str, start: str, end: str) -> None:
    at = datetime.fromisoformat(local)
    assert range_us(at, at) == (us(start), us(end))


@pytest.mark.usefixtures("berlin")
def test_a_start_that_says_it_is_the_second_of_two_is_taken_at_its_word() -> None:
    second = datetime(2024, 10, 27, 2, 30, fold=1)
    assert range_us(second, second) == (us("2024-10-27T01:30:00"),) * 2
    assert range_us(second - timedelta(minutes=10), None)[0] == us("2024-10-27T00:20:00")


@pytest.mark.usefixtures("berlin")
def test_texts_are_local_and_without_a_zone_in_both_of_two_hours() -> None:
    assert local_text(us("2024-10-27T00:30:00")) == local_text(us("2024-10-27T01:30:00")) == "2024-10-27T02:30:00"
    assert local_text(us("2024-01-15T09:30:00") + 123_456) == "2024-01-15T10:30:00.123456"


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("stored_at", ["2024-10-27T00:10:00", "2024-10-27T01:10:00"])
def test_a_video_of_the_hour_that_comes_twice_is_found_by_times_that_forgot_which(stored_at: str) -> None:
    storage = MemoryVideoStorage(clock=Clock(us(stored_at)))
    key = storage.store_video(b"x", {})
    found = storage.search_by_timestamp_range(datetime(2024, 10, 27, 2, 0), datetime(2024, 10, 27, 2, 20))
    assert [video["key"] for video in found] == [key]
    assert found[0]["stored_at"] == "2024-10-27T02:10:00"


def test_a_time_with_a_zone_is_that_instant() -> None:
    at = datetime.fromisoformat("2024-10-27T02:30:00+02:00")
    assert range_us(at, at) == (us("2024-10-27T00:30:00"),) * 2


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Adak"])
def test_the_first_and_last_times_that_python_knows_are_open_ends(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        start, end = range_us(datetime.min, datetime.max)
        assert EARLIEST_US <= start < us("1900-01-01T00:00:00")
        assert us("9990-01-01T00:00:00") < end <= LATEST_US
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.usefixtures("berlin")
@given(st.integers(0, us("2050-01-01T00:00:00")))
def test_a_text_read_back_as_a_range_finds_its_instant(at_us: int) -> None:
    at = datetime.fromisoformat(local_text(at_us))
    start, end = range_us(at, at)
    assert start <= at_us <= end


@pytest.mark.usefixtures("berlin")
def test_now_lies_between_a_moment_ago_and_a_moment_ahead() -> None:
    start, end = range_us(datetime.now() - timedelta(seconds=30), datetime.now() + timedelta(seconds=30))
    assert start < now_us() < end
