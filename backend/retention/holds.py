"""Holds: locks on videos that no rule and nobody without the right can pass. The sidecar first, then row and audit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from backend.actor import actor
from backend.catalog import videos
from backend.catalog.change import change
from backend.catalog.clock import Clock
from backend.catalog.database import Database
from backend.catalog.holds import describe_hold
from backend.catalog.models import DeliveryState, Video
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, GONE, Scope
from backend.disk import sidecar
from backend.disk.holds import HoldFacts, in_force
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import BadField, Conflict, Held, NotFound
from backend.log import UploadLog

_MOST_REASON = 500
_COPIES_LEFT = (DeliveryState.DELIVERED, DeliveryState.DELETING)


@dataclass(frozen=True)
class Holder:
    layout: Layout
    database: Database
    log: UploadLog
    clock: Clock

    def hold(
        self, video_id: str, reason: str, until_at: datetime | None = None, scope: Scope = EVERYTHING
    ) -> HoldFacts:
        """Hold a video until an instant, or until the hold is released. Durable when this returns.

        Raises `BadField` without a reason, or for an end that is not to come.
        """
        video = self._video(video_id, scope)
        time, reason = self.clock.read(), _read_reason(reason)
        if until_at is not None and until_at <= max(time.now, time.certain_at):
            raise BadField(f"until={iso(until_at)} is not in the future.", detail={"field": "until"})
        new = new_hold(reason, time.certain_at if time.doubt else time.now, until_at)
        self._change(video, lambda doc: _with(doc, new), "video.held", new)
        self.log.write("info", "held", upload=video.id, name=video.original_filename, user=new.owner, reason=reason)
        return new

    def release(self, video_id: str, hold_id: str, scope: Scope = EVERYTHING) -> HoldFacts:
        """Take one hold away, over or not. Raises `NotFound` when the video has none of this id."""
        video = self._video(video_id, scope)
        known = {hold.id: hold for hold in map(videos.hold_facts_of, video.holds)}
        # A release that a crash cut off before the row is done again: then only the row still has it.
        known |= {hold.id: hold for hold in self._sidecar(video).holds}
        if hold_id not in known:
            raise NotFound(f"'{video.original_filename}' has no hold {hold_id}.", detail={"video_id": video_id})
        self._change(video, lambda doc: _without(doc, hold_id), "video.released", known[hold_id])
        self.log.write("info", "released", upload=video.id, name=video.original_filename, user=actor().name)
        return known[hold_id]

    def of(self, video_id: str, scope: Scope = EVERYTHING) -> tuple[HoldFacts, ...]:
        """The holds that are in force on a video."""
        return in_force(self._sidecar(self._video(video_id, scope)).holds, self.clock.read().certain_at)

    def _video(self, video_id: str, scope: Scope) -> Video:
        with self.database.read() as session:
            return videos.get(session, video_id, scope)

    def _sidecar(self, video: Video) -> Sidecar:
        try:
            return sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path))
        except FileNotFoundError:
            return videos.sidecar_of(video)

    def _change(self, video: Video, edit: Callable[[Sidecar], Sidecar], action: str, hold: HoldFacts) -> None:
        until = iso(hold.until_at)
        change(self.layout, self.database, video, edit, action, hold_id=hold.id, reason=hold.reason, until_at=until)


def new_hold(reason: str, at: datetime, until_at: datetime | None = None) -> HoldFacts:
    """A hold of whoever acts just now."""
    who = actor()
    return HoldFacts(
        id=str(uuid.uuid4()), reason=reason, owner=who.name, owner_id=who.id, created_at=at, until_at=until_at
    )


def refuse_held(doc: Sidecar, at: datetime, doing: str) -> None:
    """Raise `Held` when a hold is in force at `at`; `doing`: "it stays out of the trash"."""
    holds = in_force(doc.holds, at)
    if not holds:
        return
    why = "; ".join(f"“{hold.reason}”" + (f" ({hold.owner})" if hold.owner else "") for hold in holds)
    raise Held(
        f"'{doc.video.original_filename}' is held: {why}. So {doing}; release the hold first.",
        detail={"video_id": doc.video.id, "holds": [describe_hold(hold) for hold in holds]},
    )


def _read_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise BadField("A hold needs a reason: whoever meets it later must know why.", detail={"field": "reason"})
    if len(reason) > _MOST_REASON:
        raise BadField(f"The reason is longer than {_MOST_REASON} characters.", detail={"field": "reason"})
    return reason


def _with(doc: Sidecar, hold: HoldFacts) -> Sidecar:
    if doc.local.state in GONE and not any(d.state in _COPIES_LEFT for d in doc.deliveries):
        raise Conflict("There is nothing left to hold: the bytes were removed at the end of their time in the trash.")
    return doc.model_copy(update={"holds": (*doc.holds, hold)})


def _without(doc: Sidecar, hold_id: str) -> Sidecar:
    return doc.model_copy(update={"holds": tuple(hold for hold in doc.holds if hold.id != hold_id)})
