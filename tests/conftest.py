"""What every test may ask for: real servers, started once per run on free ports and ended with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.app import AppFactory, RunningApp
from tests.services.chromium import find_chromium
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server, available_servers

_SERVICES = {"postgres_server", "redis_server", "s3_server", "chromium_path", "running_app"}


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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.fresh_database()


@pytest.fixture
def running_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningApp]]:
    """`running_app(env={…})` starts the real program and returns it; see `AppFactory.__call__`."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"))
    yield factory
    factory.close()
