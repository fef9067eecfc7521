"""A copy that its target let go when its time there was over, as it is set up to: told, not mourned, not sent again.

But for that of a video that is held: a hold was to keep it there, so that it went is damage.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from backend.catalog.clock import certain_at
from backend.catalog.database import Database
from backend.catalog.holds import of_videos
from backend.catalog.models import PAST_RETENTION, Delivery, DeliveryState, Video
from backend.catalog.types import iso
from backend.disk.layout import Layout
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.damage import tell_sidecar
from backend.targets.base import Proof

# Before the reason of such damage.
WHILE_HELD = "It is held here, and no lock kept it there. "


def note_end(
    database: Database,
    layout: Layout,
    log: UploadLog,
    delivery_id: int,
    video: Video,
    proof: Proof,
    *,
    was: DeliveryState = DeliveryState.DELIVERED,
    token: str | None = None,
) -> bool:
    """The ledger says from now on that the copy was there, and until when. No event, no alarm.

    `token`: only while the caller's lease holds. False when the video is held, and when the copy is not in the state
    `was` any more.
    """
    at = certain_at(layout, database)
    with database.write() as session:
        if of_videos(session, [video.id], at):
            return False
        row, now = session.get_one(Delivery, delivery_id), instant(session)
        until = _until(row, proof) or now
        ended = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == was)
        if token is not None:
            ended = ended.where(Delivery.lease_token == token)
        noted = ended.values(
            state=DeliveryState.DELETED,
            error=proof.reason,
            error_code=PAST_RETENTION,
            proof={**row.proof, "ended_at": iso(until)},
            attempts=0,
            checked_at=None,
            lease_token=None,
            lease_until=None,
            leased_by="",
            updated_at=now,
        )
        returned = noted.returning(Delivery.target).execution_options(synchronize_session=False)
        target = session.scalar(returned)
    if target is None:
        return False
    log.write("info", "ended", upload=video.id, name=video.original_filename, target=target, error=proof.reason)
    tell_sidecar(database, layout, log, video, target)
    return True


def _until(row: Delivery, proof: Proof) -> datetime | None:
    """Retention that was made shorter lies before what was seen since."""
    return max(filter(None, (proof.ended_at, row.verified_at)), default=None)
