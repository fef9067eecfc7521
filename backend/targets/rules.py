"""Which targets a video goes to by the rules of targets.toml. Pure: the first rule that matches decides.

[[rule]]
project = "news-*"              # a pattern or a list of them (* and ?); not given: every project
label = ["Interview", "Raw"]    # the content_type; not given: every label
targets = ["nas", "drive"]      # [] keeps the video on the local disk only
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Rule:
    """Both conditions must hold; an empty one always does. Patterns tell capitals apart."""

    targets: tuple[str, ...]
    projects: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def matches(self, project_id: str, content_type: str) -> bool:
        return _any_of(self.projects, project_id) and _any_of(self.labels, content_type)


def _any_of(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def targets_for(rules: Iterable[Rule], project_id: str, content_type: str, default: Sequence[str]) -> tuple[str, ...]:
    """The names of the targets for a video: those of the first matching rule, else the default."""
    for rule in rules:
        if rule.matches(project_id, content_type):
            return rule.targets
    return tuple(default)


def read_rules(
    tables: Sequence[Mapping[str, Any]], file_name: str, names: Sequence[str], problems: list[str]
) -> list[Rule]:
    """Check the [[rule]] tables against the configured names. Every problem is appended to `problems`."""
    rules = []
    for number, table in enumerate(tables, start=1):
        where = f"{file_name}: rule {number}"
        unknown = [key for key in table if key not in ("project", "label", "targets")]
        problems += [f"{where}: “{key}” is not known; known: project, label, targets." for key in unknown]
        projects = _texts(table.get("project", []), where, "project", problems)
        labels = _texts(table.get("label", []), where, "label", problems)
        if "targets" not in table:
            problems.append(f"{where}: “targets” is missing (names of targets; [] for none).")
        targets = _texts(table.get("targets", []), where, "targets", problems)
        problems += [
            f"{where}: target “{target}” is not configured; configured: {', '.join(names) or 'none'}."
            for target in targets
            if target not in names
        ]
        if not projects and not labels and number < len(tables):
            problems.append(f"{where}: has no condition and so hides every rule below it; put it last.")
        rules.append(Rule(tuple(dict.fromkeys(targets)), projects, labels))
    return rules


def _texts(value: object, where: str, key: str, problems: list[str]) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list) and all(isinstance(item, str) and item for item in values):
        return tuple(values)
    problems.append(f"{where}: “{key}” must be text or a list of texts.")
    return ()
