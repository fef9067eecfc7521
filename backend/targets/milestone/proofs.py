"""What is kept of a recording that arrived, and what to ask the VMS by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from backend.offers.entries import CameraEntry, Claim
from backend.targets.milestone.rest import as_id
from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span
from backend.targets.milestone.state import read_span

_LONGEST_FRAME_SECONDS = 3600.0


@dataclass(frozen=True)
class Wanted:
    """The time that a recording takes, and how long one of its frames stands."""

    span: Span
    frame_seconds: float = 0.0


@dataclass(frozen=True)
class Known:
    """What a proof says; its ids are the VMS's, "" where it has none."""

    video_id: str
    camera_id: str
    wanted: Wanted
    lock_id: str


def wanted_of(claim: Claim, entry: CameraEntry) -> Wanted:
    rate = entry.frames_per_second
    return Wanted(Span(claim.start_at, claim.end_at), min(1 / rate, _LONGEST_FRAME_SECONDS) if rate > 0 else 0.0)


def longest_frame_seconds(shown: Sequence[int], time_base: Fraction, lasts_seconds: float) -> float:
    """How long the frame stands that stands longest, the last one up to the recording's end.

    `shown`: when each frame is shown, in `time_base` from the first one, in any order.
    """
    times = sorted(shown)
    longest = max((later - earlier for earlier, later in pairwise(times)), default=0)
    return max(float(longest * time_base), lasts_seconds - float(times[-1] * time_base))


def proof_of(video_id: str, camera_id: str, wanted: Wanted, bookmark_id: str, lock_id: str) -> dict[str, Any]:
    return {
        "video_id": video_id,
        "vms_camera_id": camera_id,
        "start": moment(wanted.span.start_at),
        "end": moment(wanted.span.end_at),
        "frame_seconds": round(wanted.frame_seconds, 6),
        "bookmark_id": bookmark_id,
        "lock_id": lock_id,
    }


def read_proof(proof: Mapping[str, Any]) -> Known | None:
    """None when it does not say where to look."""
    camera_id, span, video_id = as_id(proof.get("vms_camera_id")), read_span(proof), as_id(proof.get("video_id"))
    if not camera_id or span is None:
        return None
    frame = proof.get("frame_seconds")
    is_number = isinstance(frame, int | float) and not isinstance(frame, bool)
    lasts = float(frame) if is_number and frame is not None and 0 <= frame <= _LONGEST_FRAME_SECONDS else 0.0
    return Known(video_id, camera_id, Wanted(span, lasts), as_id(proof.get("lock_id")))
