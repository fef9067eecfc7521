"""What somebody wants to have cut, the recordings it is to come from, and what is wrong with some of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from backend.catalog.gaps import Stretch

Format = Literal["mp4", "mkv"]
Cut = Literal["fast", "exact"]
Layout = Literal["files", "grid"]
OnIncomplete = Literal["fail", "partial"]
Trouble = Literal["", "missing", "corrupt", "still-recording"]


@dataclass(frozen=True)
class Wish:
    """One order. `slate` needs `exact`; `grid` needs two cameras and is `exact` by nature."""

    camera_ids: tuple[str, ...]
    bounds: Stretch
    format: Format = "mp4"
    cut: Cut = "fast"
    layout: Layout = "files"
    slate: bool = False
    incomplete: OnIncomplete = "fail"
    names: tuple[tuple[str, str], ...] = ()  # (camera's id, its name): for labels and titles

    def name_of(self, camera_id: str) -> str:
        return dict(self.names).get(camera_id) or camera_id


@dataclass(frozen=True)
class Recording:
    """A segment that overlaps the bounds, its bytes hashed and compared already. With a trouble, `path` may be None."""

    segment_id: str
    camera_id: str
    bounds: Stretch  # as its row says
    path: Path | None
    filename: str  # as people know it
    sha256: str
    size_bytes: int
    facts: dict[str, Any] | None = None
    trouble: str = ""  # in words
    trouble_kind: Trouble = ""


@dataclass(frozen=True)
class Problem:
    """A part that cannot be had. `kind`: missing, corrupt, still-recording."""

    kind: str
    camera_id: str
    segment_id: str
    filename: str
    bounds: Stretch  # what of the asked range it leaves open, as far as it is known
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "camera_id": self.camera_id,
            "segment_id": self.segment_id,
            "filename": self.filename,
            "start": self.bounds.start.isoformat(),
            "end": self.bounds.end.isoformat(),
            "words": self.words,
        }
