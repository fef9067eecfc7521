"""The port: cameras, their recordings on a line of wall-clock time, and the frames of one recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from backend.offers.entries import Codec


@dataclass(frozen=True)
class Camera:
    """One video source of the device. `token` is what the catalog maps a project, an uploader or a camera id to.

    All recordings of a camera have its `codec`: a session announces one. `width` and `height` in pixels, for those
    who ask before they play; a recording may differ.
    """

    token: str  # letters, digits, "-" and "_", at most 60: it stands in addresses and in ONVIF's tokens
    name: str
    codec: Codec = "H264"
    width: int = 1920
    height: int = 1080
    frames_per_second: float = 25.0


@dataclass(frozen=True)
class Recording:
    """One file of a camera: from the first frame's instant up to the end of the last frame. Both aware."""

    id: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Frame:
    """One access unit. `at` is when it was recorded; `order_at`, never later, is when a decoder wants it."""

    at: datetime
    order_at: datetime
    is_keyframe: bool
    units: tuple[bytes, ...]  # NAL units, without start codes; a keyframe brings its parameter sets


class NotYet(Exception):
    """Where a recording's frames lie is being looked up, which may take minutes. Whoever wants them asks again when
    `done` is, whatever came of it."""

    def __init__(self, done: Future[None]) -> None:
        super().__init__()
        self.done = done


class Footage(Protocol):
    """What the device shows. Called in threads, by several clients at once."""

    def cameras(self) -> Sequence[Camera]:
        """In an order that never changes, as the VMS numbers them: new ones come last."""

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        """Those of one camera that can be read now, in any order; they do not overlap. None for an unknown token."""

    def recordings_of(self, camera_tokens: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
        """As `recordings`, of several cameras at once: what is asked of all of them must not look at all of it for each
        one."""

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        """In decoding order, from the last keyframe at or before `since`, else the first one. A generator: it is
        closed when the client goes. Raises NotYet, before the first frame, rather than block for long, and a
        HoldfastError when the file cannot be read (on)."""
