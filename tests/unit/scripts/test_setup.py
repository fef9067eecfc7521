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
