"""Whose time is taken: no two recordings of one camera overlap. Called under the book's lock.

But for what clocks leave open: the time in a file is of whole seconds, and a recorder's clips last a frame or two more
than their minute. Two that follow each other may share up to a second; what is served of the first ends where the
second begins (`edge.timeline`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.disk.atomic import discard, fsync_folder, make_folder, told_as_gone, write_new
from backend.errors import Unsupported
from backend.offers.entries import Claim, Overlap, State
from backend.offers.pages import Pages

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_DAYS = 31
MOST_SHARED = timedelta(seconds=1)
# As much of a short recording as may be missing of it in the VMS.
_SHARE = 4
_MARK = re.compile(r"(-?[0-9]+)_(-?[0-9]+)_(.+)")


@dataclass(frozen=True)
class Claims:
    pages: Pages

    def take(self, claim: Claim) -> None:
        """Raises Overlap. The marks are written first: what a crash leaves of them alone counts for nothing."""
        if claim.end_at - claim.start_at > timedelta(days=_MOST_DAYS):
            raise Unsupported(
                f"{claim.filename} lasts from {_told(claim.start_at)} to {_told(claim.end_at)}: more than"
                f" {_MOST_DAYS} days are not taken for one recording. Send it in pieces."
            )
        self._refuse_overlap(claim)
        self.put(claim)

    def put(self, claim: Claim) -> None:
        """As `take`, whatever else has that time."""
        before = self.pages.claim(claim.video_id)
        for folder in self._folders(claim):
            make_folder(folder)
            with suppress(FileExistsError):
                write_new(folder / _mark(claim), b"", self.pages.layout.incoming)
            fsync_folder(folder)
        self.pages.write_claim(claim)
        if before is not None and not _same_time(before, claim):
            self._remove_marks(before)

    def let_go(self, claim: Claim) -> None:
        self.pages.remove_claim(claim.video_id)
        self._remove_marks(claim)

    def touching(self, claim: Claim) -> Iterator[Claim]:
        """Those of other videos that share any of its time."""
        for folder in self._folders(claim):
            for start, end, video_id, mark in _marks(folder):
                if video_id == claim.video_id or start >= _number(claim.end_at) or end <= _number(claim.start_at):
                    continue
                other = self.pages.claim(video_id)
                if other is None or _mark(other) != mark.name or other.camera_token != claim.camera_token:
                    discard(mark)  # nobody claims it: left by a crash
                    continue
                yield other

    def _refuse_overlap(self, claim: Claim) -> None:
        for other in self.touching(claim):
            if not is_same_recording(claim, other) and not _follow(claim, other):
                raise _overlap(claim, other)

    def _remove_marks(self, claim: Claim) -> None:
        for folder in self._folders(claim):
            discard(folder / _mark(claim))
            with suppress(OSError):
                folder.rmdir()

    def _folders(self, claim: Claim) -> list[Path]:
        """Of every UTC day it touches."""
        first = claim.start_at.astimezone(UTC).date()
        last = (claim.end_at.astimezone(UTC) - _MICROSECOND).date()
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [self.pages.claims_of(claim.camera_token) / day.isoformat() for day in days]


def _marks(folder: Path) -> Iterator[tuple[int, int, str, Path]]:
    with suppress(FileNotFoundError), told_as_gone("listing claims"):
        for path in folder.iterdir():
            if found := _MARK.fullmatch(path.name):
                yield int(found[1]), int(found[2]), found[3], path


def _mark(claim: Claim) -> str:
    return f"{_number(claim.start_at)}_{_number(claim.end_at)}_{claim.video_id}"


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _same_time(one: Claim, other: Claim) -> bool:
    return (one.camera_token, one.start_at, one.end_at) == (other.camera_token, other.start_at, other.end_at)


def is_same_recording(one: Claim, other: Claim) -> bool:
    """The same bytes at the same time of the same camera: whichever of both the VMS fetched, it has the other too."""
    return bool(one.sha256) and one.sha256 == other.sha256 and _same_time(one, other)


def _follow(one: Claim, other: Claim) -> bool:
    """One ends at the other's beginning, as well as clocks can tell."""
    first, second = sorted((one, other), key=lambda claim: claim.start_at)
    shortest = min(claim.end_at - claim.start_at for claim in (one, other))
    in_turn = first.start_at < second.start_at and first.end_at < second.end_at
    return in_turn and first.end_at - second.start_at <= min(MOST_SHARED, shortest / _SHARE)


def _overlap(claim: Claim, other: Claim) -> Overlap:
    return Overlap(
        f"{claim.filename} lasts from {_told(claim.start_at)} to {_told(claim.end_at)}, but {other.filename} has"
        f" {_told(other.start_at)} to {_told(other.end_at)} of the same camera already. A VMS keeps one recording for"
        f" each instant of a camera. If {claim.filename} has the wrong capture time or camera, send it again with the"
        f" right ones. {_remedy(other)}",
        detail={"video_id": other.video_id},
    )


def _remedy(other: Claim) -> str:
    if other.state is State.OFFERED:
        return f"If {other.filename} has, delete it and empty the trash: its time is free a minute later."
    return (
        f"The VMS was asked for {other.filename} and may have its pictures, which cannot be taken out of it from here:"
        " deleting it here does not free its time. Another target can take what the VMS cannot."
    )


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(" ", "milliseconds").replace("+00:00", " UTC")
