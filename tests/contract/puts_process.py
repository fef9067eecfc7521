"""A process that puts several files at once and tells how much its memory grew: `puts_process.py JOB.json`.

The first two of the job's sources only warm it up: modules, clients and threads are there before it is measured.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from backend.targets.base import Source
from tests.contract.places import target_of
from tests.contract.transfers import Told


def figure_kib(name: str) -> int:
    """One of the figures of /proc/self/status."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])


def main(job_path: str) -> None:
    job: dict[str, Any] = json.loads(Path(job_path).read_text())
    target = target_of(job["table"])
    sources = [Source(**{**source, "path": Path(source["path"])}) for source in job["sources"]]
    with ThreadPoolExecutor(job["at_once"]) as threads:

        def put(numbered: tuple[int, Source]) -> str:
            number, source = numbered
            return str(target.put(source, f"project_a/{number}.mp4", Told(is_first=True)).proof["md5"])

        list(threads.map(put, enumerate(sources[:2])))
        # 5: the peak is that of now (proc(5)).
        Path("/proc/self/clear_refs").write_text("5")
        before_kib = figure_kib("VmRSS")
        md5s = list(threads.map(put, enumerate(sources[2:], start=2)))
        grown_kib = figure_kib("VmHWM") - before_kib
    sys.stdout.write(json.dumps({"grown_kib": grown_kib, "md5s": md5s}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
