"""Which targets a process works with: the file's, else the variables', and never one that nobody configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import BadField, NotFound, SettingsError
from backend.outbox.enqueue import choose_targets, first_entries
from backend.outbox.places import Places, open_places
from backend.settings import load_settings


def opened(tmp_path: Path, text: str | None, **env: str) -> Places:
    if text is not None:
        (tmp_path / "targets.toml").write_text(text)
        env["TARGETS_FILE"] = str(tmp_path / "targets.toml")
    return open_places(load_settings({"STORAGE_PATH": str(tmp_path), **env}, None), {})


def folder(name: str, more: str = "") -> str:
    return f'[[target]]\nname = "{name}"\nkind = "folder"\npath = "/mnt/{name}"\n{more}\n'


def test_uploads_go_to_every_enabled_target_unless_told_otherwise(tmp_path: Path) -> None:
    text = folder("a") + folder("b", "required = false") + folder("c", "enabled = false")
    places = opened(tmp_path, text)
    assert places.default == ("a", "b")
    assert places.required == {"a"}
    assert places.kinds == dict.fromkeys("abc", "folder")
    assert [config.name for config in places.configs] == ["a", "b", "c"]
    with pytest.raises(NotFound, match="known: a, b"):
        places.get("c")
    assert opened(tmp_path, text, UPLOAD_TARGETS="b").default == ("b",)


def test_uploads_to_a_disabled_or_unknown_target_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'c' is not an enabled target; known: a"):
        opened(tmp_path, folder("a") + folder("c", "enabled = false"), UPLOAD_TARGETS="a,c")


def test_a_targets_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        opened(tmp_path, None, TARGETS_FILE=str(tmp_path / "nowhere.toml"))


def test_the_file_wins_over_a_variables_target_of_the_same_name(tmp_path: Path) -> None:
    minio = {"MINIO_ENDPOINT": "127.0.0.1:9000", "MINIO_ACCESS_KEY": "k", "MINIO_SECRET_KEY": "s"}
    assert opened(tmp_path, folder("nas"), **minio).kinds == {"nas": "folder", "minio": "minio"}
    assert opened(tmp_path, folder("minio"), **minio).kinds == {"minio": "folder"}


def test_rules_decide_before_the_default_and_the_callers_wish_before_the_rules(tmp_path: Path) -> None:
    rule = '[[rule]]\nproject = "news-*"\ntargets = ["b"]\n'
    places = opened(tmp_path, folder("a") + folder("b") + rule)
    assert choose_targets(places, None, "news-1", "") == ["b"]
    assert choose_targets(places, None, "sport", "") == ["a", "b"]
    assert choose_targets(places, ("a", "a"), "news-1", "") == ["a"]
    assert choose_targets(places, (), "news-1", "") == []
    with pytest.raises(BadField, match="'x' is unknown; known targets: a, b"):
        choose_targets(places, ("a", "x"), "news-1", "")


def test_a_rule_for_a_disabled_target_goes_on_without_it(tmp_path: Path) -> None:
    rule = '[[rule]]\nproject = "news"\ntargets = ["b", "c"]\n'
    places = opened(tmp_path, folder("b") + folder("c", "enabled = false") + rule)
    assert choose_targets(places, None, "news", "") == ["b"]


def test_new_deliveries_begin_as_pending() -> None:
    assert [(d.target, d.state) for d in first_entries(["a", "b"])] == [("a", "pending"), ("b", "pending")]
