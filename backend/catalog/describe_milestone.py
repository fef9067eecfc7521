"""What is told of a copy in a Milestone VMS beside its state: how far the VMS is with it, and where its footage lies.

The VMS pulls by itself what is offered to it, so a copy of this kind is saved (the file waits here), offered,
retrieving (a task of the VMS is at it), and verified (the VMS's own sequences cover its time). When the VMS's retention
has passed over it, it is ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from backend.catalog.models import NO_COPY_LEFT, PAST_RETENTION, Delivery, DeliveryState
from backend.catalog.types import iso

MILESTONE = "milestone"
_OVER = (DeliveryState.SKIPPED, DeliveryState.DELETING, DeliveryState.DELETED)
_ON_THE_WAY = ("offered", "retrieving")


class Kinds(dict[str, str]):
    """The kind of each configured target by its name. `watched`: of each VMS among them what makes of a proof the
    address where people watch it, as it is configured now; "" where it makes none."""

    def __init__(self, kinds: Mapping[str, str], watched: Mapping[str, Callable[[Mapping[str, Any]], str]]) -> None:
        super().__init__(kinds)
        self.watched = watched


def phase_of(delivery: Delivery | Row[Any], kinds: Mapping[str, str] | None) -> str | None:
    """saved | offered | retrieving | verified | ended; None for a copy of another kind, or one that never comes."""
    if (kinds or {}).get(delivery.target) != MILESTONE:
        return None
    if delivery.state == DeliveryState.DELETED and delivery.error_code == PAST_RETENTION:
        return "ended"
    if delivery.state in _OVER or delivery.error_code == NO_COPY_LEFT:
        # Without bytes here there is nothing to offer: it is not saved.
        return None
    if delivery.state == DeliveryState.DELIVERED:
        return "verified"
    reached = delivery.resume.get("phase")
    return reached if reached in _ON_THE_WAY else "saved"


def footage_of(delivery: Delivery | Row[Any], kinds: Mapping[str, str] | None) -> dict[str, Any] | None:
    """Which stretch of which camera of the VMS a verified copy is, or an ended one was; None for any other."""
    phase = phase_of(delivery, kinds)
    if phase not in ("verified", "ended"):
        return None
    return {
        "vms_camera_id": _text(delivery.proof.get("vms_camera_id")),
        "start": _text(delivery.proof.get("start")),
        "end": _text(delivery.proof.get("end")),
        "locked": phase == "verified" and bool(delivery.proof.get("lock_id")),
        # One that ended while it was to be mended was not seen there at its end: then when that was told.
        "ended_at": (_text(delivery.proof.get("ended_at")) or iso(delivery.updated_at)) if phase == "ended" else None,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
