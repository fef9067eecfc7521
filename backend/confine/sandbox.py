"""The chain of small programs that ends in ffmpeg, and what it can see through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.confine.limits import Limits
from backend.confine.programs import Programs

# All that a program is told of its surroundings: nothing of the server's own environment, which has secrets.
ENVIRON = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "AV_LOG_FORCE_NOCOLOR": "1"}
# What the dynamic loader reads. /etc/alternatives is how Debian chooses among libraries of one name.
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32",
              "/usr/local/lib", "/usr/local/lib64", "/etc/ld.so.cache", "/etc/alternatives")  # fmt: skip
_DEVICES = ("/dev/null", "/dev/urandom")
_WORKSPACE = "/out"
_OWN = "/given"
# When the machine has no memory left, the kernel takes the highest first: ffmpeg, not the server.
_FIRST_TO_GO = 500
_CAP_SETPCAP = 8


@dataclass(frozen=True)
class Places:
    """How a run is to name its input, and where it starts."""

    command: list[str]  # all that stands before the program's arguments
    names: dict[Path, str]  # of the files it reads
    own: str  # where the files are that the door wrote for it
    cwd: str


def confined(
    programs: Programs,
    program: str,
    limits: Limits,
    *,
    sources: Sequence[Path],
    workspace: Path | None,
    bubblewrap: bool,
    own: Path | None = None,
) -> Places:
    """The command that starts `program` with `limits`; `sources`, `workspace` and `own` are real paths."""
    paths = programs.paths
    # First, as all that follow keep it: death with the thread that waits, even when that is killed by SIGKILL.
    command = [paths["setpriv"], "--pdeathsig", "KILL"]
    if "nice" in paths:
        command += [paths["nice"], "-n", "10"]
    if "ionice" in paths:
        command += [paths["ionice"], "-t", "-c", "3"]
    if "choom" in paths and _oom_score() < _FIRST_TO_GO:
        command += [paths["choom"], "-n", str(_FIRST_TO_GO), "--"]
    command += [paths["prlimit"], *limits.for_prlimit()]
    if not bubblewrap:
        command += [paths["setpriv"], "--no-new-privs", "--ambient-caps", "-all", "--inh-caps", "-all"]
        if _may_drop_capabilities():  # root without any reads and writes what it owns, and nothing that others forbid
            command += ["--bounding-set", "-all"]
        place = "/" if workspace is None else str(workspace)
        return Places([*command, paths[program]], {path: str(path) for path in sources}, str(own or ""), place)
    names = {path: _inside(number, path) for number, path in enumerate(sources)}
    command += [paths["bwrap"], *_walls(paths[program])]
    for path, inside in names.items():
        command += ["--ro-bind", str(path), inside]
    if own is not None:
        command += ["--ro-bind", str(own), _OWN]
    if workspace is not None:
        command += ["--bind", str(workspace), _WORKSPACE, "--chdir", _WORKSPACE]
    return Places([*command, "--remount-ro", "/", "--", paths[program]], names, _OWN, "/")


def _inside(number: int, source: Path) -> str:
    return f"/in/{plain_name(number, source)}"


def plain_name(number: int, source: Path) -> str:
    """One that says nothing. The extension stays when it is a plain one: it helps ffmpeg to tell formats apart."""
    suffix = source.suffix.lower()
    return f"video{number or ''}" + (suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) < 6 else "")


def _walls(program: str) -> list[str]:
    # No --new-session: the whole chain is in a session of its own already, and one group can be killed at once.
    walls = ["--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--hostname", "holdfast"]
    for place in map(Path, _LIBRARIES):
        if place.is_symlink() and place.is_dir():
            walls += ["--symlink", str(place.readlink()), str(place)]
        elif place.exists():
            walls += ["--ro-bind", str(place), str(place)]
    walls += ["--ro-bind", program, program]
    folder = Path(program).parent
    beside = folder.parent / "lib"
    if folder.name == "bin" and not program.startswith(("/usr/", "/bin/")) and beside.is_dir():
        walls += ["--ro-bind", str(beside), str(beside)]
    for device in _DEVICES:
        walls += ["--dev-bind-try", device, device]
    return walls


def _oom_score() -> int:
    """Ours. Only root may give a child a lower one."""
    try:
        return int(Path("/proc/self/oom_score_adj").read_text())
    except OSError:
        return _FIRST_TO_GO


def _may_drop_capabilities() -> bool:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> _CAP_SETPCAP & 1)
