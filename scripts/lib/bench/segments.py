"""Seed 001's operations beside a million segments, on SQLite and PostgreSQL: what a request asks, without HTTP.

Files of the recorder and of Holdfast lie on the disk that is given, and so does SQLite's catalog. PostgreSQL's own
files lie on a memory disk, with fsync on. How long one durable write takes on that disk at that moment is measured in
turns with all else: a store is made of several.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from backend.catalog import cameras, coverage, segment_list
from backend.catalog.database import Database
from backend.catalog.gaps import Stretch
from backend.catalog.migrate import migrate
from backend.catalog.videos import EVERYTHING
from backend.disk.layout import Layout
from backend.exports.desk import Requester
from backend.exports.order import Order
from backend.installation import make_keys
from backend.intake.receive import Caller
from backend.intake.segment_wish import read_wish
from backend.services import Services, build_services
from backend.settings import load_settings
from scripts.lib.bench.measure import MEMORY_DISK, Result
from scripts.lib.bench.million_rows import fill
from tests.services.postgres import PostgresServer

CAMERAS = 50
_FILE_BYTES = 4096
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_DISK_WRITE = "one durable write to this disk (4 KiB, fsync)"
_SEED = {
    "store a file of 4 KiB": "<10 / <50", "list an hour (60 segments)": "<50 / <200",
    "list a day (the first 1,000)": "<50 / <200", "create an export": "<100 / <500",
}  # fmt: skip
# What walks along all segments, and is asked once by a page that opens.
_SELDOM, _SELDOM_ROUNDS = ("all cameras",), 10
_DIALECT = {
    "sqlite": {
        "camera": "printf('%08x-0000-4000-8000-000000000000', {0})",
        "at": "strftime('%Y-%m-%d %H:%M:%S', {0}, 'unixepoch') || '.000000'",
        "id": "id",
    },
    "postgresql": {
        "camera": "(lpad(to_hex({0}), 8, '0') || '-0000-4000-8000-000000000000')::uuid",
        "at": "to_timestamp({0})",
        "id": "id::uuid",
    },
}


def segments(count: int, rounds: int, disk: Path) -> Result:
    result = Result(f"What seed 001 asks beside {count:,} segments of {CAMERAS} cameras", "ms")
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=disk) as folder:
        for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
            with opened(Path(folder), count) as url, _installed(Path(folder) / name, url) as services:
                for question, took in _measure(services, Path(folder) / name, count, rounds).items():
                    figures.setdefault(question, {})[name] = took
    result.table = _table(figures, rounds)
    load = f"the load of the machine was {os.getloadavg()[2]:.1f} ({os.cpu_count()} processors)"
    result.note = f"{load}; a store makes four durable writes, one after the other"
    return result


def _measure(services: Services, folder: Path, count: int, rounds: int) -> dict[str, list[float]]:
    chance = random.Random(8)
    asked: dict[str, Callable[[], object]] = {
        "store a file of 4 KiB": _store(services, folder, rounds + 1),
        "list an hour (60 segments)": partial(_list, services, count, timedelta(hours=1), chance),
        "list a day (the first 1,000)": partial(_list, services, count, timedelta(days=1), chance),
        "create an export": partial(_export, services, count, chance),
        "coverage of a day": partial(_coverage, services, count, timedelta(days=1), chance),
        "all cameras": partial(_cameras, services),
        _DISK_WRITE: partial(_write, folder),
    }
    found: dict[str, list[float]] = {question: [] for question in asked}
    for number in range(rounds + 1):
        for question, ask in asked.items():
            if question in _SELDOM and number % _SELDOM_ROUNDS:
                continue
            started = time.perf_counter()
            ask()
            if number:  # the first round warms up
                found[question].append(1000 * (time.perf_counter() - started))
    return found


def _store(services: Services, folder: Path, times: int) -> Callable[[], object]:
    """Registers another file each time; they are written beforehand."""
    recordings = folder / "recordings"
    for number in range(times):
        (recordings / f"{number}.ts").write_bytes(number.to_bytes(8, "big") * (_FILE_BYTES // 8))
    os.sync()
    numbers, caller = iter(range(times)), Caller("bench", "bench")

    def store() -> None:
        number = next(numbers)
        start = _BEGIN + timedelta(days=400, minutes=number)
        wish = {
            "camera_id": _camera(number % CAMERAS),
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(minutes=1)).isoformat(),
            "file_path": str(recordings / f"{number}.ts"),
            "size_bytes": _FILE_BYTES,
            "duration_seconds": 60,
        }
        services.registrar.register(read_wish(wish, datetime.now(UTC)), caller)

    return store


def _list(services: Services, count: int, length: timedelta, chance: random.Random) -> None:
    camera_id, bounds = _somewhere(count, length, chance)
    with services.database.read() as session:
        page = segment_list.page(session, camera_id, bounds, EVERYTHING, "", 1000)
        for row in page.segments:
            segment_list.describe(row, page.deliveries.get(row.video_id, ()), "LOCAL", {}, None)


def _export(services: Services, count: int, chance: random.Random) -> None:
    camera_id, bounds = _somewhere(count, timedelta(minutes=30), chance)
    services.exports.create(Order((camera_id,), bounds), Requester("bench", "bench"))


def _coverage(services: Services, count: int, length: timedelta, chance: random.Random) -> None:
    camera_id, bounds = _somewhere(count, length, chance)
    with services.database.read() as session:
        coverage.lane(session, camera_id, bounds)


def _cameras(services: Services) -> None:
    with services.database.read() as session:
        cameras.every(session, EVERYTHING)


def _write(folder: Path) -> None:
    fd = os.open(folder / "durable", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(fd, bytes(_FILE_BYTES))
        os.fsync(fd)
    finally:
        os.close(fd)


def _somewhere(count: int, length: timedelta, chance: random.Random) -> tuple[str, Stretch]:
    whole = timedelta(minutes=count // CAMERAS)
    start = _BEGIN + (whole - min(length, whole)) * chance.random()
    return _camera(chance.randrange(CAMERAS)), Stretch(start, start + length)


def _camera(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def _fill(url: str, count: int) -> None:
    """A million videos as in `million`, and each of them a minute of a camera, with a gap now and then."""
    migrate(url)
    database = Database(url)
    try:
        fill(database, count)
        said = _DIALECT["sqlite" if database.is_sqlite else "postgresql"]
        start = f"({int(_BEGIN.timestamp())} + (n / {CAMERAS}) * 60)"
        seconds = f"CASE WHEN (n / {CAMERAS}) % 97 = 3 THEN 50 ELSE 60 END"
        camera = said["camera"].format(f"n % {CAMERAS}")
        with database.write() as session:
            session.execute(
                text(
                    "INSERT INTO segments (id, camera_id, start_time, end_time, duration_seconds, size_bytes,"
                    " storage_backend, storage_path, checksum, created_at, video_id, project_id, is_listed,"
                    f" thumbnail_key, thumbnail_next_at) SELECT {said['id']}, {camera}, {said['at'].format(start)},"
                    f" {said['at'].format(f'{start} + {seconds}')}, {seconds}, size_bytes, 'FILESYSTEM',"
                    " relative_path, sha256, created_at, id, project_id, trashed_at IS NULL, '', NULL"
                    " FROM (SELECT *, row_number() OVER (ORDER BY created_at, id) - 1 AS n FROM videos) AS numbered"
                )
            )
            at = said["at"].format(int(_BEGIN.timestamp()))
            session.execute(
                text(
                    "INSERT INTO cameras (id, name, longest_seconds, created_at)"
                    f" SELECT DISTINCT camera_id, '', 60.0, {at} FROM segments"
                )
            )
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    finally:
        database.close()


@contextmanager
def _sqlite(folder: Path, count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as fast:
        _fill(f"sqlite:///{Path(fast) / 'catalog.db'}", count)
        shutil.copy(Path(fast) / "catalog.db", folder / "catalog.db")
    os.sync()
    yield f"sqlite:///{folder / 'catalog.db'}"


@contextmanager
def _postgres(_folder: Path, count: int) -> Iterator[str]:
    server = PostgresServer.boot()
    try:
        url = server.fresh_database()
        _fill(url, count)
        with server.connect() as connection:
            for setting in ("fsync", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = on")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.close()


@contextmanager
def _installed(folder: Path, url: str) -> Iterator[Services]:
    (folder / "recordings").mkdir(parents=True)
    settings = load_settings(
        {
            "STORAGE_PATH": str(folder / "storage"), "LOG_DIR": str(folder / "logs"), "DATABASE_URL": url,
            "SEGMENT_ROOTS": str(folder / "recordings"), "MIN_FREE_BYTES": "0",
        },
        None,
    )  # fmt: skip
    layout = Layout(settings.storage_path)
    layout.prepare()
    make_keys(layout)
    services = build_services(settings, {})
    try:
        yield services
    finally:
        services.close()


def _table(figures: dict[str, dict[str, list[float]]], rounds: int) -> tuple[str, ...]:
    lines = [
        "| operation | SQLite p50 | p99 | PostgreSQL p50 | p99 | seed 001, p50 / p99 |",
        "|---|---|---|---|---|---|",
    ]
    for question, both in figures.items():
        cells = [f"{f:.1f}" for took in both.values() for f in (statistics.median(took), _p99(took))]
        lines.append(f"| {question} | {' | '.join(cells)} | {_SEED.get(question, '')} |")
    return (*lines, "", f"Milliseconds. {rounds} times each, in turns ({', '.join(_SELDOM)}: every tenth).")


def _p99(took: list[float]) -> float:
    return sorted(took)[min(len(took) - 1, round(0.99 * len(took)))]
