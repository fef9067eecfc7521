"""Columns that keep what they are given, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select

from backend.catalog.database import Database
from backend.catalog.types import Instant, PageAddress, VerbatimText

_THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("said", VerbatimText),
    Column("at", Instant),
    Column("page", PageAddress),
)
_ONE_DATABASE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
anything = st.text(st.characters(categories=None), max_size=40)  # also NUL and lone surrogates


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    with found.insert() as connection:
        _THINGS.create(connection)
    yield found
    found.close()


@given(said=anything)
@_ONE_DATABASE
def test_any_text_comes_back_as_it_was_and_is_found_by_itself(database: Database, said: str) -> None:
    with database.insert() as connection:
        connection.execute(delete(_THINGS))
        connection.execute(insert(_THINGS), {"id": 1, "said": said})
        assert connection.scalars(select(_THINGS.c.said).where(_THINGS.c.said == said)).all() == [said]


@given(
    at=st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)),  # noqa: DTZ001 - the zone is the other strategy's
    hours=st.integers(-12, 14),
)
@_ONE_DATABASE
def test_an_instant_of_any_zone_comes_back_in_utc(database: Database, at: datetime, hours: int) -> None:
    zoned = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    with database.insert() as connection:
        connection.execute(delete(_THINGS))
        connection.execute(insert(_THINGS), {"id": 1, "at": zoned})
        (back,) = connection.scalars(select(_THINGS.c.at))
    assert (back, back.tzinfo) == (zoned, UTC)


def test_instants_are_ordered_whatever_their_zones(database: Database) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    zones = [timezone(timedelta(hours=h)) for h in (9, 0, -9)]
    with database.insert() as connection:
        for number, zone in enumerate(zones):
            at = (noon + timedelta(minutes=number)).astimezone(zone)
            connection.execute(insert(_THINGS), {"id": number, "at": at})
        assert connection.scalars(select(_THINGS.c.id).order_by(_THINGS.c.at)).all() == [0, 1, 2]
        assert connection.scalars(select(_THINGS.c.id).where(_THINGS.c.at > noon)).all() == [1, 2]


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="without a zone"), database.insert() as connection:
        connection.execute(insert(_THINGS), {"id": 1, "at": datetime(2026, 11, 21)})  # noqa: DTZ001 - that is the point


def test_nothing_stays_nothing(database: Database) -> None:
    with database.insert() as connection:
        connection.execute(insert(_THINGS), {"id": 1})
        assert connection.execute(select(_THINGS.c.said, _THINGS.c.at)).one() == (None, None)


@pytest.mark.parametrize(
    "page",
    [
        "https://drive.google.com/file/d/1-aB_c/view?usp=drivesdk&a=b#t=1",
        "http://127.0.0.1:9000/a%20b",
        "HTTPS://drive.example.org/~ann/(1)",
    ],
)
def test_the_address_of_a_page_is_kept(database: Database, page: str) -> None:
    with database.insert() as connection:
        connection.execute(insert(_THINGS), {"id": 1, "page": page})
        assert connection.scalar(select(_THINGS.c.page)) == page


@pytest.mark.parametrize(
    "page",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)//https://",
        "data:text/html,<script>1</script>",
        "//drive.google.com/",
        "file:///etc/passwd",
        "https://",
        "https:drive.google.com",
        " https://drive.google.com/a",
        "https://drive.google.com/a\n",
        'https://drive.google.com/"onclick=x',
        "https://drive.google.com/<b>",
        "https://drive.google.com/a b",
        "https://drive.google.com/\u202e",
        "https://drive.google.com\\@evil.example/",
        "https://" + "a" * 3000,
        "",
        None,
    ],
)
def test_what_a_remote_calls_a_link_and_is_no_page_is_not_kept(database: Database, page: str | None) -> None:
    with database.insert() as connection:
        connection.execute(insert(_THINGS), {"id": 1, "page": page})
        assert connection.scalar(select(_THINGS.c.page)) == ""
