"""Kind `pictures`: the still pictures of a file: thumbnail and storyboard of a video, the waveform of a sound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.errors import OverLimit, ToolsMissing, Unreadable
from backend.media.facts import Facts
from backend.media.skipping import EVERYTHING
from backend.media.storyboard import storyboard
from backend.media.sweep import Sweep, remove_sheets, sweep
from backend.media.thumbnail import thumbnail
from backend.media.tiling import plan_for
from backend.media.waveform import waveform
from backend.media.work import Work

# Of a video that does not tell its length even by its packets, this much is looked at.
_UNKNOWN_SECONDS = 600.0
# And this much of one that has no picture where its length makes one expect it.
_FIRST_SECONDS = 10.0


def pictures(work: Work) -> dict[str, Any]:
    """Raises Unreadable when nothing of the file decodes."""
    facts = work.known()
    if not facts.has_video:
        return {"thumbnail": waveform(work), "storyboard": None}
    try:
        return _of_video(work, facts)
    except (Unreadable, ToolsMissing):
        if not facts.hdr:
            raise
        # An ffmpeg that was built without zscale, or light that it finds no way from: pale is better than none.
        plain = replace(facts, hdr=False)
        return _of_video(replace(work, facts=plain), plain)


def _of_video(work: Work, facts: Facts) -> dict[str, Any]:
    try:
        if facts.duration_seconds is None:
            return _from_the_beginning(work, facts, _UNKNOWN_SECONDS)
        return _by_its_length(work, facts, facts.duration_seconds)
    except Unreadable:
        # What it tells of its length may be nonsense, and all that it shows lie in its first seconds.
        remove_sheets(work)
        return _from_the_beginning(work, facts, _FIRST_SECONDS)


def _from_the_beginning(work: Work, facts: Facts, seconds: float) -> dict[str, Any]:
    plan = plan_for(facts, seconds)
    try:
        found = sweep(work, plan, EVERYTHING, sheets=False)
    except (OverLimit, Unreadable):
        # Its very first frame, then.
        found, seconds = Sweep(plan, EVERYTHING, [], []), 0.0
    return {"thumbnail": thumbnail(work, found, seconds), "storyboard": None}


def _by_its_length(work: Work, facts: Facts, seconds: float) -> dict[str, Any]:
    try:
        found, made = storyboard(work, seconds)
    except OverLimit:
        # A thumbnail is one frame: that can be had from what is too much as a whole.
        found, made = Sweep(plan_for(facts, seconds), EVERYTHING, [], []), False
    board = found.as_json(facts)
    whole = made and all((work.workspace / sheet).exists() for sheet in board["sheets"])
    for sheet in found.plan.as_json()["sheets"] if whole else []:
        if sheet not in board["sheets"]:
            (work.workspace / sheet).unlink()
    return {"thumbnail": thumbnail(work, found, seconds), "storyboard": board if whole else None}
