"""What a video's sidecar is told of its deliveries, so that the ledger survives the loss of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import raiseload

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import DeliveryFacts, Sidecar
from backend.outbox.claim import Claim


def record_delivery(database: Database, layout: Layout, relative_path: str, video_id: str, target: str) -> None:
    """Bring one delivery in the sidecar to what the catalog says."""
    query = select(Delivery).where(Delivery.video_id == video_id, Delivery.target == target).options(raiseload("*"))

    def as_in_catalog(doc: Sidecar) -> Sidecar:
        # Asked under the sidecar's lock: of two that write at once, the later one tells the later state.
        with database.read() as session:
            row = session.scalar(query)
        return doc if row is None else _with(doc, videos.delivery_facts_of(row))

    sidecar.change(layout, relative_path, video_id, as_in_catalog)


def record_resume(layout: Layout, claim: Claim, state: Mapping[str, Any]) -> None:
    """Keep in the sidecar how an unfinished copy goes on. A sidecar that is gone takes nothing and stops nothing."""

    def with_resume(doc: Sidecar) -> Sidecar:
        known = {d.target: d for d in doc.deliveries}
        before = known.get(claim.target) or DeliveryFacts(target=claim.target, state=DeliveryState.PENDING)
        return _with(doc, before.model_copy(update={"remote_key": claim.remote_key, "resume": dict(state)}))

    try:
        sidecar.change(layout, claim.relative_path, claim.video_id, with_resume)
    except FileNotFoundError:
        return


def _with(doc: Sidecar, new: DeliveryFacts) -> Sidecar:
    merged = {d.target: d for d in doc.deliveries} | {new.target: new}
    return doc.model_copy(update={"deliveries": tuple(merged.values())})
