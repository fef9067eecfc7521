"""Lists, searches, facets and totals of a million videos, on SQLite and PostgreSQL: what a request asks of the catalog.

Each figure is from the question to the shown answer, without HTTP: the same functions that the routes call.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from backend.catalog import facets, listing, report, stats
from backend.catalog.database import Database
from backend.catalog.describe import describe
from backend.catalog.listing import Wanted
from backend.catalog.migrate import migrate
from backend.catalog.videos import EVERYTHING
from scripts.lib.bench.measure import MEMORY_DISK, Result
from scripts.lib.bench.million_rows import COMMON_WORD, RARE_WORD, TARGETS, fill
from tests.services.postgres import PostgresServer

_PAGE = 50
_LATE = datetime(2024, 3, 1, tzinfo=UTC)


def million(count: int, rounds: int) -> Result:
    result = Result(f"What is asked of a catalog of {count:,} videos (50 on a page)", "ms")
    figures: dict[str, dict[str, list[float]]] = {}
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with opened() as url:
            migrate(url)
            database = Database(url)
            try:
                fill(database, count)
                for question, took in measure(database, rounds).items():
                    figures.setdefault(question, {})[name] = took
            finally:
                database.close()
    result.table = table(figures, rounds)
    return result


def table(figures: dict[str, dict[str, list[float]]], rounds: int) -> tuple[str, ...]:
    """Milliseconds by question and database, as lines."""
    lines = ["| question | SQLite p50 | p99 | PostgreSQL p50 | p99 |", "|---|---|---|---|---|"]
    for question, both in figures.items():
        cells = [f"{f:.0f}" for took in both.values() for f in (statistics.median(took), _p99(took))]
        lines.append(f"| {question} | {' | '.join(cells)} |")
    slowest = max(statistics.median(took) for both in figures.values() for took in both.values())
    return (*lines, "", f"Milliseconds; the slowest median of all: {slowest:.0f}. {rounds} times each.")


def measure(database: Database, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each question, `rounds` times each, in turns."""
    far = _far_cursor(database)
    asked = _questions(database, far)
    found: dict[str, list[float]] = {question: [] for question in asked}
    for number in range(rounds + 1):
        for question, ask in asked.items():
            started = time.perf_counter()
            ask()
            if number:  # the first round warms up
                found[question].append(1000 * (time.perf_counter() - started))
    return found


def _questions(database: Database, far: str | None) -> dict[str, Callable[[], object]]:
    lists = {
        "the first page": Wanted(),
        "a common word": Wanted(text=COMMON_WORD),
        "a rare word": Wanted(text=RARE_WORD),
        "two common words": Wanted(text=f"{COMMON_WORD} hall"),
        "the beginning of a word": Wanted(text="be"),
        "one of two tags": Wanted(tags=("tag0-0", "tag1-7")),
        "one of two rare tags": Wanted(tags=("tag0-1600", "tag1-1500")),
        "both of two tags": Wanted(tags=("tag0-5", "tag1-5"), operator="AND"),
        "both of the two commonest tags": Wanted(tags=("tag0-0", "tag1-0"), operator="AND"),
        "both of a common and a rare tag": Wanted(tags=("tag0-0", "tag1-1500"), operator="AND"),
        "project and label": Wanted(project_id="project-3", content_type="Label 2"),
        "a rare project and a rare label": Wanted(project_id="project-49", content_type="Label 39"),
        "a camera": Wanted(camera_id="camera-15"),
        "longer than 20 minutes": Wanted(min_duration=1200),
        "longer than 59:55": Wanted(min_duration=3595),
        "failed copies": Wanted(state="failed"),
        "verified copies": Wanted(state="delivered"),
        "a span of days": Wanted(stored_after=_LATE, stored_before=_LATE + timedelta(days=3)),
        "by name": Wanted(sort="name"),
        "by name, a project": Wanted(sort="name", project_id="project-3"),
        "the shortest": Wanted(sort="shortest"),
        "the trash": Wanted(state="trashed"),
        "held": Wanted(held=True),
        "a word, a project and a tag": Wanted(text=COMMON_WORD, project_id="project-1", tags=("tag0-1",)),
        "a word and a tag with few in common": Wanted(text="kitchen", tags=("tag0-20",)),
        "by name, a project and a tag": Wanted(sort="name", project_id="project-20", tags=("tag0-0",)),
        "no local bytes": Wanted(status="remote-only"),
        "unplayable": Wanted(status="unplayable"),
    }
    counted = {
        "a project": Wanted(project_id="project-3"),
        "a tag": Wanted(tags=("tag0-0",)),
        "a common word": Wanted(text=COMMON_WORD),
        "verified copies": Wanted(state="delivered"),
        "no local bytes": Wanted(status="remote-only"),
        "a word and a tag": Wanted(text=COMMON_WORD, tags=("tag0-1",)),
        "a word, a project and a tag": Wanted(text=COMMON_WORD, project_id="project-1", tags=("tag0-1",)),
    }
    asked: dict[str, Callable[[], object]] = {
        question: partial(_list, database, wanted, None) for question, wanted in lists.items()
    }
    asked["a page far behind"] = partial(_list, database, Wanted(), far)
    asked["facets"] = partial(_look, database, facets.facets)
    asked["storage-stats"] = partial(_look, database, stats.totals)
    asked["report"] = partial(_look, database, report.report)
    for required in (TARGETS, (*TARGETS, "new")):
        asked[f"report, {len(required)} targets required"] = partial(_look, database, report.report, required)
    asked |= {f"total of {question}": partial(_count, database, wanted) for question, wanted in counted.items()}
    return asked


def _list(database: Database, wanted: Wanted, cursor: str | None) -> str | None:
    with database.read() as session:
        page = listing.page(session, wanted, EVERYTHING, cursor, _PAGE)
        for video in page.videos:
            describe(video)
        return page.next_cursor


def _count(database: Database, wanted: Wanted) -> listing.Total:
    with database.read() as session:
        return listing.total(session, wanted, EVERYTHING)


def _look(database: Database, ask: Callable[..., object], *more: object) -> None:
    with database.read() as session:
        ask(session, EVERYTHING, *more)


def _far_cursor(database: Database) -> str | None:
    """Where a page begins that is two thirds of the way behind the first."""
    middle = Wanted(stored_before=datetime(2024, 11, 1, tzinfo=UTC))
    return _list(database, middle, None)


def _p99(took: list[float]) -> float:
    return sorted(took)[min(len(took) - 1, round(0.99 * len(took)))]


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as folder:
        yield f"sqlite:///{Path(folder) / 'catalog.db'}"


@contextmanager
def _postgres() -> Iterator[str]:
    server = PostgresServer.boot()
    try:
        yield server.fresh_database()
    finally:
        server.close()
