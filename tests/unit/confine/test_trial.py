"""Whether the programs are here, start, and can be put in bubblewrap: looked up each time, told in words."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from backend.confine import SOURCE, Confinement, trial
from backend.errors import MediaError, ToolsMissing
from tests.services.process import find_program
from tests.unit.confine.conftest import AMPLE


def program(folder: Path, name: str, script: str) -> None:
    """A shell script that stands for a program; put in place at once, as a package manager does."""
    new = folder / f".{name}"
    new.write_text(f"#!/bin/sh\n{script}\n")
    new.chmod(0o755)
    new.rename(folder / name)


def real(folder: Path) -> None:
    for name in ("ffmpeg", "ffprobe"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(find_program(name, package="ffmpeg"))


def test_nothing_is_missing_where_both_start(tools: Confinement) -> None:
    assert tools.missing() == ""
    assert tools.describe().startswith("ffmpeg ")


def test_missing_programs_are_named_with_the_setting_that_says_where_they_are(tmp_path: Path, video: Path) -> None:
    tools = Confinement(folder=str(tmp_path))
    assert tools.missing().startswith(f"FFMPEG_FOLDER={tmp_path} has no ffmpeg and ffprobe: put them there, or leave")
    assert tools.describe() == tools.missing()
    assert not tools.sandboxed()
    with pytest.raises(ToolsMissing, match="FFMPEG_FOLDER"):
        tools.ffprobe(["-i", SOURCE], source=video, limits=AMPLE)
    with pytest.raises(ToolsMissing):
        tools.ffmpeg(["-i", SOURCE, "a.jpg"], source=video, workspace=tmp_path, limits=AMPLE)


def test_an_empty_path_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    missing = Confinement().missing()
    assert missing.startswith("ffmpeg, ffprobe, prlimit and setpriv are not on this machine")
    assert "Debian packages ffmpeg and util-linux" in missing


def test_programs_may_appear_and_vanish_at_any_time(tmp_path: Path, video: Path) -> None:
    tools = Confinement(folder=str(tmp_path))
    assert tools.missing()
    real(tmp_path)
    assert tools.missing() == ""
    assert tools.ffprobe(["-show_format", "-i", SOURCE], source=video, limits=AMPLE)
    (tmp_path / "ffprobe").unlink()
    assert tools.missing().startswith(f"FFMPEG_FOLDER={tmp_path} has no ffprobe: ")


def test_a_program_that_does_not_start_is_missing(tmp_path: Path, video: Path) -> None:
    program(tmp_path, "ffprobe", "echo ffprobe version 1")
    program(tmp_path, "ffmpeg", "echo libx.so.1: cannot open shared object file >&2; exit 127")
    tools = Confinement(folder=str(tmp_path))
    assert "ffmpeg is installed and does not start: libx.so.1" in tools.missing()
    with pytest.raises(ToolsMissing, match=r"libx\.so\.1"):
        tools.ffprobe(["-i", SOURCE], source=video, limits=AMPLE)
    program(tmp_path, "ffmpeg", "echo ffmpeg version 7")
    assert tools.missing() == ""


def test_a_program_that_starts_again_by_itself_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its libraries came back; the program's own file is as it was."""
    monkeypatch.setattr(trial, "_AGAIN_SECONDS", 0)
    library = tmp_path / "library"
    program(tmp_path, "ffprobe", "echo ffprobe version 1")
    program(tmp_path, "ffmpeg", f"[ -e {library} ] || exit 127; echo ffmpeg version 7")
    tools = Confinement(folder=str(tmp_path))
    assert tools.missing()
    library.touch()
    assert tools.missing() == ""


def test_a_program_that_stops_starting_is_noticed_by_the_run(tmp_path: Path, video: Path) -> None:
    library = tmp_path / "library"
    library.touch()
    for name in ("ffmpeg", "ffprobe"):
        program(tmp_path, name, f"[ -e {library} ] || exit 127; echo {name} version 1")
    tools = Confinement(folder=str(tmp_path))
    assert tools.missing() == ""
    library.unlink()
    with pytest.raises(ToolsMissing, match="does not start"):
        tools.ffprobe(["-i", SOURCE], source=video, limits=AMPLE)
    assert tools.missing()


def test_looking_is_cheap(tools: Confinement) -> None:
    tools.missing()
    before = time.process_time(), os.times().children_user
    for _ in range(100):
        tools.missing()
    assert time.process_time() - before[0] < 1
    assert os.times().children_user == before[1]  # nothing was started


def test_a_bubblewrap_that_does_not_work_is_told_and_done_without(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container without user namespaces."""
    program(tmp_path, "bwrap", "echo bwrap: No permissions to create a new namespace >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tools = Confinement()
    assert tools.missing() == ""
    assert not tools.sandboxed()
    assert "WITHOUT bubblewrap: it does not work on this machine (bwrap: No permissions" in tools.describe()
    assert tools.ffprobe(["-show_format", "-i", SOURCE], source=video, limits=AMPLE)


def test_a_machine_without_bubblewrap_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ffmpeg", "ffprobe", "prlimit", "setpriv"):
        (tmp_path / name).symlink_to(find_program(name, package="ffmpeg"))
    monkeypatch.setenv("PATH", str(tmp_path))
    tools = Confinement()
    assert tools.missing() == ""
    assert "it is not installed (Debian package bubblewrap)" in tools.describe()


def test_a_bubblewrap_that_fails_later_is_not_the_files_fault(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (bwrap := shutil.which("bwrap")) is None or not Confinement().sandboxed():
        bwrap = "true"
    full = tmp_path / "full"
    told = "echo 'bwrap: Creating new namespace failed: No space left on device' >&2; exit 1"
    program(tmp_path, "bwrap", f'[ -e {full} ] && {{ {told}; }}; exec {bwrap} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tools = Confinement()
    assert tools.sandboxed()
    full.touch()
    with pytest.raises(MediaError, match="could not be started") as caught:
        tools.ffprobe(["-show_format", "-i", SOURCE], source=video, limits=AMPLE)
    assert type(caught.value) is MediaError


def test_a_program_elsewhere_is_put_in_bubblewrap_as_well(tmp_path: Path, video: Path) -> None:
    """A build of one's own, with its libraries where the system's are."""
    folder = tmp_path / "opt" / "bin"
    folder.mkdir(parents=True)
    for name in ("ffmpeg", "ffprobe"):
        shutil.copy2(find_program(name, package="ffmpeg"), folder / name)
    tools = Confinement(folder=str(folder))
    assert str(folder) in tools.describe()
    assert tools.sandboxed() is Confinement().sandboxed()
    assert tools.ffprobe(["-show_format", "-i", SOURCE], source=video, limits=AMPLE)
