"""What happened, as signals within a process and in the form that everybody else reads.

    from backend import events
    events.signal(events.VIDEO_ADDED).connect(receiver)     # receiver(happened), after the commit

A signal is sent by the process that made the change, once it is durable and never before. blinker holds its receivers
weakly: keep yours, or connect it with `weak=False`. One that must hear of every change, whichever process made it,
reads the stream instead (`backend/catalog/events.py`): a process that is killed between commit and signal sends none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from blinker import Namespace, Signal

VIDEO_ADDED = "video_added"
VIDEO_UPDATED = "video_updated"  # data.changed: the names of what is said otherwise now
VIDEO_DELETED = "video_deleted"  # to the trash
VIDEO_RESTORED = "video_restored"  # out of the trash
VIDEO_PURGED = "video_purged"  # its bytes are gone for good
VIDEO_PRUNED = "video_pruned"  # its bytes are with the targets only
VIDEO_DELIVERED = "video_delivered"  # data.target, data.link: a copy was verified
VIDEO_DAMAGED = "video_damaged"  # data.where: "here" or a target; data.part, data.reason
VIDEO_REPAIRED = "video_repaired"  # data.where, data.part, data.how
THUMBNAIL_READY = "thumbnail_ready"
VIDEO_READY = "video_ready"  # all that is made of it is made
VIDEO_UNPLAYABLE = "video_unplayable"  # data.reason
LOOKS_ALIKE = "looks_alike"  # data.earlier_id
TARGET_PARKED = "target_parked"  # data.target, data.state, data.reason
TARGET_RESUMED = "target_resumed"  # data.target
EXPORT_COMPLETED = "export_completed"
EXPORT_FAILED = "export_failed"
WEBHOOK_TEST = "webhook_test"

NAMES = (
    VIDEO_ADDED, VIDEO_UPDATED, VIDEO_DELETED, VIDEO_RESTORED, VIDEO_PURGED, VIDEO_PRUNED, VIDEO_DELIVERED,
    VIDEO_DAMAGED, VIDEO_REPAIRED, THUMBNAIL_READY, VIDEO_READY, VIDEO_UNPLAYABLE, LOOKS_ALIKE, TARGET_PARKED,
    TARGET_RESUMED, EXPORT_COMPLETED, EXPORT_FAILED, WEBHOOK_TEST,
)  # fmt: skip
# Receivers of this one hear everything.
ANY = "*"

_PLACE = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_MOST = 2**63 - 1
_SIGNALS = Namespace()


class Place(NamedTuple):
    """A place in the stream of events; they come in the order of their places. `{xid}-{seq}` as text."""

    xid: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place that this text names; None for any other text."""
        found = _PLACE.fullmatch(text.strip())
        place = cls(int(found[1]), int(found[2])) if found else None
        return place if place and max(place) <= _MOST else None


BEGINNING = Place(0, 0)


@dataclass(frozen=True)
class Happened:
    """One thing that happened. `data`: JSON values, with what the video is, where it is about one.

    `place` is known only of what was read from the stream: it is decided when others can see the change.
    """

    id: str
    name: str
    at: datetime
    video_id: str = ""
    project_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    place: Place | None = None


def as_json(happened: Happened) -> dict[str, Any]:
    """The form on the wire, the same in the stream and in webhooks."""
    at = happened.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": happened.id, "type": happened.name, "timestamp": at, "data": happened.data}


def signal(name: str) -> Signal:
    """The signal of this name (one of NAMES), or of all of them: ANY. Raises ValueError for an unknown one."""
    if name != ANY and name not in NAMES:
        raise ValueError(f"There is no event '{name}'; known: {', '.join(NAMES)}.")
    return _SIGNALS.signal(name)


def broke(error: Exception, name: str) -> None:
    """Where nobody else listens: the process's own log."""
    logging.getLogger("holdfast.events").error("a receiver of '%s' failed", name, exc_info=error)


def send(happened: Iterable[Happened], on_error: Callable[[Exception, str], None] = broke) -> None:
    """Tell the receivers in this process. What one of them raises goes to `on_error`, and to nobody else."""
    for one in happened:
        for name in (one.name, ANY):
            for receiver in signal(name).receivers_for(one):
                try:
                    receiver(one)
                except Exception as error:
                    on_error(error, one.name)
