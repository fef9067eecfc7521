"""Reads targets.toml: the targets, and the rules that say which video goes to which of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import SettingsError
from backend.settings.toml_file import parse_toml, tables_of
from backend.targets.config import TargetConfig
from backend.targets.config_table import read_table
from backend.targets.rules import Rule, read_rules


@dataclass(frozen=True)
class TargetsFile:
    """All that one targets.toml says."""

    configs: tuple[TargetConfig, ...]
    rules: tuple[Rule, ...]


def read_targets_file(path: Path, environ: Mapping[str, str]) -> TargetsFile:
    """Read and check the file; SettingsError with every problem at once.

    A text option "env:NAME" takes the variable's value from `environ`, "file:PATH" the file's content without
    the line end; PATH is relative to the folder of targets.toml.
    """
    document = parse_toml(path)
    problems = [
        f"{path.name}: “{name}” is not known; the file holds [[target]] and [[rule]] tables."
        for name in document
        if name not in ("target", "rule")
    ]
    configs = _configs(tables_of(document, "target", path, problems), path, environ, problems)
    rules = read_rules(tables_of(document, "rule", path, problems), path.name, _names(document), problems)
    if problems:
        raise SettingsError(problems)
    return TargetsFile(tuple(configs), tuple(rules))


def _names(document: Mapping[str, Any]) -> list[str]:
    tables = document.get("target", [])
    return [str(t.get("name")) for t in tables if isinstance(t, dict)] if isinstance(tables, list) else []


def _configs(
    tables: list[dict[str, Any]], path: Path, environ: Mapping[str, str], problems: list[str]
) -> list[TargetConfig]:
    configs = []
    seen: set[str] = set()
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        where = f"{path.name}: target “{name}”" if isinstance(name, str) and name else f"{path.name}: target {number}"
        if isinstance(name, str) and name in seen:
            problems.append(f"{where}: the name is used twice; each target needs its own.")
        seen.add(str(name))
        before = len(problems)
        resolved = {key: _resolve(key, value, where, path, environ, problems) for key, value in table.items()}
        if len(problems) > before:
            continue
        config = read_table(resolved, where, problems)
        configs += [config] if config else []
    return configs


def _resolve(
    option: str, value: object, where: str, path: Path, environ: Mapping[str, str], problems: list[str]
) -> object:
    """Fetch what "env:NAME" or "file:PATH" stands for; anything else is meant as it is written."""
    if not isinstance(value, str):
        return value
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if not environ.get(name):
            problems.append(f"{where}: option “{option}” asks for the variable {name}, which is not set.")
        return environ.get(name, "")
    if value.startswith("file:"):
        secret_path = path.parent / Path(value.removeprefix("file:")).expanduser()
        try:
            return secret_path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            problems.append(f"{where}: option “{option}” asks for the file {secret_path}: {reason}.")
    return value
