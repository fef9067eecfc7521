"""scripts/bench: runs the measurements, prints a table, and writes it into BENCHMARKS.md after a whole run."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from scripts.lib.bench.client import Client, client
from scripts.lib.bench.measure import MIB, Result, large, memory, small
from scripts.lib.bench.servers import ROOT

_WHAT = ("large", "memory", "small")
_GOALS = {
    "large": "at least 3 × Flask's form, with hashing and fsync",
    "memory": "less than 32 MiB",
    "small": "at least 0.8 × the short durable handler",
}
_NAMES = {
    "rival_form": "Flask `request.files[…].save()` (no hash, no fsync)",
    "rival_stream": "bare `request.stream` loop (hash, fsync, no form)",
    "rival_small": "30-line durable Flask handler",
}
_PAGE = ROOT / "BENCHMARKS.md"
_BEGIN, _END = "<!-- begin: written by scripts/bench -->", "<!-- end: written by scripts/bench -->"


def main(words: list[str]) -> None:
    quick, chosen = "quick" in words, [word for word in words if word != "quick"] or list(_WHAT)
    unknown = [word for word in chosen if word not in _WHAT]
    if unknown:
        raise SystemExit(f"Unknown: {', '.join(unknown)}. Known: quick, {', '.join(_WHAT)}.")
    disk = Path(os.environ.get("BENCH_DISK", ROOT))
    results = {}
    with client() as sender:
        for name in chosen:
            results[name] = _measure(name, sender, quick, disk)
            print(_table(name, results[name]), flush=True)
    if not quick and set(chosen) == set(_WHAT):
        _write(results)


def _measure(name: str, sender: Client, quick: bool, disk: Path) -> Result:
    if name == "large":
        return large(sender, (256 if quick else 1024) * MIB, 3 if quick else 7)
    if name == "memory":
        return memory(sender, (1 if quick else 10) * 1024 * MIB, disk)
    return small(sender, 200 if quick else 800, 3 if quick else 7, disk)


def _table(name: str, result: Result) -> str:
    ours = next(iter(result.figures))
    lines = [
        f"### {result.title}",
        "",
        f"Goal: {_GOALS[name]}.",
        "",
        f"| server | {result.unit}, median | least to most |",
    ]
    lines.append("|---|---|---|")
    for server, figures in result.figures.items():
        middle = statistics.median(figures)
        lines.append(f"| {_NAMES.get(server, server)} | {middle:.0f} | {min(figures):.0f} to {max(figures):.0f} |")
    rivals = [server for server in result.figures if server != ours]
    if rivals:
        ratios = [f"{result.median(ours) / result.median(r):.2f} × {_NAMES[r]}" for r in rivals]
        lines += ["", f"Ratio of medians: {'; '.join(ratios)}."]
    if result.note:
        lines += ["", f"{result.note[0].upper()}{result.note[1:]}."]
    return "\n".join([*lines, ""])


def _write(results: dict[str, Result]) -> None:
    text = _PAGE.read_text()
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    tables = "\n".join(_table(name, result) for name, result in results.items())
    _PAGE.write_text(f"{head}{_BEGIN}\n{_machine()}\n\n{tables}{_END}{tail}")


def _machine() -> str:
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())  # fmt: skip
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} × {cpu}, {memory_kib / MIB:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}. The sender shares these processors."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
