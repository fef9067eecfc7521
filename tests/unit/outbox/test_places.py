"""Which targets a process works with: the file's, else the variables', and never one that nobody configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import BadField, NotFound, SettingsError
from backend.outbox.enqueue import choose_targets, first_entries
from backend.outbox.places import Places, open_places
from backend.settings import load_settings
from backend.targets.base import Placed


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


def test_what_lets_go_of_its_copies_gets_uploads_only_where_it_is_named_and_is_never_required(tmp_path: Path) -> None:
    hot = '[[target]]\nname = "hot"\nkind = "redis"\n'
    places = opened(tmp_path, hot + folder("nas"))
    assert places.default == ("nas",)
    assert places.required == {"nas"}
    assert choose_targets(places, ("hot",), "p", "", is_recording=False) == ["hot"]
    assert opened(tmp_path, hot + folder("nas"), UPLOAD_TARGETS="hot,nas").default == ("hot", "nas")
    ruled = opened(tmp_path, hot + folder("nas") + '[[rule]]\nproject = "live"\ntargets = ["nas", "hot"]\n')
    assert choose_targets(ruled, None, "live", "", is_recording=False) == ["nas", "hot"]
    with pytest.raises(SettingsError, match="“required” cannot be true: what kind redis keeps ends by itself"):
        opened(tmp_path, hot + "required = true\n")


def test_redis_url_is_the_address_of_redis_targets_that_name_none(tmp_path: Path) -> None:
    hot = '[[target]]\nname = "hot"\nkind = "redis"\n'
    own = '[[target]]\nname = "own"\nkind = "redis"\nurl = "redis://own.example/1"\n'
    places = opened(tmp_path, hot + own, REDIS_URL="redis://user:secret@cache.example:7000/3")
    told = [target.place() for place in places.by_name.values() if isinstance(target := place.target, Placed)]
    assert told == ["redis cache.example:7000/3 holdfast", "redis own.example:6379/1 holdfast"]
    with pytest.raises(SettingsError, match="REDIS_URL: option “url” is no address of Redis") as failure:
        opened(tmp_path, hot, REDIS_URL="http://user:secret@cache.example")
    assert "secret" not in str(failure.value)
    with pytest.raises(SettingsError, match="redis localhost:6379/0 holdfast"):
        opened(tmp_path, hot + hot.replace("hot", "again"))


GOOGLES = '{"type": "authorized_user", "refresh_token": "r"}'


def test_drive_joins_when_its_folder_or_its_credentials_are_set_though_the_file_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for env, credentials in (
        ({"DRIVE_FOLDER_ID": "1aB"}, "credentials.json"),
        ({"DRIVE_CREDENTIALS": "/etc/key.json"}, "/etc/key.json"),
    ):
        places = opened(tmp_path, None, **env)
        assert places.kinds == {"drive": "drive"}
        assert places.get("drive").config.options["credentials"] == credentials


def test_google_s_credentials_in_the_working_folder_are_wish_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert opened(tmp_path, None).kinds == {}
    (tmp_path / "credentials.json").write_text('{"password": "of another program"}')
    assert opened(tmp_path, None).kinds == {}
    (tmp_path / "credentials.json").write_text(GOOGLES)
    assert opened(tmp_path, None).kinds == {"drive": "drive"}
    assert opened(tmp_path, None, MINIO_ENDPOINT="m:9", MINIO_ACCESS_KEY="k", MINIO_SECRET_KEY="s").kinds == {
        "minio": "minio",
        "drive": "drive",
    }


def test_where_there_is_a_targets_file_drive_needs_a_word_and_gives_way_to_the_files_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "credentials.json").write_text(GOOGLES)
    archive = '[[target]]\nname = "archive"\nkind = "drive"\ncredentials = "other.json"\n'
    assert opened(tmp_path, folder("nas")).kinds == {"nas": "folder"}
    assert opened(tmp_path, folder("nas"), DRIVE_FOLDER_ID="1aB").kinds == {"nas": "folder", "drive": "drive"}
    assert opened(tmp_path, archive, DRIVE_FOLDER_ID="1aB").kinds == {"archive": "drive"}


def test_rules_decide_before_the_default_and_the_callers_wish_before_the_rules(tmp_path: Path) -> None:
    rule = '[[rule]]\nproject = "news-*"\ntargets = ["b"]\n'
    places = opened(tmp_path, folder("a") + folder("b") + rule)
    assert choose_targets(places, None, "news-1", "", is_recording=False) == ["b"]
    assert choose_targets(places, None, "sport", "", is_recording=False) == ["a", "b"]
    assert choose_targets(places, ("a", "a"), "news-1", "", is_recording=False) == ["a"]
    assert choose_targets(places, (), "news-1", "", is_recording=False) == []
    with pytest.raises(BadField, match="'x' is unknown; known targets: a, b"):
        choose_targets(places, ("a", "x"), "news-1", "", is_recording=False)


def test_a_rule_for_a_disabled_target_goes_on_without_it(tmp_path: Path) -> None:
    rule = '[[rule]]\nproject = "news"\ntargets = ["b", "c"]\n'
    places = opened(tmp_path, folder("b") + folder("c", "enabled = false") + rule)
    assert choose_targets(places, None, "news", "", is_recording=False) == ["b"]


def test_new_deliveries_begin_as_pending() -> None:
    assert [(d.target, d.state) for d in first_entries(["a", "b"])] == [("a", "pending"), ("b", "pending")]
