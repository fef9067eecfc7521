"""The README cannot lie: its settings, addresses, commands and files are compared with the program."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from backend.cli.main import root
from backend.settings import Settings
from backend.targets.config_table import read_table
from backend.targets.milestone.options import MILESTONE_OPTIONS
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


def test_the_options_of_a_vms_are_the_programs_own() -> None:
    table = README.split("<!-- milestone options:")[1].split("<!-- end of milestone options -->")[0]
    shown = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.*) \|$", table, re.MULTILINE)
    assert shown == [(option.name, _written(option.default), option.meaning) for option in MILESTONE_OPTIONS]


def _written(default: object) -> str:
    """As it stands in targets.toml; "" where nothing does."""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`" if default != "" else ""


def test_the_example_of_a_vms_is_one_that_the_program_takes() -> None:
    examples = re.findall(r"```toml\n(.*?)```", re.sub(r"^   ", "", README, flags=re.MULTILINE), re.DOTALL)
    (table,) = (t for e in examples for t in tomllib.loads(e).get("target", []) if t["kind"] == "milestone")
    assert {"ca_file", "recording_server", "camera_by"} <= table.keys()
    problems: list[str] = []
    read_table({**table, "ca_file": __file__}, "README", problems)
    assert problems == []


def test_nobody_is_promised_what_was_never_tried_or_cannot_be() -> None:
    """Until one was: then this test changes together with what is said to users."""
    part = " ".join(README.split("## Milestone XProtect")[1].split("\n## ")[0].split())
    assert "**This implements the documented interface; it was not yet tried against a real VMS.**" in part
    assert "**The VMS gets the picture alone, without sound.**" in part
    first = part.split("**First steps**")[0]
    for needed in ("2025 R2 or later", "edition with edge storage", "recording enabled", "live picture stays empty"):
        assert needed in first
    steps = part.split("**First steps**")[1]
    guessed = steps.split("**Look there first at what was guessed**")[1].split("| `STORAGE_MODE` |")[0]
    for shape in ("bookmarks?task=searchTime", "`data`", "`tasks`", "`evidenceLocks`", "storages/{id}/archiveStorages"):
        assert shape in guessed


def test_an_address_to_watch_at_is_promised_for_earlier_copies_too() -> None:
    part = " ".join(README.split("## Milestone XProtect")[1].split("\n## ")[0].split())
    assert "Set or changed later it holds for earlier copies too" in part


def test_the_page_names_the_steps_of_the_readme() -> None:
    words = (ROOT / "frontend/words/footage.js").read_text().split("PILOT_STEPS = [")[1].split("];")[0]
    shown = re.findall(r'^  "(.*)",$', words, re.MULTILINE)
    steps = README.split("**First steps**")[1].split("| `STORAGE_MODE` |")[0]
    told = " ".join(steps.split()).lower()
    in_order = (
        ("device was added", "device was added"), ("right time in the smart client",) * 2,
        ("becomes verified", "`phase` becomes `verified`"), ("beginning", "frames at the beginning and the end"),
        ("evidence lock", "look for the evidence lock; release it"), ("there twice", "nothing must be there twice"),
        ("storage_mode=milestone; until then both", "only then `storage_mode=milestone`; until then `both`"),
    )  # fmt: skip
    assert len(shown) == len(in_order)
    for step, (on_page, in_readme) in zip(shown, in_order, strict=True):
        assert on_page in step.lower()
        assert in_readme in told


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
