"""Promises of backend/targets/registry.py: kinds from outside are found, and named when they are broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.targets.config_table import read_table
from backend.targets.registry import build_target, kind_names, load_kind


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


def _install(site: Path, name: str, value: str) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[holdfast.targets]\n{name} = {value}\n")


def test_the_built_in_kinds_are_known() -> None:
    assert kind_names() == ["drive", "folder", "milestone", "minio", "redis", "s3"]
    assert [load_kind(name).name for name in kind_names()] == ["drive", "folder", "milestone", "minio", "redis", "s3"]


def test_a_kind_from_outside_is_listed_and_loaded(site: Path) -> None:
    _install(site, "example", "tests.contract.example_kind:KIND")

    assert "example" in kind_names()
    assert load_kind("example").name == "example"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tape", "no.such.module:KIND", "could not be loaded from “no.such.module:KIND”: ModuleNotFoundError"),
        ("tape", "tests.contract.example_kind:NOTHING", "AttributeError"),
        ("tape", "tests.contract.example_kind:ExampleTarget", "must be a backend.targets.config.Kind"),
        ("tape", "tests.contract.example_kind:KIND", "of that name"),
        ("folder", "tests.contract.example_kind:KIND", "is built in, but the package behind"),
    ],
)
def test_a_broken_kind_from_outside_is_named(site: Path, name: str, value: str, words: str) -> None:
    _install(site, name, value)

    with pytest.raises(SettingsError) as failure:
        load_kind(name)

    assert words in failure.value.problems[0]


def test_building_a_target_opens_no_connection() -> None:
    problems: list[str] = []
    table = {
        "name": "far",
        "kind": "s3",
        "endpoint": "no-such-host.invalid",
        "access_key": "a",
        "secret_key": "b",
        "bucket": "videos",
    }
    config = read_table(table, "test", problems)
    assert config is not None

    target = build_target(config)

    assert (target.name, target.kind) == ("far", "s3")
