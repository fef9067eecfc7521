"""Kind `fingerprint`: perceptual hashes of a video's frames, by which others that look alike are found.

Two frames for each second of a video of up to ten minutes, so that those of a clip cut out of it lie near enough to
its own; one for each second of up to four hours; of a longer one as many, further apart. All frames are decoded of up
to an hour of 1080p30 or as much; of more, keyframes only, where their times can be trusted: a sparser fingerprint, by
which still scenes are found and quick ones may not be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.catalog.fingerprints import VERSION
from backend.confine import Limits
from backend.errors import OverLimit, Unreadable
from backend.media.encoding import arguments, source
from backend.media.facts import Facts
from backend.media.skipping import EVERYTHING, Reading, keyframes
from backend.media.storyboard import pixels
from backend.media.sweep import removed
from backend.media.work import Work

NAME = "fingerprint.bin"
# Fewer frames than these are found by chance.
LEAST_FRAMES = 3
SIDE = 64
FRAME_BYTES = SIDE * SIDE

_FINE_SECONDS, _FINE_UP_TO_SECONDS = 0.5, 600.0
_USUAL_SECONDS, _MOST_FRAMES = 1.0, 4 * 3600
# Of a file that tells no length.
_UNKNOWN_SECONDS = 4 * 3600.0
# An hour of 1080p30. Twice what one core decodes in a quarter of an hour, on a slow machine.
_MOST_PIXELS = 1920 * 1080 * 30 * 3600.0
_LONGEST_SECONDS = 30 * 60.0
_AT_ONCE = 1024
_GREY = "fingerprint.raw"


def fingerprint(work: Work) -> dict[str, Any]:
    """Leave `fingerprint.bin`: all hashes, 32 bytes each, and then all qualities, one byte each.

    Where nothing can be compared, no file is left, and `reason` says why. Raises a MediaError.
    """
    facts = work.known()
    if not facts.has_video:
        return _none("It has sound only, and only pictures are compared.")
    interval = interval_seconds(facts.duration_seconds)
    grey = work.workspace / _GREY
    with removed(grey):
        how = _decode(work, facts, interval, grey)
        count = grey.stat().st_size // FRAME_BYTES if grey.exists() else 0
        if count < LEAST_FRAMES:
            return _none("It is too short to be compared.")
        return _hashed(work, grey, count, interval) | {"keyframes": how.only_keyframes}


def interval_seconds(duration_seconds: float | None) -> float:
    """How far apart the frames stand."""
    seconds = duration_seconds or _UNKNOWN_SECONDS
    if seconds <= _FINE_UP_TO_SECONDS:
        return _FINE_SECONDS
    return max(_USUAL_SECONDS, round(seconds / _MOST_FRAMES, 3))


def _decode(work: Work, facts: Facts, interval: float, grey: Path) -> Reading:
    """Leave frames of 64 x 64 grey points in `grey`; how they were read."""
    seconds = facts.duration_seconds or _UNKNOWN_SECONDS
    quick = keyframes(facts, interval)
    if quick is not None and pixels(facts, seconds) > _MOST_PIXELS:
        return _run(work, quick, interval, grey)
    try:
        return _run(work, EVERYTHING, interval, grey)
    except OverLimit:
        if quick is None:
            raise
        return _run(work, quick, interval, grey)


def _run(work: Work, how: Reading, interval: float, grey: Path) -> Reading:
    # Chosen first and scaled then: scaling every frame would take as long as decoding. Rounded down, each is the last
    # of its interval, so that of two intervals the finer one has every frame of the other. Frames of another size
    # than the first are scaled too; anew begun filters would count from 0.
    graph = (
        f"fps=fps=1000/{round(interval * 1000)}:start_time=0:round=down,trim=end_frame={_MOST_FRAMES},"
        f"scale={SIDE}:{SIDE}:flags=area,format=gray"
    )
    read = source(work.allowance, **how.options, reinit_filter=0)["V:0"]
    asked = read.output(grey.name, vf=graph, f="rawvideo", **{"frames:v": _MOST_FRAMES})
    cpu = _LONGEST_SECONDS * (work.allowance.threads + 1)
    bounds = Limits(_LONGEST_SECONDS, cpu, work.allowance.memory_bytes, 2 * _MOST_FRAMES * FRAME_BYTES)
    try:
        work.ffmpeg(arguments(asked), bounds, seconds=work.known().duration_seconds, share=(0, 0.9))
    except Unreadable:
        # What decodes of a damaged file counts.
        if not grey.exists() or grey.stat().st_size < LEAST_FRAMES * FRAME_BYTES:
            raise
    return how


def _hashed(work: Work, grey: Path, count: int, interval: float) -> dict[str, Any]:
    # Here and not above: whatever knows the kinds of jobs, as the command line does, need not wait for numpy.
    import numpy as np

    from backend.media import frame_hash

    frames = np.memmap(grey, np.uint8, "r", shape=(count, SIDE, SIDE))
    chunks = [frames[start : start + _AT_ONCE] for start in range(0, count, _AT_ONCE)]
    extremes = frame_hash.Extremes.none()
    for chunk in chunks:
        extremes.see(chunk)
    bars = extremes.bars()
    found = [frame_hash.hashes(chunk, bars) for chunk in chunks]
    hashes = b"".join(each.tobytes() for each, _ in found)
    qualities = b"".join(each.tobytes() for _, each in found)
    (work.workspace / NAME).write_bytes(hashes + qualities)
    return {"file": NAME, "frames": count, "interval_seconds": interval, "version": VERSION, "reason": None}


def _none(reason: str) -> dict[str, Any]:
    return {"frames": 0, "version": VERSION, "reason": reason}
