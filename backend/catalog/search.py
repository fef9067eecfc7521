"""Finding videos by words: what is kept of each one for it, and the condition of a search.

`video_words` follows what it is made from by itself: sessions keep it right when they write a changed video, and
`add` writes it for the bare connection of an upload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FunctionElement,
    Select,
    and_,
    bindparam,
    event,
    false,
    insert,
    inspect,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, Session, raiseload, selectinload
from sqlalchemy.sql.compiler import SQLCompiler

from backend.catalog import words
from backend.catalog.database import Database
from backend.catalog.models import Base, Video, VideoWords
from backend.catalog.types import VerbatimText
from backend.catalog.ways import looked_up
from backend.errors import StorageError

# The index itself: tables that are the database's own business, and no model's.
INDEX_TABLE = "video_words_index"
INDEX = "ix_video_words_words"
_TABLE = Base.metadata.tables[VideoWords.__tablename__]
_INSERT = insert(_TABLE)
_CHANGE = (
    update(_TABLE)
    .where(_TABLE.c.video_id == bindparam("own_id"), _TABLE.c.words != bindparam("new_words"))
    .values(words=bindparam("new_words"))
)
_IS_THERE = select(_TABLE.c.id).where(_TABLE.c.video_id == bindparam("own_id"))
_MADE_FROM = ("original_filename", "stored_filename", "title", "description", "tags")
# A name may have 65,536 characters, and a cursor travels in an address; names alike for so long go by id.
_NAME_CHARACTERS = 120


def name_key(video: Video) -> str:
    """What a list by name sorts by: what people see as its name, in small letters, as it is written in the database."""
    shown = VerbatimText().process_bind_param(video.title or video.original_filename, _NO_DIALECT) or ""
    return shown.lower()[:_NAME_CHARACTERS]


MOST_TOLD = 200
_PAGE = 500
_NO_DIALECT: Any = None  # VerbatimText writes alike for each


def words_of(video: Video) -> str:
    """What `video_words` holds of a video."""
    others = (video.title, video.description, *(tag.tag for tag in video.tags))
    return words.written(video.original_filename, video.stored_filename, others)


def add(connection: Connection, video: Video) -> None:
    """Make a new row findable, in the transaction that adds it."""
    connection.execute(_INSERT, {"video_id": video.id, "words": words_of(video)})


@event.listens_for(Video, "after_insert")
def _added(_: Mapper[Video], connection: Connection, video: Video) -> None:
    add(connection, video)


@event.listens_for(Video, "after_update")
def _changed(_: Mapper[Video], connection: Connection, video: Video) -> None:
    state = inspect(video)
    if any(state.attrs[name].history.has_changes() for name in _MADE_FROM):
        refresh(connection, video)


def refresh(connection: Connection, video: Video) -> None:
    """Bring the words of a row to what they should be."""
    own = {"own_id": video.id}
    if connection.execute(_IS_THERE, own).first() is None:
        add(connection, video)
    else:
        connection.execute(_CHANGE, own | {"new_words": words_of(video)})


def mentions(asked: str) -> ColumnElement[bool]:
    """The videos with every word of a text, each as the beginning of one of theirs; none for a text without words.

    It is led by the index: right where few match. Whatever stands in it, it raises nothing.
    """
    return Video.id.in_(found_by(asked))


def found_by(asked: str) -> Select[str]:
    """The ids of those videos."""
    wanted = words.asked(asked)
    condition = _Indexed(literal(for_fts5(wanted)), literal(for_tsquery(wanted))) if wanted else false()
    return select(VideoWords.video_id).where(condition)


def mentions_each(asked: str) -> ColumnElement[bool]:
    """The same, looked up video by video: right where so many match that going through a list soon finds a page."""
    wanted = words.asked(asked)
    if not wanted:
        return false()
    each = and_(*(or_(*(_Holds(literal(f" {way}")) for way in ways)) for ways in wanted))
    return looked_up(select(VideoWords.id).where(VideoWords.video_id == Video.id, each))


def for_fts5(wanted: Sequence[tuple[str, ...]], *, exactly: bool = False) -> str:
    """The words as FTS5 is asked for them: their beginnings, or exactly these."""
    # Words have no quotes: they are letters and digits only.
    end = "" if exactly else "*"
    return " AND ".join("(" + " OR ".join(f'"{way}"{end}' for way in ways) + ")" for ways in wanted)


def for_tsquery(wanted: Sequence[tuple[str, ...]]) -> str:
    """The same for PostgreSQL."""
    return " & ".join("(" + " | ".join(f"'{way}':*" for way in ways) + ")" for ways in wanted)


class _Indexed(FunctionElement[bool]):
    """A row of `video_words` that the index finds. Asked in both databases' own language."""

    inherit_cache = True


class _Holds(FunctionElement[bool]):
    """A row of `video_words` with a word that begins so."""

    inherit_cache = True


@compiles(_Indexed, "sqlite")
def _by_fts5(element: _Indexed, compiler: SQLCompiler, **options: Any) -> str:
    asked, _ = element.clauses
    matched = f"{INDEX_TABLE} MATCH {compiler.process(asked, **options)}"
    return f"video_words.id IN (SELECT rowid FROM {INDEX_TABLE} WHERE {matched})"


@compiles(_Indexed, "postgresql")
def _by_gin(element: _Indexed, compiler: SQLCompiler, **options: Any) -> str:
    _, asked = element.clauses
    vector = "array_to_tsvector(string_to_array(video_words.words, ' '))"
    return f"{vector} @@ CAST({compiler.process(asked, **options)} AS tsquery)"


@compiles(_Holds, "sqlite")
def _in_text(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr(' ' || video_words.words, {compiler.process(element.clauses, **options)}) > 0"


@compiles(_Holds, "postgresql")
def _in_text_there(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos(' ' || video_words.words, {compiler.process(element.clauses, **options)}) > 0"


def unfindable(session: Session) -> list[str]:
    """Ids of videos of which something else is kept than they would be found by, at most `MOST_TOLD`; for `doctor`."""
    return [video.id for video in islice(_badly_kept(session), MOST_TOLD)]


def index_trouble(database: Database) -> str:
    """What SQLite says of an index that is not that of its table; "" when all is well. PostgreSQL's follows the table
    as all of its indexes do."""
    if not database.is_sqlite:
        return ""
    try:
        with database.write() as session:
            session.execute(text(f"INSERT INTO {INDEX_TABLE} ({INDEX_TABLE}, rank) VALUES ('integrity-check', 1)"))
    except (DBAPIError, StorageError) as error:
        return str(error.__cause__ or error).splitlines()[0]
    return ""


def mend(database: Database) -> int:
    """Write the words anew where they are wrong, and the index where it is; returns how many videos it concerned."""
    with database.read() as session:
        ids = [video.id for video in _badly_kept(session)]
    for video_id in ids:
        with database.write() as session:
            video = session.get(Video, video_id)
            if video is not None:
                video.name_key = name_key(video)
                session.flush()
                refresh(session.connection(), video)
    if index_trouble(database):
        with database.write() as session:
            session.execute(text(f"INSERT INTO {INDEX_TABLE} ({INDEX_TABLE}) VALUES ('rebuild')"))
    return len(ids)


def _badly_kept(session: Session) -> Iterator[Video]:
    kept = select(Video, VideoWords.words).outerjoin(VideoWords, VideoWords.video_id == Video.id)
    kept = kept.options(raiseload("*"), selectinload(Video.tags)).order_by(Video.id).limit(_PAGE)
    last_id = ""
    while rows := session.execute(kept.where(Video.id > last_id)).all():
        last_id = rows[-1][0].id
        for video, own in rows:
            if own != words_of(video) or video.name_key != name_key(video):
                yield video
        session.expunge_all()
