"""A real Prometheus that asks a running server, and its tool that judges metrics and rules."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.services.process import ServerProcess, find_program, free_port
from tests.services.waiting import wait_until

_PACKAGE = "prometheus"
_LINTED = 3


def promtool(*arguments: str | Path, given: bytes = b"") -> list[str]:
    """Run it; what it wants otherwise, a line each. AssertionError when what it was given makes no sense."""
    command = [find_program("promtool", package=_PACKAGE), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, _LINTED), said
    return said.splitlines() if done.returncode else []


@dataclass(frozen=True)
class Prometheus:
    port: int

    def ask(self, path: str, **fields: str) -> Any:
        """`data` of an answer of its API. AssertionError with its words when it refuses."""
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", f"http://127.0.0.1:{self.port}/api/v1/{path}", fields=fields, timeout=20)
        said = answer.json()
        assert said["status"] == "success", f"{fields}: {said}"
        return said["data"]

    def is_ready(self) -> bool:
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request("GET", f"http://127.0.0.1:{self.port}/-/ready", timeout=20).status == 200

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def scraped(self) -> dict[str, Any]:
        """What it says of the one server that it asks."""
        (target,) = self.ask("targets")["activeTargets"]
        return dict(target)


@contextmanager
def prometheus(folder: Path, address: str, token: str, rules: Path) -> Iterator[Prometheus]:
    """One that asks `address` each second as the README says, with these rules; it has asked twice."""
    port = free_port()
    (folder / "token").write_text(token)
    config = folder / "prometheus.yml"
    config.write_text(
        f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: holdfast
    authorization: {{credentials_file: '{folder / "token"}'}}
    static_configs: [{{targets: ['{address}']}}]
"""
    )
    command = [
        find_program("prometheus", package=_PACKAGE), f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    process = ServerProcess("prometheus", command, folder / "prometheus.log")
    process.start()
    try:
        process.wait_for_port(port)
        server = Prometheus(port)
        wait_until(server.is_ready, "Prometheus to be ready")
        wait_until(lambda: _asked(server), "Prometheus to have asked twice")
        yield server
    finally:
        process.kill9()


def _asked(server: Prometheus) -> bool:
    # It learns of whom to ask a moment after it began.
    wrong = [target["lastError"] for target in server.ask("targets")["activeTargets"] if target["lastError"]]
    assert not wrong, wrong
    return bool(server.query("count_over_time(holdfast_build_info[1m]) > 1"))
