"""What the states of copies and targets are called among people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.catalog.models import PAST_RETENTION, Delivery, DeliveryState, Video
from backend.cli.terminal import Cell, time_cell

_WORDS = {
    DeliveryState.PENDING: "waiting",
    DeliveryState.IN_PROGRESS: "on its way",
    DeliveryState.DELIVERED: "verified",
    DeliveryState.PARKED: "needs a person",
    DeliveryState.FAILED: "failed",
    DeliveryState.SKIPPED: "skipped",
    DeliveryState.DAMAGED: "damaged, sent again",
    DeliveryState.DELETING: "being deleted",
    DeliveryState.DELETED: "deleted",
}


def delivery_words(state: str) -> str:
    return _WORDS.get(DeliveryState(state), state)


def copies_cell(video: Video) -> Cell:
    """All copies of a video in one value: `nas=delivered,s3=delivered`, or `nas, s3 verified` for people."""
    plain = ",".join(f"{d.target}={d.state}" for d in video.deliveries)
    together: dict[str, list[str]] = {}
    for delivery in video.deliveries:
        together.setdefault(_progress(delivery, video.size_bytes), []).append(delivery.target)
    return Cell(plain, "; ".join(f"{', '.join(names)} {words}" for words, names in together.items()) or "none")


def _progress(delivery: Delivery, size_bytes: int) -> str:
    if delivery.state == DeliveryState.IN_PROGRESS and size_bytes:
        return f"{100 * delivery.bytes_sent // size_bytes} %"
    if delivery.state == DeliveryState.DELETED and delivery.error_code == PAST_RETENTION:
        return "ended there"
    return delivery_words(delivery.state)


def unwell(targets: Sequence[dict[str, Any]], names: Sequence[str] = ()) -> list[str]:
    """One sentence for each target (all when none is named) that takes nothing at the moment."""
    return [_why_it_waits(t) for t in targets if t["state"] != "up" and (not names or t["name"] in names)]


def _why_it_waits(target: dict[str, Any]) -> str:
    name, reason = target["name"], target["reason"]
    if not target["enabled"]:
        return f"{name}: {reason}"
    if target["state"] == "paused":
        return f"{name} is paused by an operator: `video_manager targets resume {name}` lets it go on."
    if target["state"] == "parked":
        mended = f"When that is mended: `video_manager targets check {name}`."
        return f"{name} needs a person: {reason} {mended}{_asked_again(target)}"
    return f"{name} fails for everything just now: {reason}{_asked_again(target)}"


def _asked_again(target: dict[str, Any]) -> str:
    at = target["next_probe_at"]
    return f" It is asked again by itself at {time_cell(datetime.fromisoformat(at)).shown}." if at else ""
