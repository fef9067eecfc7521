"""What every TOML file of ours has in common: how it is read, and that its tables are lists of tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.errors import SettingsError


def parse_toml(path: Path) -> dict[str, Any]:
    """The whole file. Raises `SettingsError` when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path.name}: cannot be read ({error.strerror}): {path}."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path.name}: is not TOML: {error}."]) from error


def tables_of(document: Mapping[str, Any], name: str, path: Path, problems: list[str]) -> list[dict[str, Any]]:
    """The `[[name]]` tables; what else stands under that name is added to `problems`."""
    found = document.get(name, [])
    if isinstance(found, list) and all(isinstance(table, dict) for table in found):
        return found
    problems.append(f"{path.name}: write [[{name}]] with two brackets, once for each {name}.")
    return []
