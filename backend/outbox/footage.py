"""A video that is only in the VMS any more, or was: what can still be had of it, in words. Its file is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.catalog.describe import link_of
from backend.catalog.describe_milestone import MILESTONE, footage_of
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.errors import FootageOnly
from backend.outbox.places import Places


@dataclass(frozen=True)
class _Stretch:
    target: str
    label: str
    link: str | None
    facts: Mapping[str, Any]
    is_used: bool  # False: disabled, called otherwise, or taken out of targets.toml since

    @property
    def words(self) -> str:
        start, end, camera = self.facts["start"], self.facts["end"], self.facts["vms_camera_id"]
        where = f"on its camera {camera}" if camera else "on the camera it was offered as"
        when = f" from {_readable(start)} to {_readable(end)}" if start and end else ""
        if self.ended_at:
            until = f"until {_readable(self.ended_at)}, when its retention was over"
            return f"{self.label} had the footage {where}{when} {until}"
        has = "has the footage" if self.is_used else "had the footage when it was last asked,"
        return f"{self.label} {has} {where}{when}{f' ({self.link})' if self.link else ''}"

    @property
    def ended_at(self) -> str | None:
        found: str | None = self.facts["ended_at"]
        return found


def only_footage(video: Video, places: Places) -> FootageOnly | None:
    """What to answer for a file that is neither here nor on any target, where a VMS has footage of it; else None."""
    found = list(_stretches(video, places))
    if not found:
        return None
    left = "" if all(one.ended_at for one in found) else " Watch it there, or export it from there."
    return FootageOnly(
        f"The file '{video.original_filename}' is not here any more: {'; '.join(one.words for one in found)}.{left} "
        "The original file and its SHA-256 cannot be had back from a VMS, which has the picture alone, without sound; "
        "whoever still has the file can upload it again.",
        detail={
            "video_id": video.id,
            "camera_id": video.camera_id or None,
            "footage": [{"target": one.target, "link": one.link, **one.facts} for one in found],
        },
    )


def _stretches(video: Video, places: Places) -> list[_Stretch]:
    labels, found = {config.name: config.label for config in places.configs}, []
    for delivery in video.deliveries:
        name = delivery.target
        # Of a target that nobody knows any more the proof says what it was: nothing else names a VMS's camera.
        is_vms = name not in labels and bool(delivery.proof.get("vms_camera_id"))
        facts = footage_of(delivery, places.kinds | ({name: MILESTONE} if is_vms else {}))
        if facts is not None:
            told = {"start": facts["start"] or iso(video.start_at), "end": facts["end"] or iso(video.end_at)}
            label = labels.get(name, f"The target “{name}”, which is configured no more,")
            found.append(_Stretch(name, label, link_of(delivery, places.kinds), facts | told, name in places.by_name))
    return found


def _readable(at: str) -> str:
    try:
        known = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{known:%Y-%m-%d %H:%M:%S}" + (" UTC" if known.utcoffset() is not None and not known.utcoffset() else "")
