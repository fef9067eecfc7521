"""Foreign XML and foreign times: what makes no sense is refused, and never breaks off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.edge.soap_xml import instant, moment, parsed
from backend.errors import BadField

LEAST, GREATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-02-29T08:13:50+01:00", datetime(2024, 2, 29, 7, 13, 50, tzinfo=UTC)),
        ("2024-02-29T08:13:50.5", datetime(2024, 2, 29, 8, 13, 50, 500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", LEAST),
        ("0001-01-01T00:00:00Z", LEAST),
        ("9999-12-31T23:59:59.9999999-08:00", GREATEST),
        ("0000-01-01T00:00:00Z", None),
        ("2023-02-29T00:00:00Z", None),
        ("2024-01-01T00:00:00+25:00", None),
        ("yesterday", None),
    ],
)
def test_a_time_is_read_however_far_it_is(written: str, read: datetime | None) -> None:
    assert instant(written) == read


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again(at: datetime) -> None:
    assert instant(moment(at)) == at


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        b"<x>&a;</x>",
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b'<?xml version="1.0" encoding="nothing"?><x/>',
        b"\xff\xfe<\0x",
        b"",
    ],
)
def test_entities_and_what_is_no_xml_are_refused(hostile: bytes) -> None:
    with pytest.raises(BadField):
        parsed(hostile)


def test_elements_within_elements_to_any_depth_are_read_and_let_go() -> None:
    depth = 18_000
    assert parsed(b"<a>" * depth + b"</a>" * depth).tag == "a"
