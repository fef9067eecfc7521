"""scripts/bench: runs the measurements, prints a table, and writes it into BENCHMARKS.md unless it was quick."""

from __future__ import annotations

import os
import platform
import re
import signal
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from scripts.lib.bench.client import Client, client
from scripts.lib.bench.drive import drive_large, drive_memory, drive_small
from scripts.lib.bench.export import export
from scripts.lib.bench.measure import MIB, Result, large, memory, small
from scripts.lib.bench.media import media
from scripts.lib.bench.million import million
from scripts.lib.bench.readers import download, readers
from scripts.lib.bench.resumable import resumable, resumable_memory
from scripts.lib.bench.segments import segments
from scripts.lib.bench.servers import ROOT
from scripts.lib.bench.similar import similar
from scripts.lib.bench.slow import slow
from scripts.lib.bench.storage import storage
from scripts.lib.bench.vectors import vectors

_WHAT = (
    "large", "memory", "small", "resumable", "resumable-memory", "slow", "download", "readers",
    "drive-large", "drive-memory", "drive-small",
    "export", "media", "million", "segments", "similar", "storage", "vectors",
)  # fmt: skip
_GOALS = {
    "large": "at least 3 × Flask's form, with hashing and fsync",
    "memory": "less than 32 MiB",
    "small": "at least 0.8 × the short durable handler",
    "resumable": "at least 1.3 × the faster of the others, with hashing and fsync",
    "resumable-memory": "less than 32 MiB",
    "slow": "others do not notice 200 slow uploads on one web process",
    "download": "at least plain `send_file`",
    "readers": "no wrong answer, and others do not wait for the readers",
    "drive-large": "at least Google's own client",
    "drive-memory": "less than 32 MiB and a chunk of 16 MiB for each",
    "drive-small": "at least 3 × Google's own client",
    "export": "at most 1.3 × the best single ffmpeg command that copies, hashing included",
    "media": "at most 1.2 × the best single ffmpeg command that makes both",
    "million": "p50 at most 50 ms on both",
    "segments": "p50 at most 5 ms for a store, 10 for a list and for creating an export; p99 at most 5 × p50",
    "similar": "copies are known again, unrelated videos are not told, and a minute is searched for within a second",
    "storage": "memory takes at least 10,000 videos a second from one thread",
    "vectors": "faiss at most a fifth of numpy's time, and it finds at least 95 % of the nearest",
}
_NAMES = {
    "rival_form": "Flask `request.files[…].save()` (no hash, no fsync)",
    "rival_stream": "bare `request.stream` loop (hash, fsync, no form)",
    "rival_send_file": "Flask `send_file`",
    "rival_small": "30-line durable Flask handler",
}
_PAGE = ROOT / "BENCHMARKS.md"
_PART = re.compile(r"<!-- ([a-z-]+) -->\n(.*?)(?=<!-- |\Z)", re.DOTALL)
_BEGIN, _END = "<!-- begin: written by scripts/bench -->", "<!-- end: written by scripts/bench -->"


def main(words: list[str]) -> None:
    quick, chosen = "quick" in words, [word for word in words if word != "quick"] or list(_WHAT)
    unknown = [word for word in chosen if word not in _WHAT]
    if unknown:
        raise SystemExit(f"Unknown: {', '.join(unknown)}. Known: quick, {', '.join(_WHAT)}.")
    disk = Path(os.environ.get("BENCH_DISK", ROOT))
    with client() as sender:
        for name in chosen:
            table = _table(name, _measure(name, sender, quick, disk))
            print(table, flush=True)
            if not quick:
                # Each as soon as it is there: half an hour is long enough to be interrupted in.
                _write({name: table})


def _measure(name: str, sender: Client, quick: bool, disk: Path) -> Result:
    large_bytes, rounds = (256 if quick else 1024) * MIB, 3 if quick else 7
    huge_bytes = (1 if quick else 10) * 1024 * MIB
    measures: dict[str, Callable[[], Result]] = {
        "large": lambda: large(sender, large_bytes, rounds),
        "memory": lambda: memory(sender, huge_bytes, disk),
        "small": lambda: small(sender, 200 if quick else 800, rounds, disk),
        "resumable": lambda: resumable(sender, large_bytes, rounds),
        "resumable-memory": lambda: resumable_memory(sender, huge_bytes, disk),
        "slow": lambda: slow(sender, quick, disk),
        "download": lambda: download(sender, large_bytes, rounds),
        "readers": lambda: readers(sender, large_bytes, 3 if quick else 5),
        "drive-large": lambda: drive_large(large_bytes, 3 if quick else 5),
        "drive-memory": lambda: drive_memory((128 if quick else 512) * MIB),
        "drive-small": lambda: drive_small(60 if quick else 300, 3 if quick else 5),
        "export": lambda: export(300 if quick else 3600, 3 if quick else 5),
        "media": lambda: media(600, 3 if quick else 5),
        "million": lambda: million(20_000 if quick else 1_000_000, 5 if quick else 30),
        "segments": lambda: segments(20_000 if quick else 1_000_000, 20 if quick else 300, disk),
        "similar": lambda: similar(2 if quick else 6, 3 if quick else 9),
        "storage": lambda: storage(200 if quick else 5000, 3 if quick else 9),
        "vectors": lambda: vectors(2_000 if quick else 100_000),
    }
    return measures[name]()


def _table(name: str, result: Result) -> str:
    lines = [f"### {result.title}", "", f"Goal: {_GOALS[name]}.", "", *(result.table or _figures(result))]
    if result.note:
        lines += ["", f"{result.note[0].upper()}{result.note[1:]}."]
    return "\n".join([*lines, ""])


def _figures(result: Result) -> list[str]:
    lines = [f"| server | {result.unit}, median | least to most |", "|---|---|---|"]
    for server, figures in result.figures.items():
        middle = statistics.median(figures)
        lines.append(f"| {_NAMES.get(server, server)} | {middle:.0f} | {min(figures):.0f} to {max(figures):.0f} |")
    ours = [server for server in result.figures if server.startswith("Holdfast")]
    rivals = [server for server in result.figures if server not in ours]
    if rivals and len(ours) == 1:
        ratios = [f"{result.median(ours[0]) / result.median(r):.2f} × {_NAMES.get(r, r)}" for r in rivals]
        lines += ["", f"Ratio of medians: {'; '.join(ratios)}."]
    elif rivals:
        fastest = max(rivals, key=result.median)
        ratios = [f"{name}: {result.median(name) / result.median(fastest):.2f}" for name in ours]
        lines += ["", f"Ratio of medians to the fastest of the others ({fastest}): {'; '.join(ratios)}."]
    return lines


def _write(tables: dict[str, str]) -> None:
    """Put what was measured in the place of what stood there; the rest of the page stays."""
    head, _, rest = _PAGE.read_text().partition(_BEGIN)
    written, _, tail = rest.partition(_END)
    parts = dict(_PART.findall(written)) | {name: f"{table}\n{_machine()}\n\n" for name, table in tables.items()}
    whole = "".join(f"<!-- {name} -->\n{parts[name]}" for name in _WHAT if name in parts)
    _PAGE.write_text(f"{head}{_BEGIN}\n{whole}{_END}{tail}")


def _machine() -> str:
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())  # fmt: skip
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} × {cpu}, {memory_kib / MIB:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}. The sender shares these processors."
    )


if __name__ == "__main__":
    # Ended from outside, it removes what it made as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before it was through; nothing was written."))
    main(sys.argv[1:])
