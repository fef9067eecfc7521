"""Finding videos by what a person types or holds: a word, a content, or all of them one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.catalog import listing
from backend.catalog.database import Database
from backend.catalog.listing import Wanted
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, GONE
from backend.errors import BadField, NotFound

_SHORTEST_BEGINNING = 4
_PAGE = 200


def one(session: Session, word: str) -> Video:
    """The video with this id, this name on disk, or an id that begins so (four characters at least)."""
    found = session.get(Video, word)
    if found is not None:
        return found
    query = select(Video).where(Video.stored_filename == word)
    if len(word) >= _SHORTEST_BEGINNING and set(word.lower()) <= set("0123456789abcdef-"):
        query = select(Video).where(Video.id.startswith(word.lower(), autoescape=True))
    several = session.scalars(query.order_by(Video.id).limit(3)).all()
    if not several:
        raise NotFound(f"There is no video {word}. `video_manager find TEXT` looks for names, titles and tags.")
    if len(several) > 1:
        raise BadField(f"Several videos begin with {word}: {', '.join(v.id for v in several)}. Type more of it.")
    return several[0]


def holding(session: Session, project_id: str, sha256: str, size_bytes: int) -> Sequence[Video]:
    """A project's videos with these bytes, wherever they are now: the oldest first, those in the trash last."""
    return session.scalars(
        select(Video)
        .where(Video.sha256 == sha256, Video.size_bytes == size_bytes, Video.project_id == project_id)
        .where(Video.local_state.not_in(GONE))
        .order_by(Video.trashed_at.is_not(None), Video.created_at, Video.id)
    ).all()


def saved_with_key(session: Session, caller_id: str, key: str, size_bytes: int) -> Video | None:
    """The video that a caller saved with this Idempotency-Key, however long ago."""
    mine = (Video.uploaded_by_id == caller_id, Video.idempotency_key == key)
    return session.scalar(select(Video).where(Video.size_bytes == size_bytes, *mine).limit(1))


def sizes(session: Session, project_id: str) -> set[int]:
    """The sizes of a project's videos: a file of another size cannot be one of them."""
    return set(session.scalars(select(Video.size_bytes).where(Video.project_id == project_id).distinct()))


def every(database: Database, wanted: Wanted, limit: int | None = None) -> Iterator[Video]:
    """All videos that match, newest first, page by page: no session stays open between them."""
    cursor, left = None, limit
    while left is None or left > 0:
        with database.read() as session:
            page = listing.page(session, wanted, EVERYTHING, cursor, _PAGE if left is None else min(_PAGE, left))
        yield from page.videos
        cursor = page.next_cursor
        if cursor is None:
            return
        left = None if left is None else left - len(page.videos)
