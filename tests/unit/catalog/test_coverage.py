"""What a camera recorded: joined exactly, and shares of bins that smooth no gap over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.catalog.coverage import lane, shares
from backend.catalog.database import Database
from backend.catalog.gaps import Stretch, gaps, joined
from backend.catalog.videos import Scope
from tests.unit.catalog.lines_of_time import CAMERA, OTHER, Model, emptied, stretch
from tests.unit.catalog.test_segment_list import stretches, with_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


@with_database
@given(stretches, st.integers(0, 60), st.integers(1, 40))
def test_a_lane_is_exactly_what_was_recorded(
    database: Database, given_stretches: list[Stretch], start: int, length: int
) -> None:
    bounds = stretch(start, start + length)
    with emptied(database) as model:
        model.put_all(given_stretches)
        with database.read() as session:
            found = lane(session, CAMERA, bounds)
        assert list(found.stretches) == joined(inside for one in given_stretches if (inside := one.within(bounds)))
        assert found.segments == len(model.overlapping(bounds))


def test_a_lane_tells_nothing_of_others(database: Database) -> None:
    model = Model(database)
    model.put(stretch(0, 10), OTHER)
    model.put(stretch(0, 10), project_id="q")
    with database.read() as session:
        assert lane(session, CAMERA, stretch(0, 10), Scope(frozenset({"p"}))).segments == 0
        assert lane(session, "323e4567-e89b-12d3-a456-426614174000", stretch(0, 10)).stretches == ()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(stretches, st.integers(1, 40), st.integers(1, 30))
def test_a_bin_is_full_or_empty_only_if_it_is_exactly_so(
    given_stretches: list[Stretch], length: int, bins: int
) -> None:
    bounds = stretch(0, length)
    whole = joined(inside for one in given_stretches if (inside := one.within(bounds)))
    found = shares(whole, bounds, bins)
    edges = [bounds.start + (bounds.end - bounds.start) * number / bins for number in range(bins + 1)]
    assert len(found) == bins
    for number, share in enumerate(found):
        part = Stretch(edges[number], edges[number + 1])
        missing = gaps(whole, part)
        assert (share == 1) == (not missing)
        assert (share == 0) == (missing == [part])


def test_a_gap_of_a_microsecond_in_a_year_is_seen() -> None:
    year = stretch(0, 365 * 86400)
    parts = [stretch(0, 1000), stretch(1000.000001, 365 * 86400)]
    assert max(shares(parts, year, 1)) < 1
    assert min(shares([stretch(5, 5.000001)], year, 1)) > 0
