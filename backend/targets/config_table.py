"""Turns one table of foreign data, from TOML or from variables, into a TargetConfig or a list of problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backend.errors import SettingsError
from backend.targets import registry
from backend.targets.config import Kind, Option, Shape, TargetConfig

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

_COMMON = (
    Option("name", (Shape.TEXT,), "what the target is called, in lists, links and logs", required=True),
    Option("kind", (Shape.TEXT,), "what kind of place it is", required=True),
    Option("label", (Shape.TEXT,), "what people see; the name if not given", default=""),
    Option("enabled", (Shape.FLAG,), "false keeps it configured and sends nothing", default=True),
    Option("required", (Shape.FLAG,), "counts when local bytes are to be freed", default=True),
    Option("max_concurrent", (Shape.WHOLE,), "files sent at once", default=2, least=1, most=64),
    Option("max_mib_per_second", (Shape.WHOLE, Shape.NUMBER), "bandwidth limit in MiB per second", least=0.01),
    Option(
        "on_delete",
        (Shape.TEXT,),
        "what happens to the copy of a deleted video",
        "keep",
        choices=("keep", "delete"),
    ),
    Option(
        "verify_every_days",
        (Shape.WHOLE, Shape.NUMBER),
        "days after which a verified copy is looked at again; 0: never",
        default=7,
        least=0,
        most=36500,
    ),
)
COMMON_NAMES = tuple(option.name for option in _COMMON)


def read_table(table: Mapping[str, Any], where: str, problems: list[str]) -> TargetConfig | None:
    """Check one target's table. Every problem is appended, prefixed by `where`; None if there was any."""
    found: list[str] = []
    kind = _kind(table, found)
    known = _COMMON + (kind.options if kind else ())
    if kind is not None:
        found += _unknown(table, kind)
    found += _wrong(table, known)
    name = table.get("name")
    if isinstance(name, str) and name.strip() and not _NAME.fullmatch(name):
        found.append("option “name” may hold a-z, 0-9, - and _, must start with a letter or digit, and 63 at most")
    options = _values(table, kind.options) if kind else {}
    if kind is not None and kind.ephemeral and table.get("required") is True:
        found.append(f"option “required” cannot be true: what kind {kind.name} keeps ends by itself, and never counts")
    if kind is not None and not found:
        found += kind.problems(options)
    problems += [f"{where}: {problem}." for problem in found]
    if found or kind is None:
        return None
    common = _values(table, _COMMON)
    return _config(common | ({"ephemeral": True, "required": False} if kind.ephemeral else {}), options)


def _kind(table: Mapping[str, Any], found: list[str]) -> Kind | None:
    name = table.get("kind")
    if not isinstance(name, str) or not name:
        return None
    try:
        return registry.load_kind(name)
    except SettingsError as error:
        found += [problem.removesuffix(".") for problem in error.problems]
        return None


def _unknown(table: Mapping[str, Any], kind: Kind) -> list[str]:
    names = tuple(option.name for option in kind.options)
    return [
        f"option “{name}” is not known to kind {kind.name}; known: {', '.join((*COMMON_NAMES, *names))}"
        for name in table
        if name not in COMMON_NAMES and name not in names
    ]


def _wrong(table: Mapping[str, Any], known: tuple[Option, ...]) -> list[str]:
    found = []
    for option in known:
        if option.name in table:
            problem = option.problem(table[option.name])
            found += [problem] if problem else []
        elif option.required:
            found.append(f"option “{option.name}” is missing ({option.meaning})")
    return found


def _values(table: Mapping[str, Any], known: tuple[Option, ...]) -> dict[str, Any]:
    return {option.name: table.get(option.name, option.default) for option in known}


def _config(common: Mapping[str, Any], options: Mapping[str, Any]) -> TargetConfig:
    return TargetConfig(**{**common, "label": common["label"] or common["name"]}, options=options)
