"""Existing videos for a target that was added later: one ledger row each, in sidecar and catalog."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.catalog import audit, listing
from backend.catalog.database import Database
from backend.catalog.listing import Wanted
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.catalog.videos import RECORDING
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import DeliveryFacts, Sidecar
from backend.errors import LocalDamage
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.places import Places

_PAGE = 200


@dataclass(frozen=True)
class Amount:
    """Videos without a ledger row for the target. `elsewhere`: those whose bytes are not here to be sent."""

    count: int
    bytes: int
    elsewhere: int = 0


@dataclass(frozen=True)
class Backfill:
    """To a target that gets recordings alone by default only those are queued, unless project or label names others."""

    database: Database
    layout: Layout
    places: Places
    log: UploadLog

    def count(self, target: str, project_id: str = "", content_type: str = "") -> Amount:
        """What `enqueue` would queue. Raises `NotFound` for an unknown target."""
        self.places.get(target)
        missing = self._missing(target, project_id, content_type)
        with self.database.read() as session:
            here = func.count(), func.coalesce(func.sum(Video.size_bytes), 0)
            count, size = session.execute(select(*here).where(*missing, Video.local_state == "present")).one()
            elsewhere = session.scalar(select(func.count()).where(*missing, Video.local_state != "present"))
        return Amount(count, int(size), elsewhere or 0)

    def enqueue(self, target: str, project_id: str = "", content_type: str = "") -> Amount:
        """Queue every such video whose bytes are here. Safe to repeat, also after a crash in the middle."""
        self.places.get(target)
        count, size, last_id = 0, 0, ""
        while page := self._page(target, project_id, content_type, last_id):
            for video in page:
                self.queue(video, target)
                count, size, last_id = count + 1, size + video.size_bytes, video.id
        if count:
            with self.database.write() as session:
                audit.append(session, "delivery.queued", project_id=project_id, target=target, count=count)
        self.log.write("info", "enqueued", target=target, count=count, bytes=size)
        return Amount(count, size)

    def _missing(self, target: str, project_id: str, content_type: str) -> list[ColumnElement[bool]]:
        listed = listing.conditions(Wanted(project_id=project_id, content_type=content_type))
        by_name = bool(project_id or content_type)
        which = () if by_name or target not in self.places.of_recordings else RECORDING
        return [*listed, *which, ~exists().where(Delivery.video_id == Video.id, Delivery.target == target)]

    def _page(self, target: str, project_id: str, content_type: str, last_id: str) -> Sequence[Video]:
        wanted = [*self._missing(target, project_id, content_type), Video.local_state == "present", Video.id > last_id]
        with self.database.read() as session:
            return session.scalars(select(Video).where(*wanted).order_by(Video.id).limit(_PAGE)).all()

    def queue(self, video: Video, target: str, action: str = "", **what: Any) -> bool:
        """Sidecar first: a rebuild must know that the copy is still owed. False when it was queued before.

        `action`: told in the audit, if there is one.
        """
        try:
            sidecar.change(self.layout, video.relative_path, video.id, lambda doc: _owing(doc, target))
        except (LocalDamage, FileNotFoundError):
            self.log.write("error", "sidecar_missing", upload=video.id, target=target)
        # Somebody else may be queueing the same: the row that came first is as good as ours.
        with suppress(IntegrityError), self.database.write() as session:
            if not _has_row(session, video.id, target):
                now = instant(session)
                row = Delivery(video_id=video.id, target=target, state=DeliveryState.PENDING, next_attempt_at=now)
                row.created_at = row.updated_at = now
                session.add(row)
                if action:
                    session.flush()
                    told = {"target": target, **what}
                    audit.append(session, action, video_id=video.id, project_id=video.project_id, **told)
                return True
        return False


def _has_row(session: Session, video_id: str, target: str) -> bool:
    query = select(Delivery.id).where(Delivery.video_id == video_id, Delivery.target == target)
    return session.scalar(query) is not None


def _owing(doc: Sidecar, target: str) -> Sidecar:
    if any(d.target == target for d in doc.deliveries):
        return doc
    return doc.model_copy(update={"deliveries": (*doc.deliveries, DeliveryFacts(target=target, state="pending"))})
