"""Promises of backend/targets/from_environment.py."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.targets.from_environment import SeedVariables, configs_from_environment, is_from_google

_MINIO = SeedVariables(
    minio_endpoint="minio:9000", minio_access_key="storage-service", minio_secret_key="s3cr3t-nobody-reads"
)


def test_without_variables_there_is_no_target() -> None:
    assert configs_from_environment(SeedVariables()) == []


@pytest.mark.parametrize(("backend", "name"), [("", "minio"), ("MINIO", "minio"), ("S3", "s3"), ("minio", "minio")])
@pytest.mark.parametrize("mode", ["", "LOCAL", "local"])
def test_the_seeds_variables_make_the_obvious_target(backend: str, name: str, mode: str) -> None:
    (config,) = configs_from_environment(replace(_MINIO, storage_backend=backend, storage_mode=mode))

    assert (config.name, config.kind, config.required, config.enabled) == (name, name, True, True)
    assert config.options["bucket"] == "cctv-recordings"
    assert config.options["bucket_exports"] == "cctv-exports"
    assert config.options["bucket_thumbnails"] == "cctv-thumbnails"
    assert config.options["secure"] is False


def test_an_address_that_says_https_is_believed_over_the_default_of_use_ssl() -> None:
    (config,) = configs_from_environment(replace(_MINIO, minio_endpoint="https://minio.example.org"))

    assert config.options["secure"] is None


def test_filesystem_means_a_folder() -> None:
    (config,) = configs_from_environment(replace(_MINIO, storage_backend="FILESYSTEM", filesystem_path="/mnt/nas"))

    assert (config.name, config.kind, config.options["path"]) == ("folder", "folder", "/mnt/nas")


def test_drive_joins_with_its_credentials_and_its_folder() -> None:
    seed = SeedVariables(drive_credentials="credentials.json", drive_folder_id="1aB-c_d")
    (config,) = configs_from_environment(seed)

    assert (config.name, config.kind, config.label, config.required) == ("drive", "drive", "Drive", True)
    assert (config.options["credentials"], config.options["folder_id"]) == ("credentials.json", "1aB-c_d")


def test_drive_without_a_folder_makes_its_own() -> None:
    (config,) = configs_from_environment(SeedVariables(drive_credentials="token.json"))

    assert (config.options["folder_id"], config.options["folder_name"]) == (None, "Holdfast")


def test_drive_and_the_recording_target_stand_beside_each_other() -> None:
    both = configs_from_environment(replace(_MINIO, drive_credentials="credentials.json"))

    assert [config.name for config in both] == ["minio", "drive"]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "service_account", "client_email": "a@b"},
        {"type": "authorized_user", "refresh_token": "r"},
        {"installed": {"client_id": "c"}},
    ],
)
def test_google_s_credentials_are_known_by_their_content(tmp_path: Path, content: dict[str, object]) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(content))

    assert is_from_google(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"type": "other"}', b'["installed"]', b'"installed"', b"\xff\xfe{}", b"null"]
)
def test_another_programs_credentials_are_not_taken_for_google_s(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "credentials.json"
    path.write_bytes(content)

    assert not is_from_google(path)
    assert not is_from_google(tmp_path / "none.json")
    assert not is_from_google(tmp_path)


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (SeedVariables(storage_backend="MINIO"), "needs MINIO_ENDPOINT"),
        (replace(_MINIO, minio_secret_key=""), "needs MINIO_SECRET_KEY"),
        (SeedVariables(storage_backend="FILESYSTEM"), "needs FILESYSTEM_PATH"),
        (SeedVariables(storage_backend="TAPE"), "must be one of MINIO, S3, FILESYSTEM"),
        (SeedVariables(storage_mode="REMOTE"), "must be one of LOCAL, MILESTONE, BOTH"),
        (SeedVariables(storage_mode="BOTH"), "STORAGE_MODE=BOTH needs MILESTONE_URL"),
        (SeedVariables(storage_mode="MILESTONE"), "STORAGE_MODE=MILESTONE needs MILESTONE_URL"),
        (SeedVariables(storage_mode="BOTH", milestone_url="https://vms"), "BOTH needs MILESTONE_USERNAME"),
        (
            SeedVariables(
                storage_mode="MILESTONE", milestone_url="http://vms", milestone_username="u", milestone_password="p"
            ),
            "MILESTONE_URL: option “url” must begin with https://",
        ),
        (replace(_MINIO, minio_bucket_recordings="NO"), "bucket"),
        (SeedVariables(drive_credentials="c.json", drive_folder_id="https://drive…/x"), "folder_id"),
        (SeedVariables(drive_credentials='{"private_key": "nobody-reads'), "begins like JSON"),
    ],
)
def test_variables_that_cannot_work_stop_the_start(seed: SeedVariables, words: str) -> None:
    with pytest.raises(SettingsError) as failure:
        configs_from_environment(seed)

    assert [problem for problem in failure.value.problems if words in problem]


def test_all_problems_are_told_at_once_and_no_secret_among_them() -> None:
    seed = replace(_MINIO, minio_endpoint="", minio_access_key="", storage_backend="S3", storage_mode="BOTH")
    seed = replace(seed, drive_credentials='{"private_key": "nobody-reads')
    with pytest.raises(SettingsError) as failure:
        configs_from_environment(seed)

    assert len(failure.value.problems) == 6
    assert "nobody-reads" not in str(failure.value) + repr(seed)
