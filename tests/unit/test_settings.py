"""Settings: every problem at once, in words; files, .env and masks."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.settings import explain_settings, load_settings, unused_settings


def test_defaults_need_no_environment() -> None:
    settings = load_settings({}, None)
    assert settings.address == "http://127.0.0.1:8000"
    assert settings.catalog_url.endswith("/uploaded_videos/metadata/catalog.db")
    assert settings.upload_max_size == 20 * 1024**3
    assert settings.allowed_extensions[:2] == ("mp4", "m4v")


def test_every_problem_is_told_at_once_with_name_and_meaning() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"PORT": "high", "LOG_FORMAT": "xml", "UPLOAD_MAX_SIZE": "0"}, None)
    told = caught.value.problems
    assert len(told) == 3
    assert any(line.startswith("PORT=high: ") and "port the web process binds to" in line for line in told)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"STORAGE_MODE": "BOTH"}, "needs MILESTONE_URL"),
        ({"STORAGE_MODE": "MILESTONE"}, "needs MILESTONE_URL"),
        ({"AUTH_MODE": "open", "HOST": "0.0.0.0"}, "AUTH_MODE=open"),
        ({"AUTH_MODE": "none"}, "AUTH_MODE"),
        ({"ADMIN_TOKEN": "short"}, "shorter than 20"),
        ({"DATABASE_URL": "mysql://x"}, "unknown database"),
        ({"DATABASE_URL": "sqlite:///x", "POSTGRES_HOST": "h"}, "both set"),
        ({"TRUSTED_PROXIES": "nginx"}, "neither an address nor a network"),
        ({"PUBLIC_URL": "video.example.org"}, "must look like"),
        ({"ADMIN_TOKEN_FILE": "/nowhere"}, "cannot be read"),
        ({"EDGE_PORT": "8554"}, "both 8554"),
        ({"EDGE_ADDRESS": "http://10.0.0.5"}, "must be a host or host:port"),
        ({"EDGE_ADDRESS": "0.0.0.0"}, "EDGE_ADDRESS=0.0.0.0 leads a VMS nowhere.*10.0.0.5.*EDGE_HOST"),
        ({"EDGE_ADDRESS": "[::]:8580"}, "leads a VMS nowhere"),
        ({"EDGE_USERNAME": "a:b"}, "EDGE_USERNAME takes"),
        ({"EDGE_PASSWORD": "short"}, "EDGE_PASSWORD is shorter than 8"),
    ],
)
def test_settings_that_do_not_fit_stop_the_start(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(environ, None)


def test_secrets_never_stand_in_a_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"ADMIN_TOKEN": "hunter2"}, None)
    assert "hunter2" not in str(caught.value)


def test_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-the-file\n")
    settings = load_settings({"MINIO_SECRET_KEY_FILE": str(tmp_path / "secret")}, None)
    assert settings.minio_secret_key.get_secret_value() == "from-the-file"


def test_environment_wins_over_dotenv_and_each_source_is_told(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9001\nLOG_LEVEL=debug\n")
    found = {option.name: option for option in explain_settings({"PORT": "9000"}, dotenv)}
    assert (found["PORT"].value, found["PORT"].source) == ("9000", "environment")
    assert (found["LOG_LEVEL"].value, found["LOG_LEVEL"].source) == ("debug", str(dotenv))
    assert found["HOST"].source == "default"


def test_empty_value_means_not_set() -> None:
    assert load_settings({"PORT": ""}, None).port == 8000


def test_secrets_are_masked_where_settings_are_shown() -> None:
    environ = {"MINIO_SECRET_KEY": "s3cr3t", "DATABASE_URL": "postgresql://u:s3cr3t@h/d"}
    assert "s3cr3t" not in str(explain_settings(environ, None))
    assert "s3cr3t" not in repr(load_settings({"MINIO_SECRET_KEY": "s3cr3t"}, None))


def test_drives_credentials_are_shown_as_a_path_and_never_as_what_stands_in_the_file(tmp_path: Path) -> None:
    def shown(**environ: str) -> str:
        settings = load_settings(environ, None)
        assert "s3cr3t" not in repr(settings)
        return next(o.value for o in explain_settings(environ, None) if o.name == "DRIVE_CREDENTIALS")

    (tmp_path / "key.json").write_text('{"private_key": "s3cr3t"}')
    assert shown() == "credentials.json"
    assert shown(DRIVE_CREDENTIALS="/etc/key.json") == "/etc/key.json"
    assert shown(DRIVE_CREDENTIALS_FILE=str(tmp_path / "key.json")) == "********"
    assert unused_settings({"DRIVE_FOLDER_ID": "1aB", "DRIVE_CREDENTIALS": "key.json"}, None) == []


@pytest.mark.parametrize(
    ("address", "reached"),
    [("10.0.0.5", "10.0.0.5:8580"), ("vms-net.example:9000", "vms-net.example:9000"), ("[fd00::5]", "[fd00::5]:8580")],
)
def test_a_vms_is_told_where_the_edge_device_is(address: str, reached: str) -> None:
    assert load_settings({"EDGE_ADDRESS": address}, None).edge_reached_at == reached
    assert load_settings({"EDGE_PORT": "81"}, None).edge_reached_at.endswith(":81")


def test_postgres_parts_make_one_address() -> None:
    settings = load_settings({"POSTGRES_HOST": "db", "POSTGRES_PASSWORD": "p@ss/word"}, None)
    assert settings.catalog_url == "postgresql+psycopg://holdfast:p%40ss%2Fword@db:5432/holdfast"
    assert load_settings({"DATABASE_URL": "postgres://h/d"}, None).catalog_url == "postgresql+psycopg://h/d"
