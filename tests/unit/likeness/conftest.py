"""A ledger, on either database, and fingerprints made up for its videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.catalog import fingerprints
from backend.catalog.fingerprints import VERSION
from backend.catalog.models import Event
from backend.catalog.videos import EVERYTHING, Scope
from backend.likeness.finder import LikenessFinder
from tests.services.ledger import Ledger
from tests.services.ledger_fixtures import ledger, open_ledger, target

__all__ = ["ledger", "open_ledger", "shelf", "target"]

Frames = NDArray[np.uint8]


def scene(seed: int, count: int = 20) -> Frames:
    """Hashes of frames that are all different."""
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


@dataclass
class Shelf:
    """Videos and what they look like."""

    ledger: Ledger
    folder: Path
    finder: LikenessFinder

    def video(self, name: str = "a.mp4", **fields: str) -> str:
        return self.ledger.add(name.encode() * 500, name, **fields)

    def made(self, name: str, frames: Frames, interval: float = 1.0) -> dict[str, Any]:
        """What the media job leaves: a file, and this result."""
        file = f"{name}.bin"
        (self.folder / file).write_bytes(frames.tobytes() + b"\x64" * len(frames))
        return {"file": file, "frames": len(frames), "interval_seconds": interval, "version": VERSION, "reason": None}

    def take(self, video_id: str, frames: Frames, finder: LikenessFinder | None = None) -> None:
        (finder or self.finder).take(video_id, self.folder, self.made(video_id, frames))

    def saved(self, frames: Frames, name: str = "", **fields: str) -> str:
        """A video, looked at."""
        video_id = self.video(name or f"{len(frames)}-{frames[:1].tobytes().hex()[:12]}.mp4", **fields)
        self.take(video_id, frames)
        return video_id

    def alike(self, video_id: str, scope: Scope = EVERYTHING) -> dict[str, tuple[float, float]]:
        """Who looks like it, with both shares."""
        with self.ledger.database.read() as session:
            found = fingerprints.alike(session, video_id, scope, 100)
            assert fingerprints.count_alike(session, video_id, scope) == len(found)
        return {other.id: (alike.share_of_this, alike.share_of_other) for other, alike in found}

    def events(self) -> list[Event]:
        with self.ledger.database.read() as session:
            return [event for event in session.query(Event).order_by(Event.seq) if event.name == "looks_alike"]


@pytest.fixture
def shelf(ledger: Ledger, tmp_path: Path) -> Shelf:
    folder = tmp_path / "fingerprints"
    folder.mkdir()
    return Shelf(ledger, folder, LikenessFinder(ledger.database, ledger.services.log))
