"""The set-up steps that every script sources: quiet when all is well, plain when it is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def sourced(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `commands` after setup.sh, with `$there` naming `folder`."""
    script = f'set -euo pipefail; there=$1; . "{ROOT}/scripts/lib/setup.sh"; {commands}'
    return subprocess.run(
        ["bash", "-c", script, "bash", str(folder)], capture_output=True, text=True, check=False, timeout=30
    )


def test_a_step_is_done_again_only_when_its_files_changed(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("one")
    ask = 'up_to_date "$there/mark" "$there/list" && echo yes || echo no'
    assert sourced(ask, tmp_path).stdout == "no\n"
    assert sourced(f'stamp "$there/mark" "$there/list"; {ask}', tmp_path).stdout == "yes\n"
    (tmp_path / "list").write_text("two")
    assert sourced(ask, tmp_path).stdout == "no\n"


def test_a_step_that_works_prints_nothing(tmp_path: Path) -> None:
    done = sourced("quietly 'It failed' sh -c 'echo out; echo err >&2'", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_step_that_fails_shows_what_it_said_and_stops_the_script(tmp_path: Path) -> None:
    done = sourced("quietly 'It failed' sh -c 'echo the reason; exit 3'; echo never", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "the reason\nIt failed; the reason stands above.\n"


def test_packages_that_nobody_may_install_are_named_with_the_command(tmp_path: Path) -> None:
    # `id` answers as it does for an ordinary user.
    done = sourced("id() { echo 1000; }; need_packages redis-server strace; echo never", tmp_path)
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends redis-server strace" in done.stderr
    assert done.stdout == ""


def test_when_nothing_is_missing_nobody_is_asked(tmp_path: Path) -> None:
    assert sourced("id() { echo 1000; }; need_packages", tmp_path).returncode == 0


def test_a_new_enough_python_is_found(tmp_path: Path) -> None:
    found = sourced("find_python", tmp_path).stdout.strip()
    version = subprocess.run([found, "-c", "import sys; print(sys.version_info >= (3, 11))"],
                             capture_output=True, text=True, check=True)  # fmt: skip
    assert version.stdout == "True\n"


def test_what_can_come_later_is_told_to_an_ordinary_user_and_the_start_goes_on(tmp_path: Path) -> None:
    done = sourced("id() { echo 1000; }; welcome_packages 'Pictures wait.' ffmpeg bubblewrap; echo started", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Missing on this machine: ffmpeg bubblewrap. Pictures wait." in done.stdout
    assert "As root: apt-get update && apt-get install --no-install-recommends ffmpeg bubblewrap" in done.stdout
    assert done.stdout.endswith("started\n")


def test_what_can_come_later_and_cannot_be_installed_now_does_not_stop_the_start(tmp_path: Path) -> None:
    """A machine without a way to its packages: root learns why, and Holdfast starts."""
    as_root = "id() { echo 0; }; apt-get() { echo 'no such host'; return 100; }"
    done = sourced(f"{as_root}; welcome_packages 'Pictures wait.' ffmpeg; echo started", tmp_path)
    assert done.returncode == 0
    assert "no such host" in done.stderr
    assert "Missing on this machine: ffmpeg. Pictures wait." in done.stdout
    assert done.stdout.endswith("started\n")


def test_root_gets_what_pictures_need(tmp_path: Path) -> None:
    as_root = 'id() { echo 0; }; apt-get() { echo "$@" >>"$there/asked"; }'
    done = sourced(f"{as_root}; welcome_packages 'Pictures wait.' ffmpeg bubblewrap", tmp_path)
    assert done.stdout == "· Installing ffmpeg bubblewrap (Debian packages)\n"
    assert "install -qq -y --no-install-recommends ffmpeg bubblewrap" in (tmp_path / "asked").read_text()


def test_only_what_is_not_here_is_asked_for(tmp_path: Path) -> None:
    for name in ("ffmpeg", "prlimit", "setpriv"):
        (tmp_path / name).touch(mode=0o755)
    assert sourced("PATH=$there; media_packages", tmp_path).stdout.split() == ["ffmpeg", "bubblewrap"]
    for name in ("ffprobe", "bwrap"):
        (tmp_path / name).touch(mode=0o755)
    assert sourced("PATH=$there; media_packages", tmp_path).stdout == ""


def test_an_ffmpeg_of_ones_own_is_not_doubled(tmp_path: Path) -> None:
    for name in ("bwrap", "prlimit", "setpriv"):
        (tmp_path / name).touch(mode=0o755)
    assert sourced("PATH=$there; FFMPEG_FOLDER=/opt/ffmpeg; media_packages", tmp_path).stdout == ""
