"""The storyboard: sheets of small pictures, each of its own time, made from keyframes wherever that is right."""

from __future__ import annotations

from backend.errors import OverLimit, Unreadable
from backend.media.encoding import arguments, source
from backend.media.facts import Facts
from backend.media.skipping import EVERYTHING, REFERENCES, keyframes
from backend.media.sweep import GREY, Sweep, limits, remove_sheets, removed, sweep
from backend.media.tiling import coarser, first_wrong, plan_for
from backend.media.work import Work

# Pixels that are decoded without a thought: 40 s of 1080p at 30 frames, five to ten seconds on two slow cores.
CHEAP_PIXELS = 2_500_000_000
_USUAL_FPS = 30.0


def storyboard(work: Work, duration_seconds: float, *, cheap_pixels: float = CHEAP_PIXELS) -> tuple[Sweep, bool]:
    """Make the sheets. What was seen, and whether the sheets are there: they are not when right ones cost too much.

    Up to `cheap_pixels` every frame is decoded without trying the keyframes first.
    Raises Unreadable when nothing decodes.
    """
    facts = work.known()
    plan = plan_for(facts, duration_seconds)
    how = keyframes(facts, plan.interval_seconds)
    if how is None or pixels(facts, duration_seconds) <= cheap_pixels:
        return sweep(work, plan, EVERYTHING), True
    found = sweep(work, plan, how)
    if _right(work, found):
        return found, True
    if fewer := coarser(plan, found.times, duration_seconds, how.unsure_seconds):
        again = sweep(work, fewer, how)
        if _right(work, again):
            return again, True
    try:
        return sweep(work, plan, REFERENCES), True
    except OverLimit:
        if not found.seen:
            raise
        remove_sheets(work)
        return found, False


def pixels(facts: Facts, duration_seconds: float) -> float:
    """What decoding all of it comes to."""
    return (facts.coded_width or 1) * (facts.coded_height or 1) * (facts.fps or _USUAL_FPS) * duration_seconds


def _right(work: Work, found: Sweep) -> bool:
    """Whether each tile shows its own time: nearer to it than the next tile is."""
    times, plan = found.times, found.plan
    wrong = first_wrong(plan, times, found.reading.unsure_seconds)
    if wrong is None:
        return True
    if not times or plan.middle(wrong) < times[-1]:
        return False
    # All behind the last keyframe: right after all when the picture itself ends there, as in a file that was cut off.
    return not _goes_on(work, plan.middle(wrong))


def _goes_on(work: Work, at_seconds: float) -> bool:
    """Whether there is a frame at or after an instant."""
    grey = work.workspace / "after.raw"
    with removed(grey):
        asked = source(work.allowance, ss=f"{at_seconds:.3f}")["V:0"].output(
            grey.name, vf=GREY, f="rawvideo", **{"frames:v": 1}
        )
        try:
            work.ffmpeg(arguments(asked), limits(work))
        except Unreadable:
            return False
        return grey.exists() and grey.stat().st_size > 0
