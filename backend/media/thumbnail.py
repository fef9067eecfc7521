"""The thumbnail: one frame that shows the video, never black or blank when the video is not."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import ffmpeg

from backend.errors import OverLimit, Unreadable
from backend.media.encoding import Size, arguments, size_within, source
from backend.media.looks import Look, best_first, looks
from backend.media.skipping import EVERYTHING, REFERENCES, Reading, keyframes
from backend.media.storyboard import CHEAP_PIXELS, pixels
from backend.media.sweep import GREY, Sweep, limits, removed, shrunk, sweep
from backend.media.tiling import Plan, shown
from backend.media.work import Work

NAME = "thumbnail.jpg"
_LONG_SIDE = 640
_QUALITY = 3
_MOST_ATTEMPTS = 3
# Where to look when nothing was seen, as passing over all of it took too long; and that it had better not be blank.
_BLIND, _HOPED = (0.1, 0.3, 0.5), Look(128, 128, 128)
# When all that was seen is blank, the video is looked through this finely.
_MOST_LOOKS = 20_000
# And for so long: a camera that records a dark cellar all night is black in earnest.
_LOOK_THROUGH_SECONDS = 180.0
_BEHIND_SECONDS, _ROUNDING_SECONDS = 0.2, 0.004
_USUAL_FPS = 25.0


@dataclass(frozen=True)
class Candidate:
    """A frame that was seen small, and how it was come by."""

    at_seconds: float
    look: Look
    reading: Reading


def thumbnail(work: Work, found: Sweep, duration_seconds: float) -> dict[str, Any]:
    """Make the thumbnail of the best frame seen. Raises Unreadable when no frame can be had."""
    chosen = _candidates(work, found, duration_seconds)
    if chosen and chosen[0].look.is_blank:
        chosen = _looked_through(work, found.plan, duration_seconds) or chosen
    chosen = chosen[:_MOST_ATTEMPTS] or [Candidate(share * duration_seconds, _HOPED, EVERYTHING) for share in _BLIND]
    size = size_within(work.known(), _LONG_SIDE, _LONG_SIDE)
    at = _make_first_good(work, chosen, size)
    return {"file": NAME, "width": size.width, "height": size.height, "at_seconds": round(at, 3)}


def _make_first_good(work: Work, chosen: list[Candidate], size: Size) -> float:
    """Make the picture of the first candidate that is found again; else of what was found, the least blank."""
    made: list[tuple[float, Candidate]] = []
    for candidate in chosen:
        look = _make(work, candidate, size)
        if look is not None and look.is_like(candidate.look):
            return candidate.at_seconds
        if look is not None and not look.is_blank:
            made.append((look.spread, candidate))
    if made:
        _, best = max(made, key=lambda one: one[0])
        _make(work, best, size)
        return best.at_seconds
    # In a damaged file seeking may lead nowhere, and reading from its beginning to what was seen.
    if _make(work, chosen[0], size, seek=False) is None:
        raise Unreadable("No frame of this video could be decoded.")
    return chosen[0].at_seconds


def _candidates(work: Work, found: Sweep, duration_seconds: float) -> list[Candidate]:
    """What was seen, the best picture first, each frame once."""
    frame_seconds = 1 / (work.known().fps or _USUAL_FPS)
    middles = [found.plan.middle(number) for number in range(len(found.seen))]
    if found.times:
        times = [shown(found.times, middle) or 0.0 for middle in middles]
    else:
        # The last frame before the middle begins within one frame of it.
        times = [max(0.0, middle - frame_seconds) for middle in middles]
    order = best_first(found.seen, [time / max(duration_seconds, frame_seconds) for time in times])
    ranked = [Candidate(times[n], found.seen[n], found.reading) for n in order]
    return list({one.at_seconds: one for one in reversed(ranked)}.values())[::-1]


def _looked_through(work: Work, plan: Plan, duration_seconds: float) -> list[Candidate]:
    """Candidates that are not blank, from as many frames as can be looked at; none when all of it is blank."""
    facts = work.known()
    frames = math.ceil(duration_seconds * (facts.fps or _USUAL_FPS))
    count = max(1, min(frames, _MOST_LOOKS))
    finer = replace(plan, count=count, interval_ms=max(1, round(duration_seconds * 1000 / count)))
    quick = keyframes(facts, finer.interval_seconds)
    cheap = quick is None or pixels(facts, duration_seconds) <= CHEAP_PIXELS
    for how in [EVERYTHING] if quick is None or cheap else [quick, REFERENCES]:
        with suppress(OverLimit, Unreadable):
            found = sweep(work, finer, how, sheets=False, seconds=_LOOK_THROUGH_SECONDS)
            chosen = _candidates(work, found, duration_seconds)
            if chosen and not chosen[0].look.is_blank:
                return chosen
    return []


def _make(work: Work, candidate: Candidate, size: Size, *, seek: bool = True) -> Look | None:
    """Write the picture; how it looks. None when nothing came: the file cannot be decoded there."""
    at, facts = candidate.at_seconds, work.known()
    options: dict[str, Any] = {}
    if seek and candidate.reading.only_keyframes:
        # A little behind it, as its time may be wrong by some frames; the keyframe before that place is shown.
        behind = min(candidate.reading.unsure_seconds, _BEHIND_SECONDS) + _ROUNDING_SECONDS
        options = {"ss": f"{at + behind:.6f}", "noaccurate_seek": None, "skip_frame": "nokey"}
    elif seek and at:
        options = {"ss": f"{at:.6f}"}
    first = "" if seek or not at else f"trim=start={at:.6f},"
    steps = f"{'yadif,' if facts.interlaced else ''}{shrunk(facts, size)}"
    read = source(work.allowance, **options)["V:0"]
    picture = read.output(NAME, vf=first + steps, **{"frames:v": 1, "update": 1, "q:v": _QUALITY, "f": "image2"})
    grey = work.workspace / "thumbnail.raw"
    look = read.output(grey.name, vf=first + GREY, f="rawvideo", **{"frames:v": 1})
    with removed(grey):
        with suppress(Unreadable):
            work.ffmpeg(arguments(ffmpeg.merge_outputs(picture, look)), limits(work))
        seen = looks(grey.read_bytes()) if grey.exists() else []
    return seen[0] if seen else None
