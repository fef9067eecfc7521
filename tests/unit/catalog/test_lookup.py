"""Finding videos by what a person types or holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog import lookup, saves
from backend.catalog.database import Database
from backend.catalog.listing import Wanted
from backend.catalog.migrate import migrate
from backend.disk.sidecar import LocalFacts, Sidecar, VideoFacts
from backend.errors import BadField, NotFound

_START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    found = Database(database_url)
    yield found
    found.close()


def add(database: Database, video_id: str, number: int = 0, state: str = "present", project: str = "default") -> None:
    facts = VideoFacts(
        id=video_id, bytes_id=video_id, project_id=project, original_filename="a.mp4",
        stored_filename=f"{video_id}.mp4", relative_path=f"uploads/project_{project}/{video_id}.mp4",
        sha256="ab" * 32, size_bytes=10, mime_type="video/mp4",
        saved_at=_START + timedelta(seconds=number), updated_at=_START,
    )  # fmt: skip
    saves.save(database, Sidecar(video=facts, local=LocalFacts.model_validate({"state": state})), "")


@pytest.mark.parametrize("word", ["aaaa1111-0", "aaaa1111-0.mp4", "aaaa1", "AAAA1"])
def test_one_is_found_by_id_beginning_or_name(database: Database, word: str) -> None:
    add(database, "aaaa1111-0")
    add(database, "aaaa2222-0")
    with database.read() as session:
        assert lookup.one(session, word).id == "aaaa1111-0"


@pytest.mark.parametrize("word", ["", "aaa", "bbbb", "%", "____", "aaaa1111-0.mov"])
def test_what_fits_nothing_is_not_found(database: Database, word: str) -> None:
    add(database, "aaaa1111-0")
    with database.read() as session, pytest.raises(NotFound):
        lookup.one(session, word)


def test_what_fits_several_names_them(database: Database) -> None:
    add(database, "aaaa1111-0")
    add(database, "aaaa2222-0")
    with database.read() as session, pytest.raises(BadField, match=r"aaaa1111-0, aaaa2222-0"):
        lookup.one(session, "aaaa")


def test_content_is_known_by_project_wherever_its_bytes_are(database: Database) -> None:
    add(database, "aaaa1111-0", 2, "pruned")
    add(database, "aaaa2222-0", 1, "purged")
    add(database, "aaaa3333-0", 0, "present", "other")
    with database.read() as session:
        assert [video.id for video in lookup.holding(session, "default", "ab" * 32, 10)] == ["aaaa1111-0"]
        assert not lookup.holding(session, "default", "ab" * 32, 11)
        assert not lookup.holding(session, "nobody", "ab" * 32, 10)
        assert lookup.sizes(session, "default") == {10}


def test_every_walks_all_pages_newest_first_up_to_a_limit(database: Database) -> None:
    for number in range(401):
        add(database, f"{number:08x}-0", number)
    for limit, count in ((None, 401), (1, 1), (200, 200), (250, 250), (1000, 401)):
        found = [video.id for video in lookup.every(database, Wanted(), limit)]
        assert found == [f"{number:08x}-0" for number in range(400, 400 - count, -1)]
