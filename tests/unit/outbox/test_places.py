"""open_places: two targets are two places, and no target is the storage itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.outbox.places import open_places
from backend.settings import load_settings


def problems(home: Path, *targets: str) -> list[str]:
    """What the start says of these targets: each a line of options after its kind."""
    tables = [f'[[target]]\nname = "t{n}"\n{options}\n' for n, options in enumerate(targets, 1)]
    (home / "targets.toml").write_text("".join(tables))
    env = {"STORAGE_PATH": str(home / "storage"), "TARGETS_FILE": str(home / "targets.toml")}
    try:
        open_places(load_settings(env, None), {})
    except SettingsError as error:
        return error.problems
    return []


def folder(path: Path | str) -> str:
    return f'kind = "folder"\npath = "{path}"'


def bucket(endpoint: str, name: str = "videos") -> str:
    keys = 'access_key = "a"\nsecret_key = "b"'
    return f'kind = "s3"\nendpoint = "{endpoint}"\n{keys}\nbucket = "{name}"'


def test_folders_of_their_own_are_taken_even_before_they_exist(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert problems(tmp_path, folder(tmp_path / "here"), folder(tmp_path / "none"), folder("/none/at/all")) == []


@pytest.mark.parametrize("other", ["nas", "nas/", "nas/.", "link", "not-yet/../nas"])
def test_one_folder_under_two_names_is_refused_with_both_targets(tmp_path: Path, other: str) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "link").symlink_to("nas")
    (found,) = problems(tmp_path, folder(tmp_path / "nas"), folder(f"{tmp_path}/{other}"))
    assert "'t1'" in found
    assert "'t2'" in found
    assert str(tmp_path / "nas") in found


def test_one_folder_is_refused_before_it_exists_too(tmp_path: Path) -> None:
    assert len(problems(tmp_path, folder(tmp_path / "nas"), folder(f"{tmp_path}/nas/"))) == 1


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("storage", "is"),
        ("storage/uploads", "lies inside"),
        ("storage/none/at/all", "lies inside"),
        ("link/copies", "lies inside"),
        ("", "contains"),
    ],
)
@pytest.mark.parametrize("made", [True, False])
def test_the_storage_itself_is_no_place_for_copies(tmp_path: Path, path: str, word: str, made: bool) -> None:
    if made:
        (tmp_path / "storage" / "uploads").mkdir(parents=True)
    (tmp_path / "link").symlink_to("storage")
    (found,) = problems(tmp_path, folder(f"{tmp_path}/{path}"))
    assert f" {word} STORAGE_PATH" in found
    assert "'t1'" in found


def test_a_disabled_target_disturbs_nobody(tmp_path: Path) -> None:
    assert problems(tmp_path, folder(tmp_path / "nas"), folder(tmp_path / "nas") + "\nenabled = false") == []


@pytest.mark.parametrize("other", ["s3.example.org", "https://S3.example.org", "s3.example.org:443", "s3.example.org/"])
def test_one_bucket_twice_is_refused(tmp_path: Path, other: str) -> None:
    (found,) = problems(tmp_path, bucket("https://s3.example.org"), bucket(other))
    assert "'t1' and 't2'" in found
    assert "videos" in found


def test_two_buckets_or_two_services_are_two_places(tmp_path: Path) -> None:
    first = bucket("https://s3.example.org")
    assert problems(tmp_path, first, bucket("https://s3.example.org", "more"), bucket("s3.example.org:9000")) == []
