"""What the policy decides from, as row and sidecar tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from backend.catalog.models import Video
from backend.disk.holds import HoldFacts, in_force
from backend.disk.sidecar import Sidecar
from backend.outbox.places import Place, Places
from backend.retention.policy import Copy, Facts


def is_ephemeral(place: Place) -> bool:
    """Whether it lets go of what it has after a while."""
    return place.config.ephemeral


def lasting(places: Places) -> list[str]:
    """The names of the targets that keep what they have: where rules may move videos."""
    return [name for name, place in places.by_name.items() if not is_ephemeral(place)]


def copies_of(states: Mapping[str, str], places: Places) -> dict[str, Copy]:
    """The ledger's states by target as the policy sees them. What is not configured (any more) does not count."""
    found = {}
    for name, place in places.by_name.items():
        required = places.requires(name, named=name in states)
        if required or name in states:
            passes, footage = is_ephemeral(place), name in places.footage
            suffices = places.footage_suffices or not footage
            found[name] = Copy(states.get(name, ""), required and not passes, passes, footage, suffices)
    return found


def words_of(holds: Iterable[HoldFacts], at: datetime) -> str:
    return "; ".join(f"“{hold.reason}”" for hold in in_force(holds, at))


def facts_of(video: Video, places: Places, holds: Iterable[HoldFacts], at: datetime) -> Facts:
    """A row and its holds, those of the sidecar where it was read."""
    return Facts(
        saved_at=video.created_at,
        expires_at=video.expires_at,
        local_state=video.local_state,
        held=words_of(holds, at),
        trashed=video.trashed_at is not None,
        project_id=video.project_id,
        label=video.content_type,
        camera_id=video.camera_id,
        tags=tuple(tag.tag for tag in video.tags),
        copies=copies_of({d.target: d.state for d in video.deliveries}, places),
    )


def facts_of_sidecar(doc: Sidecar, at: datetime) -> Facts:
    """Without copies: what a sidecar says of them may be behind the ledger."""
    video = doc.video
    return Facts(
        saved_at=video.saved_at,
        expires_at=video.expires_at,
        local_state=doc.local.state,
        held=words_of(doc.holds, at),
        trashed=video.trashed_at is not None,
        project_id=video.project_id,
        label=video.content_type,
        camera_id=video.camera_id,
        tags=video.tags,
    )
