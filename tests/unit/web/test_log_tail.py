"""GET /api/log: the end of the log for an admin, over rotations, and what of it holds a text."""

from __future__ import annotations

from typing import Any

import pytest

from backend.catalog import tokens
from backend.log import FILE_NAME
from backend.web import log_tail, schemas
from tests.unit.web.conftest import Site


def asked(site: Site, **query: Any) -> schemas.LogTail:
    answer = site.call("GET", "/api/log", query_string=query)
    return schemas.LogTail.model_validate(answer.get_json(), strict=True)


def written(site: Site, text: str, suffix: str = "") -> None:
    folder = site.services.settings.log_dir.absolute()
    folder.mkdir(exist_ok=True)
    (folder / f"{FILE_NAME}{suffix}").write_text(text)


def test_the_latest_lines_come_first_and_only_whole_ones(site: Site) -> None:
    video_id = site.upload().get_json()["video_id"]
    assert any("saved" in line for line in asked(site, q=video_id).lines)
    written(site, "one\ntwo ü\nthree\nhalf of")
    written(site, "older\n", ".1")
    assert asked(site) == schemas.LogTail(success=True, lines=["three", "two ü", "one", "older"], searched_all=True)
    assert asked(site, limit=2) == schemas.LogTail(success=True, lines=["three", "two ü"], searched_all=False)
    assert asked(site, q="o", limit=3).lines == ["two ü", "one", "older"]
    assert asked(site, q="nothing holds this") == schemas.LogTail(success=True, lines=[], searched_all=True)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
def test_lines_that_lie_across_what_is_read_at_once_stay_whole(
    site: Site, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "_BLOCK_BYTES", block)
    for text, lines in (
        ("one\ntwo ü\n\nthree\n", ["three", "", "two ü", "one"]),
        ("no end", []),
        ("", []),
        ("one\nno end", ["one"]),
    ):
        written(site, text)
        assert asked(site).lines == lines


def test_it_stops_where_too_much_would_have_to_be_read_and_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_tail, "_MOST_BYTES", 12)
    written(site, "".join(f"line {number}\n" for number in range(9)))
    assert asked(site, q="line 0") == schemas.LogTail(success=True, lines=[], searched_all=False)


def test_it_is_for_those_who_see_everything(site: Site) -> None:
    assert site.call("GET", "/api/log", "operator").status_code == 403
    with site.services.database.write() as session:
        site.tokens["films"] = tokens.create(session, "films", "admin", ["films"])[1]
    assert site.call("GET", "/api/log", "films").status_code == 403
