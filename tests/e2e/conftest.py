"""What the end-to-end tests share beside the real servers: a Drive that stands in, and somebody to sign in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.signing_in import ANN, Installation, MakePlace
from tests.services.app import RunningApp
from tests.services.drive.server import DriveServer


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        server.person(ANN)
        yield server


@pytest.fixture
def make(running_app: Callable[..., RunningApp], drive: DriveServer) -> MakePlace:
    return lambda **options: Installation.make(running_app(start=False), drive, **options)


@pytest.fixture
def place(make: MakePlace) -> Installation:
    return make()
