"""What the book of offers holds: cameras, whose time is taken, and what can be pulled at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from backend.errors import Unsupported

Codec = Literal["H264", "H265"]


class State(StrEnum):
    OFFERED = "offered"  # the VMS may pull it
    ASKED = "asked"  # the VMS was asked for it, and may have any part of it: its time stays taken
    VERIFIED = "verified"  # the VMS has it; its time stays taken


@dataclass(frozen=True)
class CameraEntry:
    """A camera of the edge device. `key` is what it stands for: a camera, a project or an uploader of Holdfast's.

    `token` follows from `key` alone, `number` counts from 0 and never changes: a VMS knows its channels by it. `codec`
    is the one of its first recording, which all others are brought to; `width` and `height` in pixels.
    """

    key: str
    token: str  # letters, digits, "-" and "_", at most 60
    number: int
    name: str
    codec: Codec
    width: int
    height: int
    frames_per_second: float


@dataclass(frozen=True)
class Rhythm:
    """How a recording's frames follow one another. `frame_seconds`: how long one stands at most, but in a pause.

    `pauses`: between which neighbouring frames it is much longer, in seconds from the first frame, in their order; the
    last one may be up to the recording's end. Where they are too many to be named, the longest are; `rest_seconds`: how
    long the others are together.
    """

    frame_seconds: float
    pauses: tuple[tuple[float, float], ...] = ()
    rest_seconds: float = 0.0


@dataclass(frozen=True)
class Claim:
    """The time that one video takes of its camera; both aware, `end_at` is the end of the last frame.

    For ever, once the VMS was asked for it. `sha256`: of the file that was sent here; "" where that was not noted.
    `rhythm`: of its frames; None where that was not noted.
    """

    video_id: str
    camera_token: str
    filename: str
    start_at: datetime
    end_at: datetime
    state: State
    sha256: str = ""
    rhythm: Rhythm | None = None


@dataclass(frozen=True)
class Offer:
    """A file that can be pulled now. `path` is relative to the storage root; `prepared`: made for this, and removed
    with the offer. `size_bytes` and `sha256`: of what was prepared; None and "" where that was not noted."""

    video_id: str
    camera_token: str
    start_at: datetime
    end_at: datetime
    path: str
    prepared: bool
    size_bytes: int | None = None
    sha256: str = ""


class Overlap(Unsupported):
    """Another recording has that time of the camera already: a VMS keeps one picture for each instant."""
