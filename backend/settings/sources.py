"""Reads the options, and is the only reader of the environment.

A value comes from the first of: the environment, the file that `NAME_FILE` names in the environment,
`.env`, the file that `NAME_FILE` names in `.env`, the default. All problems are told at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError

from backend.errors import SettingsError
from backend.settings.options import MASK, Settings

# Names of the specification that a later version reads: whoever sets one hears that it does nothing yet.
_NOT_USED_YET = ("AUTH_PROXY_HEADER",)


@dataclass(frozen=True)
class Sourced:
    """One option as `video_manager settings` shows it; secrets are masked."""

    name: str
    value: str
    source: str
    description: str


def load_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Read and validate all options. Raises `SettingsError` with every problem found."""
    raw, problems = _gather(environ, dotenv)
    try:
        settings = Settings.model_validate({name: value for name, (value, _) in raw.items()})
    except ValidationError as error:
        problems += [line for problem in error.errors() for line in _in_words(dict(problem))]
    if problems:
        raise SettingsError(problems)
    return settings


def explain_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> list[Sourced]:
    """Every option with its value and where it came from, in the order of options.py."""
    raw, _ = _gather(environ, dotenv)
    settings = load_settings(environ, dotenv)
    return [
        Sourced(
            name.upper(),
            _shown(getattr(settings, name)),
            raw[name][1] if name in raw else "default",
            info.description or "",
        )
        for name, info in Settings.model_fields.items()
    ]


def unused_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> list[Sourced]:
    """Names that are set but that this version does not use; their values, secrets perhaps, are not repeated."""
    found = []
    for name in _NOT_USED_YET:
        sources = [
            source for values, source in _layers(environ, dotenv) if values.get(name) or values.get(f"{name}_FILE")
        ]
        found += [Sourced(name, "", sources[0], "is set, but this version does not use it yet")] if sources else []
    return found


def read_environment() -> Mapping[str, str]:
    """The process's environment, for the targets file's `env:NAME` secrets (`.env` below it)."""
    return {**{k: v for k, v in dotenv_values(".env").items() if v is not None}, **os.environ}


def hand_to_libraries(name: str, value: str) -> None:
    """Set a variable that a library reads by itself."""
    os.environ[name] = value


def _gather(environ: Mapping[str, str] | None, dotenv: Path | None) -> tuple[dict[str, tuple[str, str]], list[str]]:
    layers = _layers(environ, dotenv)
    raw: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for field in Settings.model_fields:
        for values, source in layers:
            found = _look_up(field.upper(), values, source, problems)
            if found is not None:
                raw[field] = found
                break
    return raw, problems


def _layers(environ: Mapping[str, str] | None, dotenv: Path | None) -> list[tuple[Mapping[str, str], str]]:
    layers: list[tuple[Mapping[str, str], str]] = [(os.environ if environ is None else environ, "environment")]
    if dotenv is not None and dotenv.is_file():
        layers.append(({k: v for k, v in dotenv_values(dotenv).items() if v is not None}, str(dotenv)))
    return layers


def _look_up(name: str, values: Mapping[str, str], source: str, problems: list[str]) -> tuple[str, str] | None:
    if name in values:
        # An empty value means "not set", as compose files and .env templates write it.
        return (values[name], source) if values[name] != "" else None
    path = values.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip(), f"file {path}"
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name}_FILE={path} cannot be read: {type(error).__name__}")
        return None


def _in_words(problem: Mapping[str, Any]) -> list[str]:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message.splitlines()
    name = str(problem["loc"][0]).upper()
    field = Settings.model_fields[str(problem["loc"][0])]
    given = "" if "Secret" in str(field.annotation) else f"={problem['input']}"
    return [f"{name}{given}: {message[:1].lower()}{message[1:]} ({field.description})"]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    # A database address carries its password between ':' and '@'.
    return re.sub(r"(://[^:/@]*):[^@]*@", rf"\1:{MASK}@", str(value))
