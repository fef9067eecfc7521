"""An installation for each test, cut from one template, so that migrations run once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.intake.resumable import Resumables
from tests.unit.disk.border import Border
from tests.unit.intake.house import House
from tests.unit.intake.recorder import Recorder

Build = Callable[..., House]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = House.fresh(tmp_path_factory.mktemp("template") / "house")
    house.close()
    return house


@pytest.fixture
def build(template: House, tmp_path: Path) -> Iterator[Build]:
    """`build(DUPLICATES="reject")` opens a new, empty installation."""
    made: list[House] = []

    def make(**env: str) -> House:
        made.append(template.copy_to(tmp_path / f"house-{len(made)}", **env))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture
def house(build: Build) -> House:
    return build()


@pytest.fixture
def copying(build: Build, tmp_path: Path) -> Recorder:
    """A recorder whose files are copied."""
    return Recorder.beside(build, tmp_path / "recordings")


@pytest.fixture
def linking(build: Build, tmp_path: Path) -> Recorder:
    """A recorder whose files are linked."""
    return Recorder.beside(build, tmp_path / "recordings", SEGMENT_ADOPT="link")


@pytest.fixture(params=["copy", "link"])
def recorder(request: pytest.FixtureRequest, build: Build, tmp_path: Path) -> Recorder:
    return Recorder.beside(build, tmp_path / "recordings", SEGMENT_ADOPT=request.param)


@pytest.fixture
def uploads(house: House) -> Resumables:
    return house.services.resumables


@pytest.fixture
def border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Border:
    """The storage folders of this test's installations; the log is left alone."""
    border = Border(tmp_path, only=lambda path: "/storage/" in path)
    border.install(monkeypatch)
    return border
