"""The door both ways, with and without bubblewrap, and a small video to put through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.confine import Confinement, Limits
from tests.services.media import make_video

MIB = 1024**2
AMPLE = Limits(seconds=60, cpu_seconds=60, memory_bytes=1024 * MIB, output_bytes=64 * MIB)


@pytest.fixture(params=[True, False], ids=["bubblewrap", "plain"])
def tools(request: pytest.FixtureRequest) -> Confinement:
    return Confinement(bubblewrap=request.param)


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("media") / "video.mp4", seconds=2)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder
