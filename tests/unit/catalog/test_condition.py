"""The state of a catalog's tables, asked without changing them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from backend.catalog.condition import Condition, clock_ahead_seconds, condition_of, known_versions
from backend.catalog.database import Database
from backend.catalog.migrate import SCRIPTS, migrate
from backend.errors import CatalogUnavailable, DiskFault


def test_the_newest_known_version_is_the_one_migrations_lead_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert known_versions()[-1] == ScriptDirectory.from_config(config).get_current_head()


def test_absent_then_current_then_of_a_newer_program(empty_database_url: str) -> None:
    assert condition_of(empty_database_url) is Condition.ABSENT
    migrate(empty_database_url)
    assert condition_of(empty_database_url) is Condition.CURRENT
    mark(empty_database_url, "9999")
    assert condition_of(empty_database_url) is Condition.NEWER


def test_a_database_of_before_the_last_migration_is_older(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    migrate(empty_database_url)
    versions = tmp_path / "versions"
    versions.mkdir()
    for name in (*known_versions(), "9999"):
        (versions / f"{name}_words.py").touch()
    monkeypatch.setattr("backend.catalog.condition._VERSIONS", versions)
    assert condition_of(empty_database_url) is Condition.OLDER


def mark(database_url: str, version: str) -> None:
    database = Database(database_url)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    database.close()


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert condition_of(f"sqlite:///{tmp_path / 'none.db'}") is Condition.ABSENT
    assert list(tmp_path.iterdir()) == []


def test_damage_and_silence_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"no database " * 1000)
    with pytest.raises(DiskFault, match="not a database"):
        condition_of(f"sqlite:///{tmp_path / 'bad.db'}")
    with pytest.raises(CatalogUnavailable):
        condition_of("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_the_databases_clock_is_ours_on_this_machine(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as session:
        assert abs(clock_ahead_seconds(session)) < 2
    database.close()
