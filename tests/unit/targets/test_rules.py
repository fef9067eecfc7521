"""Promises of backend/targets/rules.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.rules import Rule, read_rules, targets_for

_names = st.sampled_from(["nas", "drive", "minio"])
_rules = st.lists(
    st.builds(
        Rule,
        st.lists(_names, unique=True).map(tuple),
        st.lists(st.sampled_from(["news", "news-*", "*", "a?"])).map(tuple),
        st.lists(st.sampled_from(["Raw", "Inter*"])).map(tuple),
    )
)


@given(_rules, st.text(max_size=5), st.text(max_size=5), st.lists(_names))
def test_the_first_rule_that_matches_decides_else_the_default(
    rules: list[Rule], project: str, label: str, default: list[str]
) -> None:
    found = targets_for(rules, project, label, default)

    matching = [rule for rule in rules if rule.matches(project, label)]
    assert found == (matching[0].targets if matching else tuple(default))


@pytest.mark.parametrize(
    ("project", "label", "targets"),
    [
        ("news-berlin", "Raw", ("nas",)),
        ("news-berlin", "Interview", ("drive",)),
        ("NEWS-berlin", "Interview", ("minio",)),
        ("private", "Anything", ()),
    ],
)
def test_patterns_and_lists_match(project: str, label: str, targets: tuple[str, ...]) -> None:
    tables: list[dict[str, Any]] = [
        {"project": "news-*", "label": ["Raw", "Rough*"], "targets": "nas"},
        {"project": ["news-*", "desk"], "targets": ["drive"]},
        {"project": "private", "targets": []},
    ]
    problems: list[str] = []
    rules = read_rules(tables, "targets.toml", ["nas", "drive", "minio"], problems)

    assert problems == []
    assert targets_for(rules, project, label, ["minio"]) == targets


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"project": "x"}, "“targets” is missing"),
        ({"project": "x", "targets": ["nsa"]}, "target “nsa” is not configured; configured: nas, drive"),
        ({"projects": "x", "targets": []}, "“projects” is not known; known: project, label, targets"),
        ({"project": 7, "targets": []}, "“project” must be text or a list of texts"),
        ({"label": [""], "targets": []}, "“label” must be text or a list of texts"),
        ({"targets": ["nas"]}, "hides every rule below it"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_with_its_number(table: dict[str, Any], words: str) -> None:
    problems: list[str] = []
    tables = [{"project": "ok", "targets": ["nas"]}, table, {"targets": ["nas"]}]

    read_rules(tables, "targets.toml", ["nas", "drive"], problems)

    assert [problem for problem in problems if words in problem and "targets.toml: rule 2" in problem]
