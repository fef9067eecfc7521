"""About how many videos a search finds, and by which of its words they are found soonest.

The index of SQLite counts whole words without reading all of them, beginnings of words not; that of PostgreSQL reads
all of either, but the planner knows the common words.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Select, text
from sqlalchemy.orm import Session

from backend.catalog import search, words
from backend.catalog.ways import MOST_LED, MOST_LOOKED_AT, Size, counted

_COUNT = text(
    f"SELECT count(*) FROM (SELECT rowid FROM {search.INDEX_TABLE} WHERE {search.INDEX_TABLE} MATCH :asked LIMIT :most)"
)
_EXPLAIN = text(
    "EXPLAIN (FORMAT JSON) SELECT 1 FROM video_words"
    " WHERE array_to_tsvector(string_to_array(video_words.words, ' ')) @@ CAST(:asked AS tsquery)"
)
# The planner's guess may be several times what is true.
_SURELY = 4


@dataclass(frozen=True)
class Lead:
    """What leads to the videos of a search: the ids of those, or, `wider`, of all with its rarest word."""

    ids: Select[str]
    size: Size
    about: Callable[[Session], int]
    wider: bool = False


def lead(session: Session, asked: str) -> Lead:
    """The way of a search to its videos, and how many it leads to; beyond `MOST_LED` they are counted if need be."""
    wanted = words.asked(asked)
    if session.get_bind().dialect.name == "sqlite" and wanted:
        return _by_rarest_word(session, asked, wanted)
    count = _remembered(partial(_planned, asked=asked, wanted=wanted), session)
    return Lead(search.found_by(asked), count, partial(_plan, wanted=wanted))


def _remembered(count: Size, session: Session, known: int | None = None) -> Size:
    """Counted once for a page, and again only where more is asked."""
    at_first = count(session) if known is None else known

    def size(session: Session, most: int = MOST_LED) -> int:
        return at_first if at_first <= MOST_LED or most <= MOST_LED else count(session, most)

    return size


def _planned(session: Session, most: int = MOST_LED, *, asked: str, wanted: list[tuple[str, ...]]) -> int:
    if _plan(session, wanted) > _SURELY * most:
        return most + 1
    return counted(search.found_by(asked))(session, most)


def _plan(session: Session, wanted: list[tuple[str, ...]]) -> int:
    if not wanted:
        return 0
    plan = session.scalar(_EXPLAIN, {"asked": search.for_tsquery(wanted)})
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Plan Rows"])


def _by_rarest_word(session: Session, asked: str, wanted: list[tuple[str, ...]]) -> Lead:
    sizes = {word: _size(session, wanted=[word]) for word in wanted}
    rarest = min(wanted, key=lambda word: sizes[word])
    if sizes[rarest] <= MOST_LED and len(wanted) > 1:
        own = partial(_size, wanted=[rarest])
        few = _remembered(own, session, sizes[rarest])
        return Lead(search.found_by(" ".join(rarest[:1])), few, few, wider=True)
    known = sizes[rarest] if len(wanted) == 1 else None
    size = _remembered(partial(_size, wanted=wanted), session, known)
    return Lead(search.found_by(asked), size, lambda session: _guessed(size(session, MOST_LOOKED_AT)))


def _guessed(size: int) -> int:
    """Beyond what was counted they may be any number: not few."""
    return size if size <= MOST_LOOKED_AT else 4 * MOST_LOOKED_AT


def _size(session: Session, most: int = MOST_LED, *, wanted: list[tuple[str, ...]]) -> int:
    """First as whole words: when those are many already, the rest need not be gathered."""
    size = 0
    for exactly in (True, False):
        asked = search.for_fts5(wanted, exactly=exactly)
        size = session.scalar(_COUNT, {"asked": asked, "most": most + 1}) or 0
        if size > most:
            break
    return size
