"""Reads retention.toml: the rules that say what becomes of videos with age, and the quotas of projects. Pure but for
the reading of the file.

[[rule]]
name = "meetings"            # unique, told in every explanation
project = "meetings"         # project, tag, label, camera: a pattern or a list of them (* and ?); all given must match
expire_after_days = 365      # into the trash at this age
keep_local_days = 30         # the local bytes may go at this age …
keep_local_copies = 2        # … once so many verified copies exist (default: all required ones, at least 1)
move_to = "glacier"          # this target gets a copy …
move_after_days = 90         # … at this age

[[quota]]
project = "meetings"         # "*": each project that has none of its own
max_gib = 500

The first rule that matches a video decides; one that names nothing to do keeps it as it is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from backend.catalog.lines import camera_of
from backend.errors import SettingsError
from backend.settings import Settings
from backend.settings.toml_file import parse_toml, tables_of

_GIB = 1024**3
_MOST_DAYS = 36500
_CONDITIONS = ("project", "tag", "label", "camera")
_DAYS = ("expire_after_days", "keep_local_days", "move_after_days")
_OF_A_RULE = ("name", *_CONDITIONS, "expire_after_days", "keep_local_days", "keep_local_copies", "move_to",
              "move_after_days")  # fmt: skip
_OF_A_QUOTA = ("project", "max_gib")


@dataclass(frozen=True)
class Rule:
    """Every condition must hold; an empty one always does. What is None is not asked for by this rule.

    `needs`: targets that must hold a verified copy before local bytes go, required or not.
    """

    name: str
    projects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    expire_after_days: float | None = None
    keep_local_days: float | None = None
    keep_local_copies: int | None = None
    move_to: str = ""
    move_after_days: float | None = None
    needs: tuple[str, ...] = ()

    def matches(self, project_id: str, label: str, camera_id: str, tags: Iterable[str]) -> bool:
        return (
            _any_of(self.projects, [project_id])
            and _any_of(self.labels, [label])
            and _any_of(self._cameras_as_kept, [camera_id])
            and _any_of(self.tags, tags)
        )

    @property
    def matches_all(self) -> bool:
        return not (self.projects or self.tags or self.labels or self.cameras)

    @cached_property
    def _cameras_as_kept(self) -> tuple[str, ...]:
        """Of a segment the camera is kept in one way of writing, however somebody wrote it here."""
        return (*self.cameras, *filter(None, map(camera_of, self.cameras)))

    @property
    def words(self) -> str:
        """The whole rule in one sentence, for people."""
        does = [
            f"into the trash after {_days(self.expire_after_days)}" if self.expire_after_days is not None else "",
            f"a copy to {self.move_to} after {_days(self.move_after_days or 0)}" if self.move_to else "",
            self._local_words() if self.keep_local_days is not None else "",
        ]
        return f"{self._whom()}: {'; '.join(filter(None, does)) or 'kept as they are'}."

    def _local_words(self) -> str:
        copies = self.keep_local_copies
        many = "every required copy is verified" if copies is None else f"{copies} verified copies exist"
        many = "a verified copy exists" if copies == 1 else many
        many = f"{many}, on {' and '.join(self.needs)} among them" if self.needs else many
        return f"local bytes go after {_days(self.keep_local_days or 0)}, once {many}"

    def _whom(self) -> str:
        parts = {"project": self.projects, "tag": self.tags, "label": self.labels, "camera": self.cameras}
        told = [f"{name} {' or '.join(values)}".replace("?*", "any") for name, values in parts.items() if values]
        return f"Videos with {' and '.join(told)}" if told else "Every other video"


@dataclass(frozen=True)
class Quota:
    """How much the videos of each project may take that `project` names, or fits as a pattern (drafts-*)."""

    project: str
    max_bytes: int


@dataclass(frozen=True)
class Retention:
    """All that one retention.toml says; without a file, nothing."""

    rules: tuple[Rule, ...] = ()
    quotas: tuple[Quota, ...] = ()

    @classmethod
    def load(cls, path: Path, target_names: Collection[str]) -> Retention:
        """Read and check the file; none: no rules. SettingsError with every problem, by file, rule and field."""
        if not path.is_file():
            return cls()
        document, problems = parse_toml(path), list[str]()
        problems += [
            f"{path.name}: “{name}” is not known; the file holds [[rule]] and [[quota]] tables."
            for name in document
            if name not in ("rule", "quota")
        ]
        rules = _rules(tables_of(document, "rule", path, problems), path.name, target_names, problems)
        quotas = _quotas(tables_of(document, "quota", path, problems), path.name, problems)
        if problems:
            raise SettingsError(problems)
        return cls(tuple(rules), tuple(quotas))

    def rule_for(self, project_id: str, label: str, camera_id: str, tags: Collection[str]) -> Rule | None:
        """The first rule that matches."""
        return next((r for r in self.rules if r.matches(project_id, label, camera_id, tags)), None)

    def quota_bytes(self, project_id: str) -> int | None:
        """How many bytes the project may hold; None: as many as there is room for. Its own name goes before a
        pattern, and any pattern before "*"."""
        fitting = [quota for quota in self.quotas if quota.project == project_id]
        fitting += [quota for quota in self.quotas if quota.project != "*" and fnmatchcase(project_id, quota.project)]
        fitting += [quota for quota in self.quotas if quota.project == "*"]
        return fitting[0].max_bytes if fitting else None


def load_retention(settings: Settings, target_names: Collection[str]) -> Retention:
    """The rules of this installation. A file that was named must be there."""
    path = settings.retention_file
    if not path.is_file() and "retention_file" in settings.model_fields_set:
        raise SettingsError([f"RETENTION_FILE={path} does not exist"])
    return Retention.load(path, target_names)


def _any_of(patterns: tuple[str, ...], values: Iterable[str]) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for value in values for pattern in patterns)


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def _rules(
    tables: list[dict[str, Any]], file_name: str, target_names: Collection[str], problems: list[str]
) -> list[Rule]:
    rules: list[Rule] = []
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        where = f"{file_name}: rule “{name}”" if isinstance(name, str) and name else f"{file_name}: rule {number}"
        if not isinstance(name, str) or not name.strip():
            problems.append(f"{where}: “name” is missing; every explanation tells it.")
        elif any(rule.name == name for rule in rules):
            problems.append(f"{where}: the name is used twice; each rule needs its own.")
        rule = _rule(table, where, target_names, problems)
        if rule.matches_all and number < len(tables):
            problems.append(f"{where}: has no condition and so hides every rule below it; put it last.")
        rules.append(rule)
    return rules


def _rule(table: Mapping[str, Any], where: str, target_names: Collection[str], problems: list[str]) -> Rule:
    _refuse_unknown(table, _OF_A_RULE, where, problems)
    patterns = {key: _texts(table, key, where, problems) for key in _CONDITIONS}
    days = {field: _number(table, field, where, problems, _MOST_DAYS) for field in _DAYS}
    if days["expire_after_days"] == 0:
        problems.append(f"{where}: “expire_after_days” must be more than 0; leave it out to keep videos for ever.")
    copies, move_to = table.get("keep_local_copies"), table.get("move_to", "")
    if copies is not None and (not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= 100):
        problems.append(f"{where}: “keep_local_copies” must be a whole number from 1 on.")
        copies = None
    if copies is not None and days["keep_local_days"] is None:
        problems.append(f"{where}: “keep_local_copies” needs “keep_local_days” (0: at any age).")
    if "move_to" in table and move_to not in target_names:
        known = ", ".join(sorted(target_names)) or "none"
        problems.append(f"{where}: “move_to”: target “{move_to}” is not configured; configured: {known}.")
    if ("move_to" in table) != ("move_after_days" in table):
        problems.append(f"{where}: “move_to” and “move_after_days” need one another.")
    return Rule(
        name=str(table.get("name", "")),
        projects=patterns["project"],
        tags=patterns["tag"],
        labels=patterns["label"],
        cameras=patterns["camera"],
        expire_after_days=days["expire_after_days"],
        keep_local_days=days["keep_local_days"],
        keep_local_copies=copies,
        move_to=str(move_to),
        move_after_days=days["move_after_days"],
    )


def _quotas(tables: list[dict[str, Any]], file_name: str, problems: list[str]) -> list[Quota]:
    quotas: list[Quota] = []
    for number, table in enumerate(tables, start=1):
        where, project = f"{file_name}: quota {number}", table.get("project")
        _refuse_unknown(table, _OF_A_QUOTA, where, problems)
        if not isinstance(project, str) or not project:
            problems.append(f'{where}: “project” is missing (its name, a pattern, or "*" for all that have no quota).')
        elif any(quota.project == project for quota in quotas):
            problems.append(f"{where}: “project” {project} has a quota above already.")
        if "max_gib" not in table:
            problems.append(f"{where}: “max_gib” is missing.")
        size = _number(table, "max_gib", where, problems, 1024**3)
        quotas.append(Quota(str(project), int((size or 0) * _GIB)))
    return quotas


def _refuse_unknown(table: Mapping[str, Any], known: Collection[str], where: str, problems: list[str]) -> None:
    problems += [f"{where}: “{key}” is not known; known: {', '.join(known)}." for key in table if key not in known]


def _texts(table: Mapping[str, Any], key: str, where: str, problems: list[str]) -> tuple[str, ...]:
    if key not in table:
        return ()
    values = [table[key]] if isinstance(table[key], str) else table[key]
    # An empty list or text would match nothing, or, taken for "not given", everything.
    if isinstance(values, list) and values and all(isinstance(item, str) and item for item in values):
        return tuple(values)
    problems.append(f"{where}: “{key}” must be a text or a list of texts.")
    return ()


def _number(table: Mapping[str, Any], key: str, where: str, problems: list[str], most: float) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if fits and 0 <= value <= most:
        return float(value)
    problems.append(f"{where}: “{key}” must be a number from 0 to {most}.")
    return None
