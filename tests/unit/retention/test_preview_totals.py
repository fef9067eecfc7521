"""Totals that are counted piece by piece: never more than there are, said to be so, and right at the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog import cases
from backend.catalog.cases import Asked, Case, Sum
from backend.catalog.database import Database
from backend.catalog.videos import EVERYTHING, Scope
from backend.retention.policy import Action
from backend.retention.preview_totals import Tally
from tests.unit.catalog.test_listing import NOON, add, database, document

__all__ = ["database"]

ALL = Sum(100, 1000)


def case(count: int) -> Case:
    return Case("p", "", "", "present", False, False, False, datetime.now(UTC), (), {}, count, 10 * count)


def pieces(*of: list[tuple[int, Action]]) -> Iterator[list[tuple[Case, Action]]]:
    yield from ([(case(count), action) for count, action in piece] for piece in of)


def test_until_all_pieces_are_counted_the_totals_are_those_of_some_and_say_so() -> None:
    tally = Tally(ALL, pieces([(3, "expire"), (2, "keep")], [(4, "expire"), (1, "prune")]))
    assert not tally.totals.are_exact
    tally.go_on(0)
    assert tally.totals.expire == Sum(0, 0), "no time, no piece"
    totals = tally.go_on()
    assert (totals.expire, totals.prune, totals.move) == (Sum(7, 70), Sum(1, 10), Sum(0, 0))
    assert (totals.kept, totals.are_exact) == (Sum(92, 920), True), "young ones are in no piece, and kept"


def test_what_is_counted_so_far_is_told_meanwhile_and_counted_once() -> None:
    def watched() -> Iterator[list[tuple[Case, Action]]]:
        yield [(case(3), "expire"), (case(2), "keep")]
        told = tally.go_on(60)  # as another thread would, in the middle of a piece
        assert (told.expire.count, told.kept.count, told.are_exact) == (3, 2, False)
        yield [(case(4), "expire")]

    tally = Tally(ALL, watched())
    assert tally.go_on(60).expire.count == 7


def test_what_broke_off_is_never_told_as_exact() -> None:
    def broken() -> Iterator[list[tuple[Case, Action]]]:
        yield [(case(3), "expire")]
        raise OSError("the database is away")

    tally = Tally(ALL, broken())
    with pytest.raises(OSError, match="away"):
        tally.go_on()
    assert (tally.go_on().expire.count, tally.go_on(60).are_exact) == (3, False)


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
def test_pieces_of_any_size_hold_each_old_video_once(database: Database, at_once: int) -> None:
    """Of equal times too; the young ones only where their own time is over."""
    ages = [30, 30, 30, 20, 20, 1, 1, 1]
    for number, age in enumerate(ages):
        over = NOON - timedelta(hours=number) if number in (1, 5, 6) else None
        saved_at = NOON - timedelta(days=age)
        add(database, document(number, saved_at=saved_at, expires_at=over, project_id="odd" if number % 2 else "even"))
    asked = Asked(NOON, ages=(10, 25))
    found = [case for piece in cases.pieces(database, asked, at_once) for case in piece]
    assert sum(case.count for case in found) == 7
    assert sum(case.count for case in found if case.expired) == 3
    mine = [Asked(NOON, ages=(10,), scope=scope) for scope in (Scope(frozenset({"odd"})), Scope(frozenset()))]
    assert [sum(c.count for piece in cases.pieces(database, one, at_once) for c in piece) for one in mine] == [3, 0]
    ended = [case for piece in cases.pieces(database, Asked(NOON), at_once) for case in piece]
    assert sum(case.count for case in ended) == 3
    with database.read() as session:
        assert cases.listed(session, EVERYTHING) == Sum(8, sum(10 + n for n in range(8)))
        pages: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page, cursor = cases.old_page(session, asked, cursor, at_once)
            pages += [video.original_filename for video in page]
    assert pages == [f"{n}.mp4" for n in (0, 1, 2, 3, 4, 5, 6)], "the oldest first, each once"
