"""Uploads that are after something, read by the very chain of programs that a worker runs, under strace."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.hostile_media import elsewhere, linked_segment, lures, make_siblings, put_siblings
from tests.services.process import find_program
from tests.services.sampling import sample

ROOT = Path(__file__).resolve().parents[2]
_OPENED = re.compile(r'\b(?:open|openat|openat2|creat)\((?:AT_FDCWD, )?"([^"]*)"')

pytestmark = pytest.mark.service


def test_no_call_of_the_kernel_opens_another_file_or_a_connection(tmp_path: Path) -> None:
    """As in test_media_hostile.py, by the whole chain of programs under strace; bubblewrap hides nothing."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    make_siblings(secrets)
    made = []
    for lure in sample(lures(), 10):
        folder = tmp_path / str(lure)
        folder.mkdir()
        put_siblings(folder, secrets)
        made.append(lure.write(folder, port=9))
    for name, absolute in (("movie-absolute", True), ("movie-relative", False)):
        (tmp_path / name).mkdir()
        made.append(elsewhere(tmp_path / name, absolute=absolute))
    (tmp_path / "matroska").mkdir()
    made.append(linked_segment(tmp_path / "matroska" / "upload.mkv", next_name="secret.mkv"))
    (tmp_path / "matroska" / "secret.mkv").write_bytes(made[-1].read_bytes())
    (tmp_path / "workspace").mkdir()
    (tmp_path / "uploads").write_text("\n".join(map(str, made)))
    script = (
        "from pathlib import Path; from backend.confine import *; from backend.errors import MediaError\n"
        f"tools, top = Confinement(bubblewrap=False), Path({str(tmp_path)!r})\n"
        "limits = Limits(60, 60, 2**29, 2**24)\n"
        "for line in (top / 'uploads').read_text().splitlines():\n"
        "    for run in (lambda: tools.ffprobe(['-show_streams', '-i', SOURCE], source=Path(line), limits=limits),\n"
        "                lambda: tools.ffmpeg(['-i', SOURCE, '-frames:v', '1', 'x.png'], source=Path(line),\n"
        "                                     workspace=top / 'workspace', limits=limits)):\n"
        "        try:\n            run()\n        except MediaError:\n            pass\n"
    )
    trace = tmp_path / "trace"
    calls = "trace=open,openat,openat2,creat,connect,sendto,bind,execve"
    command = [
        find_program("strace", package="strace"),
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-s",
        "4096",
        "-e",
        calls,
        "-o",
        str(trace),
    ]
    subprocess.run([*command, sys.executable, "-c", script], check=True, cwd=ROOT, timeout=280)
    lines = trace.read_text(errors="replace").splitlines()
    opened = {name for line in lines for name in _OPENED.findall(line)}
    assert sum('/ffprobe"' in line and "execve" in line for line in lines) > len(made)
    assert [name for name in opened if "secret" in name or name.startswith(("http", "tcp"))] == []
    inside = [name for name in opened if name.startswith(str(tmp_path)) and "/upload." in name]
    assert len(inside) == len(made)  # the trace does show what is opened
    assert [line for line in lines if "connect(" in line or "sendto(" in line if "AF_INET" in line] == []
