"""What a video has beside its picture, as far as its probe told: a VMS is handed one picture alone."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, true

from backend.catalog.media import PROBE, facts_of
from backend.catalog.models import JobState, MediaJob, Video

# "more": a second picture, subtitles or data, with or without sound.
Sound = Literal["none", "some", "more", "unknown"]


def sound_of(video: Video) -> Sound:
    """Unknown until it was looked at, and where that was before anybody told sound that cannot be decoded, or counted
    further tracks."""
    facts = facts_of(video)
    further = None if facts is None else facts.get("further_tracks")
    if facts is None or further is None or "silent" not in facts:
        return "unknown"
    if further:
        return "more"
    return "none" if facts["silent"] else "some"


def has_nothing_else(*, but_sound: bool) -> ColumnElement[bool]:
    """The condition on `Video` that its sound is "none"; `but_sound`: or "some"."""
    alone = MediaJob.result["further_tracks"].as_integer() == 0
    told = and_(alone, true() if but_sound else MediaJob.result["silent"].as_boolean())
    return exists().where(MediaJob.video_id == Video.id, MediaJob.kind == PROBE, MediaJob.state == JobState.DONE, told)
