"""Totals of lists: exact where they are kept or few, and otherwise never more than there are, and said to be so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from backend.catalog import listing, ways
from backend.catalog.database import Database
from backend.catalog.filters import branches, filters
from backend.catalog.listing import Total, Wanted
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope
from tests.unit.catalog.test_listing import NOON, add, database, document

__all__ = ["database"]


def total(database: Database, scope: Scope = EVERYTHING, most: int = 3, looked_at: int = 4, **wanted: Any) -> Total:
    with database.read() as session:
        return listing.total(session, Wanted(**wanted), scope, most, looked_at)


@pytest.fixture
def ten(database: Database) -> Database:
    """Ten videos and two in the trash: all of one camera and one tag, every second in another project."""
    for number in range(12):
        add(
            database,
            document(
                number, project_id="odd" if number % 2 else "even", camera_id="gate", content_type="Raw",
                tags=("sea", "rare") if number < 2 else ("sea",), trashed_at=NOON if number > 9 else None,
            ),
        )  # fmt: skip
    return database


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 10),
        ({"content_type": "Raw"}, 10),
        ({"tags": ("sea",)}, 10),
        ({"tags": ("sea",), "operator": "AND"}, 10),
        ({"tags": ("none",)}, 0),
        ({"camera_id": "gate"}, 10),
        ({"camera_id": "gate", "project_id": "odd"}, 5),
        ({"tags": ("sea",), "project_id": "even", "sort": "name"}, 5),
        ({"state": "trashed"}, 2),
        ({"status": "trashed", "project_id": "odd", "content_type": "Raw"}, 1),
        ({"status": "trashed", "content_type": "none"}, 0),
    ],
)
def test_what_the_kept_counts_know_is_told_exactly_however_many_there_are(
    ten: Database, wanted: dict[str, Any], count: int
) -> None:
    assert total(ten, **wanted) == Total(count, is_exact=True)
    if "project_id" not in wanted:
        assert total(ten, Scope(frozenset({"none"})), **wanted) == Total(0, is_exact=True)


def test_what_is_counted_is_counted_no_further_than_the_most(ten: Database) -> None:
    assert total(ten, text="mp4", looked_at=50) == Total(3, is_exact=False)
    assert total(ten, text="mp4", most=9, looked_at=50) == Total(9, is_exact=False)
    assert total(ten, text="mp4", most=10, looked_at=50) == Total(10, is_exact=True)
    assert total(ten, text="mp4", tags=("rare",), looked_at=50) == Total(2, is_exact=True)


@pytest.mark.parametrize(
    "wanted",
    [
        {"text": "mp4"},
        {"text": "mp4", "camera_id": "gate"},
        {"camera_id": "gate", "tags": ("sea",), "project_id": "odd"},
        {"stored_after": NOON, "content_type": "Raw"},
        {"status": "processing", "camera_id": "gate"},
        {"status": "ready"},
    ],
)
def test_what_looks_at_some_only_tells_no_more_than_there_are_and_says_so(
    ten: Database, wanted: dict[str, Any]
) -> None:
    with ten.read() as session:
        shown = len(listing.page(session, Wanted(**wanted), EVERYTHING, None, 99).videos)
    told = total(ten, **wanted, most=50, looked_at=4)
    assert (told.is_exact, told.count <= shown) == (False, True)
    assert total(ten, **wanted, most=50, looked_at=50) == Total(shown, is_exact=True)


def test_a_few_that_lead_are_counted_exactly_among_many(ten: Database) -> None:
    assert total(ten, tags=("rare",), camera_id="gate", text="mp4") == Total(2, is_exact=True)
    assert total(ten, status="remote-only") == total(ten, status="unplayable") == Total(0, is_exact=True)


def test_a_total_that_is_not_exact_is_no_less_than_what_is_seen() -> None:
    assert Total(3, is_exact=False).at_least(7) == Total(7, is_exact=False)
    assert Total(3, is_exact=False).at_least(1) == Total(3, is_exact=False)
    assert Total(3, is_exact=True).at_least(7) == Total(3, is_exact=True)


def test_statuses_of_few_videos_go_by_their_indexes(ten: Database) -> None:
    """However many videos there are: a plan is made for the question, and none but these indexes answers it."""
    for status, indexes in _INDEXES.items():
        plan = _plan(ten, Wanted(status=status))
        for index in indexes:
            assert index in plan, plan


_INDEXES = {
    "remote-only": ("ix_videos_pruned", "ix_deliveries_error"),
    "unplayable": ("ix_deliveries_error", "ix_videos_media_state"),
}


def _plan(database: Database, wanted: Wanted) -> str:
    """What the database would do for a first page."""
    told = []
    with database.read() as session:
        if not database.is_sqlite:
            # So few rows are read at once otherwise.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        for branch in branches(wanted):
            where = ways.conditions(session, filters(branch, EVERYTHING, session, by_time=True), lambda: 10)
            query = select(Video.id).where(*where).order_by(Video.created_at.desc(), Video.id.desc()).limit(9)
            bound = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
            names = bound.positiontup if database.is_sqlite else None
            values = bound.params if names is None else tuple(bound.params[name] for name in names)
            explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            rows = session.connection().exec_driver_sql(f"{explain} {bound}", values)
            told += [str(row) for row in rows]
    return "\n".join(told)
