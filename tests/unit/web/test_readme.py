"""The README cannot lie: its settings, addresses, commands and files are compared with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from backend.cli.main import root
from backend.settings import Settings
from tests.unit.web.conftest import Open

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    if value is PydanticUndefined:
        return "this machine's name"
    if isinstance(value, SecretStr) or value in ("", ()):
        return ""
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def test_settings_table_is_the_programs_own() -> None:
    table = README.split("<!-- settings:")[1].split("<!-- end of settings -->")[0]
    shown = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.*) \|$", table, re.MULTILINE)
    real = [(n.upper(), _default(n), info.description or "") for n, info in Settings.model_fields.items()]
    assert shown == real


def test_addresses_in_the_readme_exist(open_site: Open) -> None:
    app = open_site().client.application
    real = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = set(re.findall(r"`(GET|POST|DELETE|PATCH) (/[^\s`]*)", README))
    assert named
    assert named <= real


@pytest.mark.parametrize("name", sorted(set(re.findall(r"(?<![\w/])(scripts/\w+|docs/[\w.]+|[A-Z]+\.md)", README))))
def test_files_in_the_readme_exist(name: str) -> None:
    assert (ROOT / name).exists()


def test_commands_in_the_readme_exist() -> None:
    import click

    known = set(root.list_commands(click.Context(root)))
    named = set(re.findall(r"scripts/video_manager (\w[\w-]*)", README)) - {"logs"}
    assert named <= known
    assert {"list", "find", "info", "upload", "import", "logs", "retry", "doctor", "cleanup", "rebuild"} <= known
