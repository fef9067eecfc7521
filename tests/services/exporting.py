"""An export in a test's hands: the real, confined tools on recordings, and what came out of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.catalog.gaps import Stretch
from backend.confine import Confinement
from backend.exports.making import Allowance, ExportWork, Made, make
from backend.exports.wish import Recording, Wish
from tests.services.stamped import CAMERA, Film, between, watch

# One for all tests: it tries out once how far this machine can confine.
_TOOLS = Confinement()


@dataclass
class Told:
    """Every progress that was told."""

    steps: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, done: float, phase: str) -> None:
        self.steps.append((done, phase))


def export_work(
    workspace: Path,
    told: Told | None = None,
    *,
    tools: Confinement = _TOOLS,
    should_stop: Callable[[], bool] = lambda: False,
) -> ExportWork:
    workspace.mkdir(exist_ok=True)
    return ExportWork(workspace, tools, Allowance(2, 1024**3, 300), told or Told(), should_stop)


def wish(asked: Stretch, **chosen: Any) -> Wish:
    return Wish(chosen.pop("camera_ids", (CAMERA,)), asked, **chosen)


def export(folder: Path, recordings: Sequence[Recording], start: float, end: float, **chosen: Any) -> tuple[Made, Film]:
    """Make what is asked for from second to second; and a look at the first result."""
    workspace = folder / f"workspace-{len(list(folder.iterdir()))}"
    made = make(wish(between(start, end), **chosen), recordings, export_work(workspace))
    assert sorted(workspace.iterdir()) == sorted(one.path for one in made.files)
    return made, watch(made.files[0].path)
