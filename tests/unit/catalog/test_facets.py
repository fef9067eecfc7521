"""What a list can be narrowed to: counts that the list itself confirms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from backend.catalog import facets, listing, saves
from backend.catalog.database import Database
from backend.catalog.facets import Facet
from backend.catalog.listing import Wanted
from backend.catalog.migrate import migrate
from backend.catalog.videos import EVERYTHING, Scope
from tests.unit.catalog.test_listing import NOON, document


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    found = Database(database_url)
    yield found
    found.close()


def add(database: Database, number: int, local: str = "present", **facts: Any) -> None:
    saves.save(database, document(number, local, **facts), "ann")


def asked(database: Database, scope: Scope = EVERYTHING) -> facets.Facets:
    with database.read() as session:
        return facets.facets(session, scope)


def test_each_count_is_what_the_list_then_shows(database: Database) -> None:
    for number in range(12):
        tags = [f"t{n}" for n in range(4) if number % (n + 1) == 0]
        add(
            database, number, project_id="ab"[number % 2], content_type=["", "Raw", "raw"][number % 3],
            tags=tuple(tags), camera_id=["", "gate"][number % 2], trashed_at=NOON if number > 9 else None,
        )  # fmt: skip
    found = asked(database)
    ways = {"projects": "project_id", "labels": "content_type", "tags": "tags", "cameras": "camera_id"}
    for name, field in ways.items():
        values: list[Facet] = getattr(found, name)
        assert values
        for facet in values:
            wanted: dict[str, Any] = {field: (facet.value,) if field == "tags" else facet.value}
            with database.read() as session:
                assert listing.total(session, Wanted(**wanted), EVERYTHING).count == facet.count
    assert found.labels == [Facet("Raw", 3), Facet("raw", 3)]
    assert found.tags[0] == Facet("t0", 10)
    assert found.cameras == [Facet("gate", 5)]


def test_nothing_of_other_projects_of_the_trash_and_of_what_is_gone_is_told(database: Database) -> None:
    add(database, 1, project_id="mine", tags=("a",))
    add(database, 2, project_id="secret", tags=("b",), camera_id="hidden", content_type="Secret")
    add(database, 3, project_id="mine", tags=("c",), trashed_at=NOON)
    add(database, 4, "purged", project_id="mine", tags=("d",))
    found = asked(database, Scope(frozenset({"mine"})))
    assert found == facets.Facets([Facet("mine", 1)], [], [Facet("a", 1)], [])


def test_the_most_used_come_first_and_at_most_200(database: Database) -> None:
    for number in range(3):
        add(database, number, tags=tuple(f"rare {number} {n}" for n in range(90)) + ("often",) * (number > 0))
    found = asked(database).tags
    assert len(found) == 200
    assert found[0] == Facet("often", 2)


def test_four_questions_to_the_database_are_all_it_takes(database: Database) -> None:
    for number in range(30):
        add(database, number, tags=(f"t{number}",), project_id=f"p{number}")
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    asked(database)
    assert len([s for s in statements if s.startswith(("SELECT", "WITH"))]) == 4
