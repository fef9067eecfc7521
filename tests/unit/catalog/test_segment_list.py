"""Lists of segments: every one that overlaps, none that only touches; all pages together tell every gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from backend.catalog import segment_list, segments
from backend.catalog.database import Database
from backend.catalog.gaps import Stretch, gaps
from backend.catalog.models import Video
from backend.catalog.segment_list import iso_exact
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField, NotFound
from tests.unit.catalog.lines_of_time import CAMERA, OTHER, START, Model, at, emptied, stretch

# The same database for each example; `emptied` makes them independent.
with_database = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 25)).map(lambda pair: stretch(pair[0], pair[0] + pair[1])), max_size=14
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def model(database: Database) -> Model:
    return Model(database)


def walk(
    model: Model, bounds: Stretch, limit: int = 100, scope: Scope = EVERYTHING
) -> tuple[list[str], Sequence[Stretch]]:
    """All pages: ids, and all their gaps as they were told: each once, by one page."""
    ids: list[str] = []
    found: list[Stretch] = []
    cursor = ""
    while True:
        with model.database.read() as session:
            page = segment_list.page(session, CAMERA, bounds, scope, cursor, limit)
        ids += [row.video_id for row in page.segments]
        found += page.gaps
        if page.next_cursor is None:
            return ids, found
        assert len(page.segments) == limit
        cursor = page.next_cursor


@with_database
@given(stretches, st.integers(0, 60), st.integers(1, 40), st.integers(1, 4))
def test_all_pages_tell_every_overlapping_segment_and_every_gap(
    database: Database, given_stretches: list[Stretch], start: int, length: int, limit: int
) -> None:
    bounds = stretch(start, start + length)
    with emptied(database) as model:
        model.put_all(given_stretches)
        ids, found = walk(model, bounds, limit)
        assert ids == model.overlapping(bounds)
        assert found == gaps(given_stretches, bounds)
        with database.read() as session:
            assert [one.id for one in segments.overlapping(session, CAMERA, bounds)] == ids


@pytest.mark.parametrize(
    ("start", "end", "is_found"),
    [
        (0, 10, False),  # it ends where the question begins
        (0, 10.000001, True),
        (20, 30, False),  # it begins where the question ends
        (19.999999, 30, True),
        (10, 20, True),  # identical
        (12, 15, True),  # within
        (5, 25, True),  # around
        (0, 10 + 6 * 86400, True),  # around, and long
    ],
)
def test_ends_are_half_open(model: Model, start: float, end: float, is_found: bool) -> None:
    model.put(stretch(start, end))
    assert bool(walk(model, stretch(10, 20))[0]) is is_found


def test_a_segment_across_midnight_belongs_to_both_days(model: Model) -> None:
    name = model.put(stretch(0, 60))
    midnight = datetime(2025, 1, 24, tzinfo=UTC)
    assert walk(model, Stretch(midnight - timedelta(days=1), midnight))[0] == [name]
    assert walk(model, Stretch(midnight, midnight + timedelta(days=1)))[0] == [name]


def test_the_hour_that_comes_twice_is_two_hours(model: Model) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2025, 10, 26, 2, 0, tzinfo=berlin)
    second = first.replace(fold=1)
    one = model.put(Stretch(first.astimezone(UTC), first.astimezone(UTC) + timedelta(hours=1)))
    two = model.put(Stretch(second.astimezone(UTC), second.astimezone(UTC) + timedelta(hours=1)))
    summer, winter = (datetime.fromisoformat(f"2025-10-26T02:30:00{offset}") for offset in ("+02:00", "+01:00"))
    minute = timedelta(minutes=1)
    assert walk(model, Stretch(summer, summer + minute)) == ([one], [])
    assert walk(model, Stretch(winter, winter + minute)) == ([two], [])


def test_a_long_segment_that_came_late_is_found_behind_short_ones(model: Model) -> None:
    for number in range(50):
        model.put(stretch(3600 + number, 3601 + number))
    late = model.put(stretch(0, 7 * 86400))
    assert late in walk(model, stretch(3 * 86400, 3 * 86400 + 1))[0]


def test_segments_that_come_between_two_pages_make_no_other_be_missed(model: Model) -> None:
    for number in range(6):
        model.put(stretch(10 * number, 10 * number + 10))
    bounds = stretch(0, 60)
    with model.database.read() as session:
        page = segment_list.page(session, CAMERA, bounds, EVERYTHING, "", 3)
    model.put(stretch(5, 6))
    late = model.put(stretch(45, 46))
    with model.database.read() as session:
        rest = segment_list.page(session, CAMERA, bounds, EVERYTHING, page.next_cursor or "", 10)
    ids = [row.video_id for row in rest.segments]
    assert late in ids
    assert len(ids) == 4


def test_nothing_of_other_cameras_of_the_trash_and_of_other_projects_is_told(model: Model) -> None:
    model.put(stretch(0, 10), OTHER)
    gone = model.put(stretch(0, 10))
    other = model.put(stretch(0, 10), project_id="q")
    with model.database.write() as session:
        session.execute(update(Video).where(Video.id == gone).values(trashed_at=START))
    assert walk(model, stretch(0, 10)) == ([other], [])
    assert walk(model, stretch(0, 10), scope=Scope(frozenset({"p"}))) == ([], [stretch(0, 10)])
    with model.database.read() as session:
        with pytest.raises(NotFound):
            segment_list.one(session, gone)
        with pytest.raises(NotFound):
            segment_list.one(session, other, Scope(frozenset({"p"})))
        assert segment_list.one(session, other).video_id == other


def test_what_comes_back_from_the_trash_is_listed_again(model: Model) -> None:
    name = model.put(stretch(0, 10))
    for trashed_at, listed in ((START, []), (None, [name])):
        with model.database.write() as session:
            session.execute(update(Video).where(Video.id == name).values(trashed_at=trashed_at))
        assert walk(model, stretch(0, 10))[0] == listed


@pytest.mark.parametrize("cursor", ["x", "1.2.3.4", f"{'9' * 18}.1.1.{CAMERA}"])
def test_a_cursor_of_ones_own_making_is_refused(model: Model, cursor: str) -> None:
    with model.database.read() as session, pytest.raises(BadField, match="cursor"):
        segment_list.page(session, CAMERA, stretch(0, 10), EVERYTHING, cursor, 10)


def test_times_are_told_as_exactly_as_they_are_known() -> None:
    assert iso_exact(at(0)) == "2025-01-23T23:59:30.000Z"
    assert iso_exact(at(0.000001)) == "2025-01-23T23:59:30.000001Z"


def test_the_first_and_the_last_instants_there_are_can_be_asked_for(model: Model) -> None:
    name = model.put(stretch(0, 10))
    everything = Stretch(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert walk(model, everything)[0] == [name]
