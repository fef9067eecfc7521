"""`doctor` and what follows from the rows: counts and words that are not true are found, told and mended."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import text

from backend.catalog import counts
from backend.catalog.database import Database
from backend.settings import load_settings
from tests.unit.cli.conftest import CommandLine

_HARMS = {
    "figures": "UPDATE counts SET count = count + 1",
    "search": "UPDATE video_words SET words = 'nothing'",
}


@pytest.mark.parametrize("what", _HARMS)
def test_what_somebody_spoiled_is_found_told_and_mended(
    either: CommandLine, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    either.upload("Möwen am Strand.mp4")
    assert not _wrong(either)
    monkeypatch.chdir(either.home)
    harm(_HARMS[what], fold=True)
    (found,) = _wrong(either)
    assert found.startswith(f"{what}: ")
    assert "doctor --fix" in found
    either("doctor", "--fix")
    assert not _wrong(either)
    assert "Möwen" in either.well("find", "strand mowen").out
    assert either.well("stats", "--json").json["total_videos"] == 1


def test_an_index_that_does_not_fit_its_table_is_found_and_made_again(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.upload("gull.mp4")
    monkeypatch.chdir(cli.home)
    harm("DELETE FROM video_words_index_data WHERE id > 10")
    assert any(line.startswith("search: ") for line in _wrong(cli))
    cli("doctor", "--fix")
    assert not _wrong(cli)
    assert "gull" in cli.well("find", "gull").out


def _wrong(cli: CommandLine) -> list[str]:
    found = cli("doctor", "--json").json["findings"]
    mine = [f for f in found if f["state"] == "wrong" and f["what"] in _HARMS]
    return [f"{f['what']}: {f['says']} {f['remedy']}" for f in mine]


def harm(statement: str, *, fold: bool = False) -> None:
    with closing(Database(load_settings().catalog_url)) as database:
        if fold:
            counts.fold(database)
        with database.write() as session:
            session.execute(text(statement))
