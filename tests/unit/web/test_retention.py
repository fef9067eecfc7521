"""The preview of the rules over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.errors import SettingsError
from backend.web import schemas
from tests.services.waiting import wait_until
from tests.unit.web.conftest import VIDEO, Open, Site

RULES = (
    '[[rule]]\nname = "short"\nproject = "a"\nexpire_after_days = 10\n[[rule]]\nname = "room"\nkeep_local_days = 5\n'
)


def counted(site: Site, query: str = "", role: str = "admin") -> Any:
    """The preview, asked until counting is over: one question counts for half a second, however busy the machine."""

    def ask() -> Any:
        answer = site.call("GET", f"/api/retention/preview?{query}", role).get_json()
        return answer if answer["totals_are_exact"] else None

    return wait_until(ask, "everything to be counted")


def test_it_tells_totals_rules_and_each_decision_with_its_reason(open_site: Open, tmp_path: Path) -> None:
    (tmp_path / "retention.toml").write_text(RULES)
    site = open_site(RETENTION_FILE=str(tmp_path / "retention.toml"))
    for number, project in enumerate("aab"):
        site.upload(f"{number}.mp4", VIDEO + bytes([number]), project_id=project)
    now = counted(site)
    schemas.RetentionPreview.model_validate(now)
    assert (now["decisions"], now["totals"]["kept"]["count"], now["doubt"]) == ([], 3, "")
    assert [rule["name"] for rule in now["rules"]] == ["short", "room"]

    later = counted(site, "days_ahead=10&limit=2")
    schemas.RetentionPreview.model_validate(later)
    assert (later["totals"]["expire"]["count"], later["totals"]["kept"]["count"]) == (2, 1)
    assert [(d["action"], d["rule"], d["reason"]) for d in later["decisions"]] == [
        ("expire", "short", "it is older than 10 days")
    ] * 2
    rest = site.call("GET", f"/api/retention/preview?days_ahead=10&cursor={later['next_cursor']}").get_json()
    assert [(d["action"], d["reason"]) for d in rest["decisions"]] == [("keep", "not verified on nas")]
    assert rest["next_cursor"] is None


def test_who_is_limited_to_a_project_sees_no_other(open_site: Open) -> None:
    site = open_site()
    site.upload(project_id="a")
    site.upload(project_id="b", content=VIDEO + b"b")
    from backend.catalog import tokens

    with site.services.database.write() as session:
        _, site.tokens["limited"] = tokens.create(session, "limited", tokens.Role.VIEWER, ["a"])
    assert counted(site, role="limited")["totals"]["kept"]["count"] == 1


@pytest.mark.parametrize("query", ["days_ahead=-1", "days_ahead=x", "days_ahead=36501", "limit=0", "cursor=x"])
def test_senseless_queries_are_told_so(open_site: Open, query: str) -> None:
    assert open_site().call("GET", f"/api/retention/preview?{query}").status_code == 422


def test_rules_that_make_no_sense_stop_the_start_in_words(open_site: Open, tmp_path: Path) -> None:
    (tmp_path / "retention.toml").write_text('[[rule]]\nname = "a"\nmove_to = "tape"\nmove_after_days = 1\n')
    with pytest.raises(SettingsError, match=r"retention.toml: rule “a”: “move_to”: target “tape” is not configured"):
        open_site(RETENTION_FILE=str(tmp_path / "retention.toml"))
    with pytest.raises(SettingsError, match="does not exist"):
        open_site(RETENTION_FILE=str(tmp_path / "none.toml"))
