"""RTSP's ranges of wall-clock time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.edge import clock_range
from backend.edge.clock_range import ClockRange

AT = datetime(2020, 2, 27, 8, 13, 50, tzinfo=UTC)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATER = datetime(2020, 2, 27, 8, 14, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("clock=20200227T081350.000Z-", ClockRange(AT, None)),
        ("clock=20200227T081350Z-20200227T081400.5Z", ClockRange(AT, LATER)),
        ("clock = 20200227T081350Z - 20200227T081400.500000000Z", ClockRange(AT, LATER)),
        ("clock=-20200227T081400.5Z", ClockRange(None, LATER)),
        ("clock=20200227T081350Z-;time=19970123T143720Z", ClockRange(AT, None)),
        ("npt=0-", ClockRange(EARLIEST, None)),
        ("npt=0.000-", ClockRange(EARLIEST, None)),
        ("npt=now-", ClockRange(None, None)),
        ("npt=5-10", None),
        ("smpte=0:10:00-", None),
        ("clock=20201327T081350Z-", None),
        ("clock=20200227T081350-", None),
        ("clock=20200227T081350Z", None),
        ("", None),
    ],
)
def test_a_range_is_read_as_rfc_2326_writes_it(written: str, read: ClockRange | None) -> None:
    assert clock_range.parse(written) == read


moments = st.datetimes(
    datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2199-01-01"), timezones=st.just(UTC)
)


@given(moments, st.none() | moments)
def test_what_is_written_is_read_again(start: datetime, end: datetime | None) -> None:
    assert clock_range.parse(clock_range.written(start, end)) == ClockRange(start, end)
