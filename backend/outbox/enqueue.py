"""Which targets a new video goes to, and its first ledger entries."""

from __future__ import annotations

from backend.disk.sidecar import DeliveryFacts
from backend.errors import BadField
from backend.outbox.places import Places
from backend.targets.rules import targets_for


def choose_targets(
    places: Places, wished: tuple[str, ...] | None, project_id: str, content_type: str, *, is_recording: bool
) -> list[str]:
    """The target names for a video: the form's own wish, else the rules of targets.toml, else the default.

    `is_recording`: see `lines.is_recording`. Other videos go to a VMS only where that is named for them.
    """
    if wished is None:
        default = places.default_of(is_recording=is_recording)
        return list(targets_for(places.rules, project_id, content_type, default))
    unknown = [name for name in wished if name not in places.by_name]
    if unknown:
        known = ", ".join(places.by_name) or "none is configured"
        raise BadField(f"targets: '{unknown[0]}' is unknown; known targets: {known}.", detail={"field": "targets"})
    return list(dict.fromkeys(wished))


def first_entries(names: list[str]) -> tuple[DeliveryFacts, ...]:
    return tuple(DeliveryFacts(target=name, state="pending") for name in names)
