"""Limits, as prlimit takes them."""

from __future__ import annotations

import resource
import subprocess

import pytest

from backend.confine import Limits

MIB = 1024**2


def test_a_limit_of_our_own_is_never_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user may not raise a hard limit: prlimit would refuse to start anything."""
    ours = {resource.RLIMIT_NOFILE: 64, resource.RLIMIT_FSIZE: 1000}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (0, ours.get(kind, resource.RLIM_INFINITY)))
    options = Limits(seconds=10, cpu_seconds=10, memory_bytes=MIB, output_bytes=MIB).for_prlimit()
    assert "--nofile=64" in options
    assert "--fsize=1000" in options
    assert f"--data={257 * MIB}" in options


@pytest.mark.parametrize("cpu_seconds", [0.01, 1, 2.5, 86_400])
def test_prlimit_takes_them(cpu_seconds: float) -> None:
    limits = Limits(seconds=1, cpu_seconds=cpu_seconds, memory_bytes=2048 * MIB, output_bytes=10**12)
    subprocess.run(["prlimit", *limits.for_prlimit(), "true"], check=True)
