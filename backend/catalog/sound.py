"""Whether a video has sound, as far as its probe told: a VMS is handed the picture alone."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, exists

from backend.catalog.media import PROBE, facts_of
from backend.catalog.models import JobState, MediaJob, Video

Sound = Literal["none", "some", "unknown"]


def sound_of(video: Video) -> Sound:
    """Unknown until it was looked at, and where that was before anybody told sound that cannot be decoded."""
    facts = facts_of(video)
    if facts is None:
        return "unknown"
    if "silent" in facts:
        return "none" if facts["silent"] else "some"
    return "some" if facts["audio_codec"] else "unknown"


def is_silent() -> ColumnElement[bool]:
    """The condition on `Video` that its sound is "none"."""
    told = MediaJob.result["silent"].as_boolean()
    return exists().where(MediaJob.video_id == Video.id, MediaJob.kind == PROBE, MediaJob.state == JobState.DONE, told)
