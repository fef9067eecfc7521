"""The way between a row and its sidecar, and finding rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend.catalog import saves, videos
from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import Video, VideoTag
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.sidecar import DeliveryFacts, LocalFacts, Sidecar, VideoFacts
from backend.errors import NotFound

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
text = st.text(st.characters(categories=None), max_size=12)
moment = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is the strategy's
json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('aé"\\', max_size=4), lambda x: st.lists(x, max_size=2)
)


def document(number: int = 0, /, **changes: Any) -> Sidecar:
    """A sidecar; `changes` are fields of its video part."""
    video_id = str(uuid.uuid4())
    facts = {
        "id": video_id, "bytes_id": video_id, "project_id": "p", "original_filename": f"{number}.mp4",
        "stored_filename": f"{video_id}.mp4", "relative_path": f"uploads/project_p/{video_id}.mp4",
        "sha256": f"{number:064x}", "size_bytes": 10 + number, "mime_type": "video/mp4",
        "saved_at": NOON + timedelta(seconds=number), "updated_at": NOON,
    }  # fmt: skip
    return Sidecar(video=VideoFacts(**(facts | changes)), deliveries=(DeliveryFacts(target="nas", state="pending"),))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    found = Database(database_url)
    yield found
    found.close()


@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(("project_id", "original_filename", "title", "description", "source"), text)
    ),
    tags=st.lists(text, unique=True, max_size=3),
    metadata=st.dictionaries(st.text("abc", max_size=3), json, max_size=3),
    start_at=st.none() | moment,
    size_bytes=st.integers(1, 2**62),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_row_and_its_sidecar_hold_the_same(database: Database, texts: dict[str, str], **facts: Any) -> None:
    facts["tags"] = tuple(facts["tags"])
    doc = document(0, **texts, **facts)
    saves.save(database, doc, "ann")
    with database.read() as session:
        row = videos.get(session, doc.video.id)
        assert videos.sidecar_of(row) == doc


def test_applying_a_sidecar_again_and_again_changes_nothing(database: Database) -> None:
    doc = document(tags=("b", "a"))
    saves.save(database, doc, "ann")
    for tags in (("b", "a"), ("a", "b"), ("c",), ()):
        doc = doc.model_copy(update={"video": doc.video.model_copy(update={"tags": tags})})
        for _ in range(2):
            with database.write() as session:
                videos.apply(videos.get(session, doc.video.id), doc)
        with database.read() as session:
            assert videos.sidecar_of(videos.get(session, doc.video.id)) == doc


def test_what_was_being_sent_waits_again_after_a_rebuild_and_what_was_being_deleted_is(database: Database) -> None:
    states = ["pending", "in_progress", "delivered", "failed", "damaged", "deleting", "deleted"]
    doc = document().model_copy(update={"deliveries": tuple(DeliveryFacts(target=s, state=s) for s in states)})
    saves.adopt(database, doc)
    with database.read() as session:
        found = {d.target: d.state for d in videos.get(session, doc.video.id).deliveries}
    assert found == {s: s for s in states} | {"in_progress": "pending"}


def test_the_higher_revision_wins(database: Database) -> None:
    doc = document(title="first")
    assert saves.adopt(database, doc)
    assert not saves.adopt(database, doc)
    newer = doc.model_copy(update={"revision": 5, "video": doc.video.model_copy(update={"title": "second"})})
    assert saves.adopt(database, newer)
    assert not saves.adopt(database, doc)
    with database.read() as session:
        assert videos.get(session, doc.video.id).title == "second"


def test_a_save_is_all_or_nothing(database: Database) -> None:
    doc = document(tags=("a",))
    saves.save(database, doc, "ann")
    clash = document(relative_path=doc.video.relative_path, tags=("b",))
    with pytest.raises(Exception, match=r"(?i)unique"):
        saves.save(database, clash, "ann")
    with database.read() as session:
        assert session.scalars(select(Video.id)).all() == [doc.video.id]
        assert session.scalars(select(VideoTag.tag)).all() == ["a"]


def test_a_project_that_one_may_not_see_is_as_if_it_were_not(database: Database) -> None:
    doc = document(project_id="secret")
    saves.save(database, doc, "ann")
    scope = Scope(frozenset({"open"}))
    with database.read() as session:
        assert videos.same_content(session, doc.video.sha256, doc.video.size_bytes, scope) is None
        with pytest.raises(NotFound):
            videos.get(session, doc.video.id, scope)
        with pytest.raises(NotFound):
            videos.by_stored_name(session, doc.video.stored_filename, scope)


def test_twins_are_found_only_where_their_bytes_are(database: Database) -> None:
    doc = document()
    saves.save(database, doc, "ann")

    def found() -> bool:
        with database.read() as session:
            return videos.same_content(session, doc.video.sha256, doc.video.size_bytes, EVERYTHING) is not None

    assert found()
    for change in ({"local": LocalFacts(state="pruned")}, {"video": doc.video.model_copy(update={"trashed_at": NOON})}):
        with database.write() as session:
            videos.apply(videos.get(session, doc.video.id), doc.model_copy(update=change))
        assert not found()
