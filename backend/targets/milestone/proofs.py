"""What is kept of a recording that arrived, and what to ask the VMS by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.offers.entries import Claim
from backend.offers.rhythm import MOST_PAUSES
from backend.targets.milestone.measure import Wanted
from backend.targets.milestone.rest import as_id
from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span
from backend.targets.milestone.state import read_span


@dataclass(frozen=True)
class Known:
    """What a proof says; its ids are the VMS's, "" where it has none."""

    video_id: str
    camera_id: str
    wanted: Wanted
    lock_id: str


def wanted_of(claim: Claim) -> Wanted:
    """By the recording's own frames; as of one without pauses where they were not noted."""
    span, rhythm = Span(claim.start_at, claim.end_at), claim.rhythm
    if rhythm is None:
        return Wanted(span)
    frame_seconds = min(rhythm.frame_seconds, span.lasts.total_seconds())
    return Wanted(span, frame_seconds, _spans(span, rhythm.pauses), rhythm.rest_seconds)


def proof_of(video_id: str, camera_id: str, wanted: Wanted, bookmark_id: str, lock_id: str) -> dict[str, Any]:
    span = wanted.span
    return {
        "video_id": video_id,
        "vms_camera_id": camera_id,
        "start": moment(span.start_at),
        "end": moment(span.end_at),
        "frame_seconds": round(wanted.frame_seconds, 6),
        "pauses": [[_since(span, one.start_at), _since(span, one.end_at)] for one in wanted.pauses],
        "rest_seconds": round(wanted.rest_seconds, 6),
        "bookmark_id": bookmark_id,
        "lock_id": lock_id,
    }


def read_proof(proof: Mapping[str, Any]) -> Known | None:
    """None when it does not say where to look. What makes no sense of the frames excuses nothing that is missing."""
    camera_id, span, video_id = as_id(proof.get("vms_camera_id")), read_span(proof), as_id(proof.get("video_id"))
    if not camera_id or span is None:
        return None
    lasts_seconds = span.lasts.total_seconds()
    frame, rest = (_seconds(proof.get(name), lasts_seconds) for name in ("frame_seconds", "rest_seconds"))
    wanted = Wanted(span, frame or 0.0, _read_pauses(proof.get("pauses"), span), rest or 0.0)
    return Known(video_id, camera_id, wanted, as_id(proof.get("lock_id")))


def _read_pauses(told: object, span: Span) -> tuple[Span, ...]:
    """() when any of them makes no sense."""
    if not isinstance(told, list) or len(told) > MOST_PAUSES:
        return ()
    lasts_seconds, found = span.lasts.total_seconds(), list[tuple[float, float]]()
    for one in told:
        if not isinstance(one, list) or len(one) != 2:
            return ()
        since, until = (_seconds(at, lasts_seconds) for at in one)
        if since is None or until is None or until <= since or (found and since < found[-1][1]):
            return ()
        found.append((since, until))
    return _spans(span, found)


def _seconds(told: object, most: float) -> float | None:
    """None when it is none from 0 to `most`."""
    if not isinstance(told, int | float) or isinstance(told, bool):
        return None
    return float(told) if 0 <= told <= most else None


def _spans(within: Span, pauses: Iterable[tuple[float, float]]) -> tuple[Span, ...]:
    start = within.start_at
    spans = (Span(start + timedelta(seconds=since), start + timedelta(seconds=until)) for since, until in pauses)
    return tuple(Span(one.start_at, min(one.end_at, within.end_at)) for one in spans if one.start_at < within.end_at)


def _since(span: Span, at: datetime) -> float:
    return (at - span.start_at).total_seconds()
