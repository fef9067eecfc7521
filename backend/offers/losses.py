"""Whether the pictures of a recording that was encoded again are all there. What cannot be decoded leaves a hole, which
would look as if nothing had been recorded then."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median

from backend.errors import Unreadable
from backend.offers.index import Index

# Too long for what codecs leave out, at least where pictures follow each other faster.
_LONG_SECONDS, _LONGER = 1, 1.5
# Codecs have packets that show nothing: a picture that others lean on, the second field, "as before" in a few bytes.
# None of that comes in a row with as many bytes as a picture has.
_IN_A_ROW = 3
_SHOWS_NOTHING_BYTES = 16


def pictures(packets: bytes, *, is_mp4: bool) -> array[int]:
    """When each packet that should become a picture is shown, in its stream's time base, from what ffprobe prints of
    them. What an edit list hides need not, nor, in a stream that was cut anywhere, what is before its first keyframe.
    An MP4 begins with one: where ffprobe sees none there, it is damaged."""
    found, begins = array("q"), None
    for line in packets.splitlines():
        fields = line.split(b",")
        at = _time(fields)
        if at is None or b"D" in fields[5] or int(fields[3]) <= _SHOWS_NOTHING_BYTES:
            continue
        if begins is None and (is_mp4 or b"K" in fields[5]):
            begins = at
        if begins is not None and at >= begins:
            found.append(at)
    return found


def refuse_losses(wanted: Sequence[int], time_base: Fraction, made: Index, shift: Fraction) -> None:
    """Raises Unreadable when several of `wanted` in a row, in units of `time_base`, or most of them, or those of a
    while are not in what was made of them, whose clock was put on by `shift` seconds."""
    begins = (made.first - shift) / time_base
    kept = sorted(round(begins + one * made.time_base / time_base) for one in made.shown)
    lost = _lost(wanted, kept, _LONG_SECONDS / time_base)
    if lost:
        seconds = float((min(lost) - min(wanted)) * time_base)
        raise Unreadable(
            f"{len(lost)} of its {len(wanted)} pictures cannot be decoded, the first of them {seconds:.1f} seconds"
            " after its beginning: the file is damaged there, and the VMS would have a hole. The file stays as it is."
            " If the recorder still has the recording, send it again; else keep this one on another target."
        )


def _lost(wanted: Sequence[int], kept: Sequence[int], long: Fraction) -> list[int]:
    """Those that stand behind one that was kept, or before all of them: in a row, for long, or all if they are many."""
    behind: dict[int, list[int]] = {}
    for at in sorted(wanted):
        behind.setdefault(bisect_right(kept, at), []).append(at)
    # The first of each is the one that was kept itself.
    rows = {place: row[1:] if place else row for place, row in behind.items()}
    every = [at for row in rows.values() for at in row]
    if 2 * len(every) > len(wanted) + _IN_A_ROW:
        return every
    usual: float = median([later - one for one, later in pairwise(kept)] or [0])
    hole = max(float(long), _LONGER * usual)
    return [at for place, row in rows.items() if len(row) >= _IN_A_ROW or _spans(kept, place, row, hole) for at in row]


def _spans(kept: Sequence[int], place: int, row: Sequence[int], hole: float) -> bool:
    """Whether what was lost there left a longer hole than that."""
    if not row:
        return False
    begins = kept[place - 1] if place else row[0]
    ends = kept[place] if place < len(kept) else row[-1]
    # A hidden picture stands close to one that is shown, also where the camera made a pause.
    close = hole / 4
    return ends - begins > hole and any(begins + close < at < ends - close for at in row)


def _time(fields: Sequence[bytes]) -> int | None:
    """Of a packet: when it is shown, or, where nothing is said of that (AVI), decoded. None for another line."""
    if len(fields) < 6 or not fields[3].isdigit():
        return None
    for told in fields[:2]:
        if told.lstrip(b"-").isdigit():
            return int(told)
    return None
