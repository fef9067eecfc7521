"""What the targets' contract asks for: a place per kind, a video to send, and a kind that comes from outside."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.targets.base import Expected, Source
from tests.contract.places import MIB, DrivePlace, FolderPlace, Place, S3Place, place_makers
from tests.contract.redis_place import RedisPlace
from tests.contract.traced_media import TracedMedia
from tests.services.pgvector import postgres_with_vectors
from tests.services.postgres import PostgresServer
from tests.services.s3 import S3Server, available_servers

_ROOT = Path(__file__).resolve().parents[2]
_MAKERS = place_makers(sorted(available_servers()))
_REDIS = "redis on redis-server"
_S3_MAKERS = [name for name in _MAKERS if " on " in name]


@dataclass(frozen=True)
class Video:
    """A file as the intake left it, and the bytes it holds."""

    source: Source
    content: bytes

    @property
    def expected(self) -> Expected:
        return Expected(self.source.size_bytes, self.source.sha256)


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Video]:
    """`make_video(size)` writes a file of such bytes; the same `seed` gives the same bytes."""

    def make(size_bytes: int, seed: str = "video", name: str = "holiday.mp4") -> Video:
        # Not repetitive: parts that were swapped or sent twice must show.
        content = hashlib.shake_256(seed.encode()).digest(size_bytes)
        path = tmp_path / f"{seed}-{size_bytes}.mp4"
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        return Video(Source(path, size_bytes, sha256, "video/mp4", name, seed), content)

    return make


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    """Large enough for three parts where files are cut."""
    return make_video(12 * MIB + 345)


@pytest.fixture
def outside_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package with an entry point, as pip would leave it; the folder to put on PYTHONPATH."""
    info = tmp_path / "site" / "holdfast_example-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: holdfast-example\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[holdfast.targets]\nexample = tests.contract.example_kind:KIND\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(info.parent)])
    monkeypatch.setenv("PYTHONPATH", f"{_ROOT}:{info.parent}")
    return info.parent


def _marked(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.service) if " on " in name else name for name in names]


@pytest.fixture(params=_marked([*_MAKERS, _REDIS]))
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    outside_kind: Path,
    s3_servers: Callable[[str], S3Server],
) -> Iterator[Place]:
    """A place of each kind, empty."""
    root = tmp_path / "place"
    root.mkdir()
    if request.param == _REDIS:
        made: Place = RedisPlace(request.getfixturevalue("redis_server"))
    else:
        made = _MAKERS[request.param](root, s3_servers)
    yield made
    made.close()


@pytest.fixture
def bucket(s3_server: S3Server) -> Iterator[S3Place]:
    """An empty S3 place, once on each server."""
    made = S3Place("s3", s3_server)
    yield made
    made.close()


@pytest.fixture
def team(tmp_path: Path) -> Iterator[DrivePlace]:
    """An empty shared drive of the emulator, which must not fail itself."""
    made = DrivePlace(tmp_path)
    yield made
    made.close()
    assert made.server.crashes == []


@pytest.fixture(params=["link", "rename", "exclusive"])
def any_folder(request: pytest.FixtureRequest, tmp_path: Path) -> FolderPlace:
    """A folder target's place, once for each way of publishing."""
    return FolderPlace(tmp_path, request.param)


@pytest.fixture
def folder(tmp_path: Path) -> FolderPlace:
    """A folder target's place."""
    return FolderPlace(tmp_path, "link")


@pytest.fixture
def clip(make_video: Callable[..., Video]) -> Video:
    """A file of several pieces that is written fast."""
    return make_video(3 * MIB + 7, "clip")


@pytest.fixture(scope="session")
def vector_postgres() -> Iterator[PostgresServer]:
    with postgres_with_vectors() as server:
        yield server


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracedMedia]:
    with TracedMedia.light(tmp_path_factory.mktemp("traced") / "trace") as media:
        yield media
