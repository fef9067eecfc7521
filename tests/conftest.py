"""What every test may ask for: real servers, started once per run on free ports and ended with it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from backend.catalog.migrate import migrate
from tests import second_try
from tests.services.app import AppFactory, RunningApp, light_hearth
from tests.services.chromium import find_bare_chromium, find_chromium
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server, available_servers
from tests.services.warm import Hearth

# A machine that is busy with other tests is no fault of this one: pytest's own timeout ends what hangs.
hypothesis.settings.register_profile("holdfast", deadline=None)
hypothesis.settings.load_profile("holdfast")

_SERVICES = {"postgres_server", "redis_server", "s3_server", "chromium_path", "bare_chromium_path", "running_app"}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: Python's own collector need not walk it while it grows, nor ever again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(second_try)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a server is a service test: nobody has to remember to say so."""
    for item in items:
        if _SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker("service")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer.boot()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer.boot()
    yield server
    server.close()


@pytest.fixture(scope="session")
def s3_servers() -> Iterator[Callable[[str], S3Server]]:
    """`s3_servers("radosgw")` starts that server at its first use and returns it."""
    booted: dict[str, S3Server] = {}

    def boot(name: str) -> S3Server:
        if name not in booted:
            booted[name] = available_servers()[name].boot()
        return booted[name]

    yield boot
    for server in booted.values():
        server.close()


@pytest.fixture(scope="session", params=sorted(available_servers()))
def s3_server(request: pytest.FixtureRequest, s3_servers: Callable[[str], S3Server]) -> S3Server:
    return s3_servers(request.param)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    return find_chromium()


@pytest.fixture(scope="session")
def bare_chromium_path() -> Path:
    return find_bare_chromium()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with all tables and nothing in them; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.fresh_database(like=request.getfixturevalue("migrated_postgres"))
    yield url
    server.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The same on SQLite alone: for a file whose tests ask no database, to be its `database_url`."""
    catalog = tmp_path / "catalog.db"
    shutil.copy(migrated_sqlite, catalog)
    return f"sqlite:///{catalog}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `database_url` is copied from: the migrations run once, not for every test."""
    catalog = tmp_path_factory.mktemp("migrated") / "catalog.db"
    migrate(f"sqlite:///{catalog}")
    return catalog


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    url = postgres_server.fresh_database()
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, for tests about the migrations themselves."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.fresh_database()


@pytest.fixture(scope="session")
def hearth() -> Iterator[Hearth]:
    lit = light_hearth()
    yield lit
    lit.end()


@pytest.fixture
def running_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RunningApp]]:
    """`running_app(env={…})` starts the real program and returns it; see `AppFactory.__call__`.

    Marked `executed`, a test gets the Procfile's very commands; for the others their processes are forked, warm.
    """
    executed = request.node.get_closest_marker("executed") is not None
    hearth: Hearth | None = None if executed else request.getfixturevalue("hearth")
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    yield factory
    factory.close()
