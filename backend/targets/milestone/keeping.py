"""How long the VMS keeps what a camera records, and what that means for a recording: refused, ended, or to be doubted.

A camera records into a storage; what grows too old there goes to the storage's archives, one after the other, and is
deleted from the last one. Each tells its minutes from the recording on, and an archive may not keep it for less time
than what it takes over from: the longest of them is how long the VMS keeps it. A full disk (`maxSize`) ends it sooner:
that is no retention, and told as damage.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.errors import PastRetention, TransientFailure
from backend.targets.milestone.failures import VmsProblem, judge, speakable
from backend.targets.milestone.rest import Object, Rest, path_id, text_of
from backend.targets.milestone.spans import Span

# Longer makes no difference, and would leave the calendar.
_LONGEST = timedelta(days=100 * 365)
_DAY = timedelta(days=1)
_UNITS = ((_DAY, "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
# A recorder deletes by the hour, its clock is not ours, and the first frame that it still has follows a keyframe later.
_ROUGHLY = timedelta(hours=1)
# What made us doubt one recording of a camera is not read again for each of its others.
_DOUBTED_SECONDS = 300.0
# The VMS answered, and does not tell: no right to see it, or a release that knows no such thing.
_UNTOLD = (400, 403, 404, 405, 501)

# Of an archive, in the clients that were made from the VMS's own description of its interface; the note has it not.
_THINNED = "framerateReductionEnabled"

Locked = Callable[[], bool]


@dataclass(frozen=True)
class Retention:
    """`lasts` None: it could not be read, and `unread` says why. `camera`, `storage`: their names, "" if unknown.
    `thins`: the archive that keeps fewer pictures than were recorded, "" if none does."""

    lasts: timedelta | None
    camera: str = ""
    storage: str = ""
    unread: str = ""
    thins: str = ""

    @property
    def words(self) -> str:
        """A sentence for the check of the VMS."""
        if self.lasts is None:
            return f"How long it keeps recordings could not be read ({self.unread}): no file here is freed for it."
        thinned = f", with fewer pictures in “{self.thins}”: no file here is freed for it" if self.thins else ""
        return f"It keeps what the camera “{self.camera}” records for {_length(self.lasts)}{thinned}."


@dataclass(frozen=True)
class Passed:
    """`ended_at`: when retention passed over the recording; None: that is not known to be why it is missing."""

    ended_at: datetime | None
    words: str = ""


@dataclass
class Keeping:
    """Of any thread. Each call raises VmsProblem, and what `now` raises. `now`: what has certainly come; `wall`: what
    the clock says. `is_locked`: whether an evidence lock keeps a recording now; asked if need be."""

    rest: Rest
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    _doubted: dict[str, tuple[Retention, float]] = field(default_factory=dict)

    def retention(self, camera_id: str) -> Retention:
        """As the configuration has it now. Never guessed: one value that is not told makes all of it unknown."""
        camera: Object = {}
        try:
            camera = self.rest.get("cameras", camera_id)
            storage_id = path_id(camera.get("recordingStorage"), "storages")
            if not storage_id:
                return Retention(None, _name(camera), unread="the camera names no recording storage")
            storage = self.rest.get("storages", storage_id)
            stores = [storage, *self.rest.every("storages", storage_id, "archiveStorages")]
        except VmsProblem as problem:
            if problem.status not in _UNTOLD and problem.answer.reason != "garbled":
                raise
            told = judge(problem.answer).message.removeprefix("Milestone ").removesuffix(" It is tried again.")
            return Retention(None, _name(camera), unread=f"the VMS {told.removesuffix('.')}")
        lengths = [_lasts(one) for one in stores]
        known = [one for one in lengths if one is not None]
        if len(known) < len(lengths):
            return Retention(None, _name(camera), _name(storage), unread="retainMinutes is missing or no number")
        return Retention(max(known), _name(camera), _name(storage), thins=_thinning(stores))

    def demand_time(self, camera_id: str, span: Span, is_locked: Locked) -> None:
        """Raise PastRetention where the VMS would delete the recording at once or soon. An unknown time is no reason:
        the recording is fetched, and the file here not freed for it (see `doubt`)."""
        kept = self.retention(camera_id)
        if kept.lasts is None or self._stays(span, kept.lasts) or is_locked():
            return
        storage = f" (storage “{kept.storage}”)" if kept.storage else ""
        minutes = int(kept.lasts.total_seconds() // 60)
        raise PastRetention(
            f"Milestone keeps what the camera “{kept.camera or camera_id}” records for {_length(kept.lasts)}{storage}. "
            f"This recording began at {_instant(span.start_at)} and {self._would_go(span, kept.lasts)}, so the VMS is "
            "not asked to fetch it. Raise the retention of that storage or of its last archive in the Management "
            "Client and retry, or keep the file on another target. A hold here (an evidence lock there) keeps only "
            "what the VMS has.",
            detail={"retention_minutes": minutes, "has_ended": _later(span.start_at, kept.lasts) <= self.now()},
        )

    def doubt(self, camera_id: str, span: Span) -> str:
        """Why the VMS alone is not to be relied on for this recording, though it has it now; "" when it may be.

        An evidence lock is no reason to rely on it: whoever asks this has no hold to mind, so its lock goes soon.
        """
        known, until = self._doubted.get(camera_id, (None, 0.0))
        # Only for a no: who frees a file by a yes must have it from the VMS itself.
        if known is not None and time.monotonic() < until and (words := self._why_doubted(known, span)):
            return words
        kept = self.retention(camera_id)
        if words := self._why_doubted(kept, span):
            self._doubted[camera_id] = kept, time.monotonic() + _DOUBTED_SECONDS
        return words

    def _why_doubted(self, kept: Retention, span: Span) -> str:
        if kept.thins:
            return f"the VMS keeps fewer pictures than were recorded once it is in “{kept.thins}”"
        if kept.lasts is not None and self._stays(span, kept.lasts):
            return ""
        if kept.lasts is None:
            return f"how long the VMS keeps it could not be read ({kept.unread})"
        return f"the VMS keeps it for {_length(kept.lasts)} only: it {self._would_go(span, kept.lasts)}"

    def passed(self, camera_id: str, missing: list[Span], wanted: Span, is_locked: Locked) -> Passed:
        """Whether retention took what is missing: the whole recording, or its beginning, when it was too old.

        Raises TransientFailure where that hangs on whether the clock is right.
        """
        kept = self.retention(camera_id)
        if kept.lasts is None:
            return Passed(None, f" How long it keeps recordings could not be read ({kept.unread}).")
        went, may_have_gone = (_went(at, kept.lasts, missing, wanted) for at in (self.now(), self.wall()))
        if not (went or may_have_gone) or is_locked():
            return Passed(None)
        if not went:
            raise TransientFailure(
                "Whether the retention of Milestone took it cannot be said while this server's clock is doubted. If it "
                "is right, say so: `video_manager cleanup --trust-clock`.",
                detail={"reason": "local-clock"},
            )
        ended_at = _later(wanted.start_at, kept.lasts)
        words = f"Ended in the VMS: its retention of {_length(kept.lasts)} passed at {_instant(ended_at)}."
        return Passed(ended_at, words)

    def _stays(self, span: Span, lasts: timedelta) -> bool:
        """Well ahead of its end: by a tenth of the retention, or by a day where that is less."""
        return self.now() - span.start_at <= lasts - min(_DAY, lasts / 10)

    def _would_go(self, span: Span, lasts: timedelta) -> str:
        ends_at = _later(span.start_at, lasts)
        return f"{'would be' if ends_at > self.now() else 'was'} due to be deleted there at {_instant(ends_at)}"


def _went(at: datetime, lasts: timedelta, missing: list[Span], wanted: Span) -> bool:
    """Whether at that instant what is missing was too old to be there, all but a hundredth of the recording."""
    horizon = at - lasts
    too_young = _after(horizon + min(_ROUGHLY, lasts / 10), missing)
    return wanted.start_at <= horizon and too_young <= wanted.lasts / 100


def _after(at: datetime, spans: Iterable[Span]) -> timedelta:
    """How much of them is later; of a recording that is cut off there, the end of its last frame may be."""
    return sum((max(one.end_at - max(one.start_at, at), timedelta()) for one in spans), timedelta())


def _lasts(store: Object) -> timedelta | None:
    minutes = store.get("retainMinutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or minutes <= 0:
        return None
    return min(timedelta(minutes=min(minutes, 2**31)), _LONGEST)


def _thinning(stores: Iterable[Object]) -> str:
    """The first that reduces the frame rate of what comes into it, by name; "" for none."""
    kept_whole = (None, False, 0, "", "false", "False")
    return next((_name(one) or "an archive" for one in stores if one.get(_THINNED) not in kept_whole), "")


def _later(at: datetime, lasts: timedelta) -> datetime:
    try:
        return at + lasts
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _name(found: Object) -> str:
    return speakable(text_of(found, "name"))


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _length(lasts: timedelta) -> str:
    """“7 days”, “36 hours”, “90 minutes”: in the largest unit that it is a whole number of."""
    number, unit = next((lasts // one, unit) for one, unit in _UNITS if not lasts % one)
    return f"{number} {unit}{'' if number == 1 else 's'}"
