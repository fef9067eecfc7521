"""Makes an export: one file for each camera or one picture of all, and what was found on the way."""

from __future__ import annotations

from collections.abc import Sequence

from backend.errors import Incomplete, NothingRecorded
from backend.exports import grid
from backend.exports.camera import Seen, Undecodable, findings, make_file
from backend.exports.findings import CameraFindings, Made, MadeFile, Used, leaving_gaps
from backend.exports.sources import look_into
from backend.exports.takes import microseconds
from backend.exports.wish import Recording, Wish
from backend.exports.work import Allowance, ExportWork

__all__ = ["Allowance", "CameraFindings", "ExportWork", "Made", "MadeFile", "Used", "make"]

_LOOKING = 0.05


def make(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
    """Make what is wished of `recordings`, which may come in any order.

    Raises Incomplete when a part cannot be had and `wish.incomplete` is "fail", NothingRecorded when there is no
    footage at all, MediaError (with its kin: MediaStopped, OverLimit, ToolsMissing) otherwise.
    """
    work.tell(0.0, "looking into the recordings")
    seen = _look(wish, recordings, work.part(0, _LOOKING))
    while True:
        _check(wish, seen)
        try:
            return _make(wish, seen, work.part(_LOOKING, 1))
        except Undecodable as error:
            # Found out only by trying: told, and made again without it.
            seen = [one.without(error.source, error.words) if error.source in one.sources else one for one in seen]
            _empty(work)


def _look(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> list[Seen]:
    done = 0

    def looked() -> None:
        nonlocal done
        done += 1
        work.tell(done / len(recordings), "looking into the recordings")

    found = []
    for camera_id in wish.camera_ids:
        own = [one for one in recordings if one.camera_id == camera_id and one.bounds.within(wish.bounds)]
        sources, problems = look_into(own, wish.bounds, work, looked)
        found.append(Seen(camera_id, tuple(sources), tuple(problems)))
    return found


def _check(wish: Wish, seen: Sequence[Seen]) -> None:
    """Raises Incomplete or NothingRecorded."""
    lacking = [problem for one in seen for problem in leaving_gaps(one.problems, one.wanted(wish.bounds).gaps)]
    if lacking and wish.incomplete == "fail":
        parts = "1 part" if len(lacking) == 1 else f"{len(lacking)} parts"
        first = lacking[0]
        words = f"{parts} of what was recorded cannot be had. {first.filename}: {first.words}"
        raise Incomplete(words, [problem.as_json() for problem in lacking])
    if not any(one.wanted(wish.bounds).takes for one in seen):
        if lacking:
            raise Incomplete("Nothing of what was recorded can be had.", [one.as_json() for one in lacking])
        if any(source.footage_in(wish.bounds) for one in seen for source in one.sources):
            raise NothingRecorded("This time is too short to hold a picture: none begins in it. Ask for a longer one.")
        raise NothingRecorded("No camera of these recorded anything in this time.")


def _make(wish: Wish, seen: Sequence[Seen], work: ExportWork) -> Made:
    if wish.layout == "grid":
        return grid.make_grid(seen, wish, work)
    lengths = [
        sum(microseconds(take.bounds.end - take.bounds.start) for take in one.wanted(wish.bounds).takes) for one in seen
    ]
    total, done = max(1, sum(lengths)), 0
    files, told = [], []
    for one, length in zip(seen, lengths, strict=True):
        if not length:
            lacks = one.wanted(wish.bounds).gaps
            told.append(findings(one, [], lacks, wish.bounds, ""))
            continue
        part = work.part(done / total, (done + length) / total)
        done += length
        name = f"{one.camera_id}.{wish.format}"
        made = make_file(one, wish, name, part)
        files.append(MadeFile(made.path, name, one.camera_id, made.sha256))
        told.append(made.findings)
    work.tell(1.0, "done")
    return Made(tuple(files), tuple(told))


def _empty(work: ExportWork) -> None:
    for path in work.workspace.iterdir():
        if path.is_file():
            path.unlink()
