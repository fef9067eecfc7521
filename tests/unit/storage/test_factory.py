"""Engines by the name of their kind: built in, with a target, and from a package that somebody installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.storage import AutoStorage, MemoryVideoStorage, get_storage_backend
from backend.storage.factory import engine_kinds
from backend.targets.registry import load_kind
from tests.contract import example_engine

_ROOT = Path(__file__).parents[3]
_PROJECT = """
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "holdfast-scrapbook"
version = "1.0"
description = "Videos in a scrapbook."

[project.entry-points."holdfast.engines"]
scrapbook = "holdfast_scrapbook:ExampleVideoStorage"
broken = "holdfast_scrapbook:Nothing"
memory = "holdfast_scrapbook:ExampleVideoStorage"
wrong = "builtins:dict"

[tool.flit.module]
name = "holdfast_scrapbook"
"""
_PROGRAM = """
import sys
from pathlib import Path
from backend.storage import get_storage_backend
with get_storage_backend("scrapbook", {"file": Path(sys.argv[1])}) as storage:
    print(type(storage).__module__, storage.retrieve_video(storage.store_video(b"a film", {})))
for kind in ("broken", "memory", "wrong", "tape"):
    try:
        get_storage_backend(kind)
    except ValueError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip put the package that was built from its sources."""
    sources, site = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("site")
    (sources / "pyproject.toml").write_text(_PROJECT)
    shutil.copy(example_engine.__file__, sources / "holdfast_scrapbook.py")
    offline = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *offline, "--target", site, sources], check=True)
    return site


def test_the_built_in_kinds_are_listed() -> None:
    assert engine_kinds() == ["auto", "drive", "folder", "memory", "minio", "redis", "s3"]


def test_an_engine_is_made_with_its_own_arguments(tmp_path: Path) -> None:
    memory = get_storage_backend("memory", {"max_memory_mb": 3, "ttl_hours": 1})
    assert isinstance(memory, MemoryVideoStorage)
    assert (memory.max_memory_mb, memory.ttl_hours) == (3, 1)
    auto = get_storage_backend(kind="auto", config={"storage_path": tmp_path, "project_id": "harbour"})
    assert isinstance(auto, AutoStorage)
    assert auto.project_id == "harbour"


def test_a_target_s_kind_gives_the_durable_engine_with_that_target_required(tmp_path: Path) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()
    config = {"path": str(nas), "storage_path": tmp_path / "videos", "min_free_bytes": 0, "label": "The NAS"}
    with get_storage_backend("folder", config) as storage:
        assert isinstance(storage, AutoStorage)
        key = storage.store_video(b"a film", {}, filename="film.mp4")
        assert storage.wait_until_delivered(key)
        assert storage.deliveries(key) == {"folder": "delivered"}
        places = storage._opening.services().places
    assert places.required == {"folder"}
    assert places.get("folder").config.label == "The NAS"
    assert [file.read_bytes() for file in nas.rglob("*.mp4")] == [b"a film"]


@pytest.mark.parametrize("kind", ["minio", "s3"])
def test_a_target_s_secret_is_the_target_s_and_not_the_one_that_signs_sessions(kind: str, tmp_path: Path) -> None:
    store = {"endpoint": "127.0.0.1:9", "access_key": "me", "secret_key": "s3-secret", "bucket": "videos"}
    with get_storage_backend(kind, {**store, "storage_path": tmp_path, "min_free_bytes": 0}) as storage:
        assert isinstance(storage, AutoStorage)
        (config,) = storage._opening.targets
        assert config.options["secret_key"] == "s3-secret"
        assert not storage._opening.settings.secret_key.get_secret_value()


def test_no_option_of_a_target_is_taken_for_one_of_the_server() -> None:
    for kind in ("drive", "folder", "minio", "s3"):
        known = {option.name: f"given as {option.name}" for option in load_kind(kind).options}
        with pytest.raises(ValueError, match=r".") as refused:
            get_storage_backend(kind, {**known, "colour": 1})
        assert "is missing" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("tape", {}, "Known: auto, drive, folder, memory, minio, redis, s3"),
        ("memory", {"colour": 1}, "config of the storage engine 'memory': .*colour.*It takes max_memory_mb"),
        ("auto", {"colour": 1}, "no option 'colour'"),
        ("folder", {"colour": 1, "path": "/mnt"}, "“colour” is not known to kind folder"),
        ("folder", {}, "“path” is missing"),
        (["memory"], {}, "kind of a storage engine is a text, not .*Known: auto"),
        (None, {}, "kind of a storage engine is a text, not None"),
        ("memory", "ttl_hours=1", "config must be a dict of the engine's options, not str"),
        ("memory", 5, "config must be a dict"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_known(kind: Any, config: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        get_storage_backend(kind, config)


def test_an_installed_package_brings_a_kind_of_its_own(site: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, tmp_path / "videos.db"],
        env={"PYTHONPATH": f"{_ROOT}:{site}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "holdfast_scrapbook b'a film'\n"
        "The engine 'broken' could not be loaded from “holdfast_scrapbook:Nothing”: AttributeError: "
        "module 'holdfast_scrapbook' has no attribute 'Nothing'.\n"
        "The kind 'memory' is built in, but the package behind "
        "“holdfast_scrapbook:ExampleVideoStorage” also claims it.\n"
        "The engine 'wrong' made a dict, which is no StorageEngine.\n"
        "There is no storage engine 'tape'. Known: auto, broken, drive, folder, memory, minio, redis, s3, "
        "scrapbook, wrong.\n"
    )
