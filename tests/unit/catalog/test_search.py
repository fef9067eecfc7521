"""The words that videos are found by follow every change, in its own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.catalog import listing, rarity, saves, search, videos, ways
from backend.catalog.database import Database
from backend.catalog.listing import Wanted
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING
from tests.unit.catalog.test_listing import NOON, add, document


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def finds(database: Database, asked: str) -> bool:
    with database.read() as session:
        assert search.unfindable(session) == []
        return bool(listing.page(session, Wanted(text=asked), EVERYTHING, None, 9).videos)


def test_an_edited_video_is_found_by_its_new_words_and_no_more_by_the_old(database: Database) -> None:
    doc = document(1, title="Gulls", tags=("sea",), stored_filename="_")
    add(database, doc)
    assert finds(database, "gull sea")
    video = doc.video.model_copy(update={"title": "Seals", "tags": ("ice",), "updated_at": NOON + timedelta(days=1)})
    assert saves.adopt(database, doc.model_copy(update={"video": video, "revision": 2}))
    assert finds(database, "seal ice")
    assert not finds(database, "gull")
    assert not finds(database, "sea ice gull")


def test_a_change_that_is_rolled_back_changes_no_word(database: Database) -> None:
    doc = document(1, title="Gulls")
    add(database, doc)

    def fail() -> None:
        with database.write() as session:
            row = session.get_one(Video, doc.video.id)
            videos.apply(row, doc.model_copy(update={"video": doc.video.model_copy(update={"title": "Seals"})}))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert finds(database, "gulls")
    assert not finds(database, "seals")


def test_a_video_that_a_session_adds_or_deletes_is_found_and_forgotten(database: Database) -> None:
    with database.write() as session:
        row = videos.row_of(document(1, title="Gulls"))
        session.add(row)
    assert finds(database, "gulls")
    with database.write() as session:
        session.delete(session.get_one(Video, row.id))
    assert not finds(database, "gulls")
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM video_words")) == 0
    assert search.index_trouble(database) == ""


def test_all_ways_to_a_page_show_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few videos one filter leads; as soon as more would be too many, the list is walked."""
    for number in range(12):
        tags = tuple(t for n, t in enumerate(("sea", "sand", "sun"), 2) if number % n == 0)
        label, camera = "ab"[number % 2], ["", "gate"][number % 2]
        add(database, document(number, title="Gulls one", tags=tags, content_type=label, camera_id=camera))
    asked = [
        Wanted(text="gull"),
        Wanted(text="gull on"),
        Wanted(tags=("sea", "sand")),
        Wanted(min_duration=0.0),
        Wanted(tags=("sea", "sand"), operator="AND"),
        Wanted(project_id="p", content_type="a"),
        Wanted(camera_id="gate"),
        Wanted(text="one", tags=("sand",), content_type="b", camera_id="gate"),
        Wanted(stored_after=NOON + timedelta(seconds=5), sort="name"),
        Wanted(state="trashed"),
        Wanted(held=True),
        Wanted(content_type="b", sort="largest"),
        Wanted(status="processing"),
    ]
    shown = []
    for most in (5000, 3, 0):
        for module in (ways, rarity):
            monkeypatch.setattr(module, "MOST_LED", most)
        monkeypatch.setattr(rarity, "_SURELY", most)
        with database.read() as session:
            pages = [listing.page(session, wanted, EVERYTHING, None, 50).videos for wanted in asked]
        shown.append([[video.id for video in page] for page in pages])
    assert shown[0] == shown[1] == shown[2]
    assert [len(page) for page in shown[0]] == [12, 12, 8, 0, 2, 6, 6, 2, 7, 0, 0, 6, 12]
