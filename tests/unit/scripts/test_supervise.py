"""What `scripts/serve` runs is what the Procfile names."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest

from scripts.lib.supervise import long_running, read_procfile, supervisor_config

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def config() -> configparser.RawConfigParser:
    programs = long_running(read_procfile(ROOT / "Procfile"))
    parsed = configparser.RawConfigParser()
    parsed.read_string(supervisor_config(programs, ROOT, stop_seconds=60))
    return parsed


def programs_of(config: configparser.RawConfigParser) -> list[str]:
    return [name.removeprefix("program:") for name in config.sections() if name.startswith("program:")]


def test_the_procfile_names_the_processes_that_the_readme_of_any_host_expects() -> None:
    assert list(read_procfile(ROOT / "Procfile"))[:3] == ["release", "web", "worker"]


def test_supervisor_runs_what_the_procfile_names_and_nothing_else(
    config: configparser.RawConfigParser,
) -> None:
    procfile = read_procfile(ROOT / "Procfile")
    assert programs_of(config) == [name for name in procfile if name != "release"]
    for name in programs_of(config):
        assert config[f"program:{name}"]["command"].endswith(procfile[name])


def test_all_processes_are_told_to_stop_at_once(config: configparser.RawConfigParser) -> None:
    assert config["group:holdfast"]["programs"].split(",") == programs_of(config)


def test_a_process_is_killed_only_after_the_time_it_was_promised(
    config: configparser.RawConfigParser,
) -> None:
    for name in programs_of(config):
        assert int(config[f"program:{name}"]["stopwaitsecs"]) > 60


def test_a_dead_process_is_always_started_again(config: configparser.RawConfigParser) -> None:
    for name in programs_of(config):
        assert config[f"program:{name}"]["autorestart"] == "true"


def test_a_percent_sign_in_a_command_reaches_the_shell_as_written() -> None:
    text = supervisor_config({"web": "run --format '%h'"}, Path("/srv/100%"), stop_seconds=1)
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    assert shlex.split(parsed["program:web"]["command"])[-1] == "%%h"
    assert parsed["program:web"]["directory"] == "/srv/100%%"


def test_comments_and_empty_lines_of_a_procfile_are_no_processes(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# edge: not yet\n\nweb: serve --bind 127.0.0.1:8000\n")
    assert read_procfile(tmp_path / "Procfile") == {"web": "serve --bind 127.0.0.1:8000"}
