"""`scripts/serve` runs the edge device only where a VMS is to pull from it."""

from __future__ import annotations

import shlex
import sys

import pytest

from scripts.lib.address import StartFailed
from scripts.lib.serve import wanted


def programs(code: str) -> dict[str, str]:
    """The edge device's command answers `--wanted` by this code."""
    asked = f"import sys; assert sys.argv[1:] == ['--wanted']; {code}"
    return {"web": "serve pages", "worker": "work", "edge": shlex.join([sys.executable, "-c", asked])}


@pytest.mark.parametrize(("answer", "names"), [("yes", ["web", "worker", "edge"]), ("no", ["web", "worker"])])
def test_the_edge_device_runs_where_a_target_wants_it(answer: str, names: list[str]) -> None:
    assert list(wanted(programs(f"print('{answer}')"))) == names


def test_a_question_without_an_answer_ends_the_start() -> None:
    with pytest.raises(StartFailed, match="VMS"):
        wanted(programs("sys.exit(2)"))


def test_nobody_is_asked_where_there_is_no_edge_device() -> None:
    assert wanted({"web": "no such program"}) == {"web": "no such program"}
