"""What the policy decides from, as row and sidecar tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from backend.catalog.lines import is_recording
from backend.catalog.models import Video
from backend.catalog.sound import Sound, sound_of
from backend.disk.holds import HoldFacts, in_force
from backend.disk.sidecar import Sidecar
from backend.outbox.places import Place, Places
from backend.retention.policy import Copy, Facts

_FOOTAGE = "has only the footage, from which the file cannot be had back"
_SOUND = (
    "has its picture alone, and the file has sound: it stays unless the target's option free_with_sound says that the"
    " sound may go"
)
_MORE = {
    "more": "has one picture of it alone, and the file has further tracks (a second picture, subtitles or data)",
    "unknown": "has its picture alone, and whether the file has sound or further tracks is not known",
}


def is_ephemeral(place: Place) -> bool:
    """Whether it lets go of what it has after a while."""
    return place.config.ephemeral


def lasting(places: Places) -> list[str]:
    """The names of the targets that keep what they have: where rules may move videos."""
    return [name for name, place in places.by_name.items() if not is_ephemeral(place)]


def sound_matters(places: Places) -> bool:
    """Whether local bytes may go by footage alone, and not where they have more than a picture."""
    return any(_lacks(places, place, "unknown") != _lacks(places, place, "none") for place in places.by_name.values())


def sound_may_go(places: Places) -> bool:
    """Whether local bytes with sound, and nothing else beside their picture, go by footage alone."""
    return sound_matters(places) and not any(_lacks(places, place, "some") for place in places.by_name.values())


def copies_of(
    states: Mapping[str, str], places: Places, sound: Sound = "unknown", *, is_recording: bool
) -> dict[str, Copy]:
    """The ledger's states by target as the policy sees them. What is not configured (any more) does not count."""
    found = {}
    for name, place in places.by_name.items():
        required = places.requires(name, named=name in states, is_recording=is_recording)
        if required or name in states:
            passes, footage = is_ephemeral(place), name in places.footage
            lacks = _lacks(places, place, sound)
            found[name] = Copy(states.get(name, ""), required and not passes, passes, footage, lacks)
    return found


def _lacks(places: Places, place: Place, sound: Sound) -> str:
    """Why a copy there does not make up for a file with this sound. A VMS is handed the picture alone."""
    if place.config.name not in places.footage:
        return ""
    if not places.footage_suffices:
        return _FOOTAGE
    if sound in ("none", "some"):
        return "" if sound == "none" or place.config.options.get("free_with_sound") else _SOUND
    return f"{_MORE[sound]}: it stays"


def words_of(holds: Iterable[HoldFacts], at: datetime) -> str:
    return "; ".join(f"“{hold.reason}”" for hold in in_force(holds, at))


def facts_of(video: Video, places: Places, holds: Iterable[HoldFacts], at: datetime) -> Facts:
    """A row and its holds, those of the sidecar where it was read."""
    sound: Sound = sound_of(video) if sound_matters(places) else "unknown"
    states = {delivery.target: delivery.state for delivery in video.deliveries}
    recorded = is_recording(video.camera_id, video.start_at, video.end_at)
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
        copies=copies_of(states, places, sound, is_recording=recorded),
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
