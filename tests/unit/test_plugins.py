"""Promises of backend/plugins.py: what packages bring is found, and one that is broken harms nobody else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend import plugins

GROUP = "holdfast.samples"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


def install(site: Path, package: str, points: str) -> None:
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")


def test_a_name_leads_to_what_its_package_calls_so(site: Path) -> None:
    install(site, "one", "pi = math:pi")
    assert plugins.names(GROUP) == {"pi"}
    assert plugins.claimed_by(GROUP, "pi") == "math:pi"
    assert plugins.claimed_by(GROUP, "e") is None
    assert plugins.load(GROUP, "pi") == pytest.approx(3.14159, abs=1e-5)


def test_a_name_that_two_packages_claim_is_nobody_s(site: Path) -> None:
    install(site, "one", "number = math:pi")
    install(site, "two", "number = math:e")
    with pytest.raises(plugins.PluginTrouble, match=r"claimed by more than one package: .*math:.*Uninstall"):
        plugins.load(GROUP, "number")


def test_a_package_whose_file_makes_no_sense_hides_only_itself(site: Path) -> None:
    install(site, "broken", "a line without sense\n= nothing")
    install(site, "one", "pi = math:pi")
    assert plugins.names(GROUP) == {"pi"}


def test_a_module_that_ends_the_program_is_told_and_ends_nothing(site: Path) -> None:
    install(site, "one", "gone = leaves_at_once:thing")
    (site / "leaves_at_once.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(plugins.PluginTrouble, match="could not be loaded from “leaves_at_once:thing”: SystemExit: 3"):
        plugins.load(GROUP, "gone")
