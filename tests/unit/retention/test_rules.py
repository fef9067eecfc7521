"""retention.toml: read whole or refused in words, and the first rule that matches decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.retention.rules import Retention, Rule

GOOD = """
[[rule]]
name = "meetings"
project = "meet*"
label = ["Call", "Talk"]
tag = "work"
camera = "c?"
expire_after_days = 365
keep_local_days = 30.5
keep_local_copies = 2
move_to = "glacier"
move_after_days = 90

[[rule]]
name = "all"
keep_local_days = 0

[[quota]]
project = "meetings"
max_gib = 0.5

[[quota]]
project = "*"
max_gib = 2
"""


def load(tmp_path: Path, text: str) -> Retention:
    place = tmp_path / "retention.toml"
    place.write_text(text)
    return Retention.load(place, ["nas", "glacier"])


def problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return "\n".join(caught.value.problems)


def test_everything_that_is_written_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert found.rules == (
        Rule("meetings", ("meet*",), ("work",), ("Call", "Talk"), ("c?",), 365, 30.5, 2, "glacier", 90),
        Rule("all", keep_local_days=0),
    )
    assert [found.quota_bytes(project) for project in ("meetings", "other")] == [2**29, 2**31]


def test_a_quota_goes_by_name_then_by_pattern_then_to_all_others(tmp_path: Path) -> None:
    path = tmp_path / "retention.toml"
    quotas = (("*", 4), ("drafts-*", 2), ("drafts-2", 3), ("[odd]", 1))
    path.write_text("".join(f"[[quota]]\nproject = '{name}'\nmax_gib = {gib}\n" for name, gib in quotas))
    found = Retention.load(path, ())
    by_project = {name: found.quota_bytes(name) for name in ("drafts-1", "drafts-2", "drafts", "[odd]")}
    assert by_project == {"drafts-1": 2 * 2**30, "drafts-2": 3 * 2**30, "drafts": 4 * 2**30, "[odd]": 2**30}


def test_without_a_file_there_are_no_rules_and_no_quota(tmp_path: Path) -> None:
    found = Retention.load(tmp_path / "none.toml", [])
    assert (found, found.quota_bytes("a")) == (Retention(), None)


def test_all_conditions_must_hold_and_the_first_rule_that_matches_decides(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    for facts, name in (
        (("meetings", "Call", "c1", ["x", "work"]), "meetings"),
        (("meetings", "Call", "c1", ["Work"]), "all"),
        (("meetings", "Other", "c1", ["work"]), "all"),
        (("other", "Call", "c1", ["work"]), "all"),
        (("meetings", "Call", "", ["work"]), "all"),
    ):
        rule = found.rule_for(*facts)
        assert rule is not None
        assert rule.name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule]]", "rule 1: “name” is missing"),
        ("[[rule]]\nname = 'a'\n[[rule]]\nname = 'a'", "rule “a”: the name is used twice"),
        ("[[rule]]\nname = 'a'\n[[rule]]\nname = 'b'", "rule “a”: has no condition and so hides every rule below"),
        ("[[rule]]\nname = 'a'\nexpires = 3", "rule “a”: “expires” is not known"),
        ("[[rule]]\nname = 'a'\nexpire_after_days = 0", "“expire_after_days” must be more than 0"),
        ("[[rule]]\nname = 'a'\nexpire_after_days = -1", "“expire_after_days” must be a number from 0"),
        ("[[rule]]\nname = 'a'\nexpire_after_days = inf", "“expire_after_days” must be a number from 0"),
        ("[[rule]]\nname = 'a'\nexpire_after_days = true", "“expire_after_days” must be a number from 0"),
        ("[[rule]]\nname = 'a'\nkeep_local_days = 'x'", "“keep_local_days” must be a number"),
        ("[[rule]]\nname = 'a'\nkeep_local_copies = 2", "“keep_local_copies” needs “keep_local_days”"),
        ("[[rule]]\nname = 'a'\nkeep_local_days = 1\nkeep_local_copies = 0", "must be a whole number from 1 on"),
        ("[[rule]]\nname = 'a'\nmove_to = 'tape'\nmove_after_days = 1", "target “tape” is not configured"),
        ("[[rule]]\nname = 'a'\nmove_to = 'nas'", "“move_to” and “move_after_days” need one another"),
        ("[[rule]]\nname = 'a'\nproject = ''", "“project” must be a text"),
        ("[[rule]]\nname = 'a'\ntag = []", "“tag” must be a text"),
        ("[[quota]]\nmax_gib = 1", "quota 1: “project” is missing"),
        ("[[quota]]\nproject = 'a'", "“max_gib” is missing"),
        ("[[quota]]\nproject = 'a'\nmax_gib = 1\n[[quota]]\nproject = 'a'\nmax_gib = 2", "has a quota above already"),
        ("[[quota]]\nproject = 'a'\nmax_gb = 1", "“max_gb” is not known"),
        ("[rule]\nname = 'a'", "write [[rule]] with two brackets"),
        ("[[rules]]\nname = 'a'", "“rules” is not known"),
        ("[[rule", "is not TOML"),
    ],
)
def test_what_makes_no_sense_is_told_by_file_rule_and_field(tmp_path: Path, text: str, words: str) -> None:
    told = problems(tmp_path, text)
    assert words in told
    assert told.startswith("retention.toml: ")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[[rule]]\nname = 'a'\nx = 1\ny = 2\n[[quota]]\nz = 1").splitlines()) == 5


def test_a_rule_is_told_in_words() -> None:
    rule = Rule(
        "a", ("m",), expire_after_days=1, keep_local_days=2, keep_local_copies=1, move_to="g", move_after_days=3
    )
    assert rule.words == (
        "Videos with project m: into the trash after 1 day; a copy to g after 3 days; local bytes go after 2 days, "
        "once a verified copy exists."
    )
    assert Rule("b").words == "Every other video: kept as they are."
