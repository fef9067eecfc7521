"""What time it certainly is: a clock that was set back or ahead must delete nothing and end no hold.

The newest instant that nothing spoke against is kept in metadata/clock.json, noted each minute. A clock that stands
before it, before the newest video, or more than a day after it, is doubted. Then time stands still for everything
that time takes away. It goes on when the clock is right again; when a clock that is a month ahead at most, as after
a holiday, has run evenly for a day; or when a person says that it is right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.catalog import videos
from backend.catalog.database import Database
from backend.disk import atomic
from backend.disk.layout import Layout
from backend.errors import StorageError, from_os_error

# Clocks of several nodes differ by so much, and a clock that is corrected steps back by so much.
_SLACK = timedelta(minutes=1)
_PLAUSIBLE = timedelta(days=1)
_HOLIDAY = timedelta(days=31)
_EVEN = timedelta(hours=1)
# Between two notes nobody sees that the clock was set.
_UNSEEN = timedelta(minutes=5)
_MOST_DOUBTS = 50
_REMEDY = "If the clock is right, say so: `video_manager cleanup --trust-clock`."


@dataclass(frozen=True)
class Doubted:
    """A doubt that is over: time stood still at `still_at` until `over_at`.

    A clock that was set back went from `from_at` to `to_at` meanwhile; of one that was ahead both are `over_at`.
    """

    still_at: datetime
    over_at: datetime
    from_at: datetime
    to_at: datetime

    def latest(self, at: datetime) -> datetime:
        """The latest that a stamp can mean: one of that time was made by the wrong clock, or while time stood still."""
        by_wrong_clock = self.from_at - _UNSEEN <= at <= self.to_at + _UNSEEN
        return self.over_at if by_wrong_clock or self.still_at <= at <= self.over_at else at


@dataclass(frozen=True)
class Known:
    """What is kept. `ignored_at`: stamps of videos up to here were made by a wrong clock, as a person said."""

    trusted_at: datetime | None = None
    doubt_began_at: datetime | None = None
    doubt_seen_at: datetime | None = None
    ignored_at: datetime | None = None
    behind_from_at: datetime | None = None
    behind_to_at: datetime | None = None
    doubts: tuple[Doubted, ...] = ()


@dataclass(frozen=True)
class Time:
    """`now` is what the clock says, `certain_at` what has certainly come; `doubt` says why they differ, or is ""."""

    now: datetime
    certain_at: datetime
    doubt: str = ""
    doubts: tuple[Doubted, ...] = ()

    def since(self, at: datetime) -> datetime:
        """The latest that a stamp can mean, so that nothing is taken for older than it may be."""
        return max([at, *(doubt.latest(at) for doubt in self.doubts)])


def utc_now() -> datetime:
    return datetime.now(UTC)


def judge(now: datetime, known: Known, newest_at: datetime | None) -> Time:
    """Believe the clock, or say what speaks against it. `newest_at`: when the newest video was saved."""
    if newest_at is not None and known.ignored_at is not None and newest_at <= known.ignored_at:
        newest_at = None
    base_at = known.trusted_at or newest_at
    if base_at is None:
        return Time(now, now, doubts=known.doubts)
    latest_at = max(base_at, newest_at or base_at)
    if now < latest_at - _SLACK:
        seen = "a video was saved" if latest_at == newest_at else "this server ran"
        words = f"the clock looks wrong: it says {_told(now)}, and {seen} at {_told(latest_at)}. {_REMEDY}"
        return Time(now, known.trusted_at or min(now, base_at), words)
    if now > base_at + _PLAUSIBLE:
        words = (
            f"the clock may be wrong: it says {_told(now)}, and the last that is known is {_told(base_at)}. {_REMEDY}"
        )
        return Time(now, base_at, words)
    return Time(now, max(now, base_at), doubts=known.doubts)


def noted(now: datetime, known: Known, newest_at: datetime | None) -> Known:
    """What is known a moment later, when the clock says `now`."""
    time = judge(now, known, newest_at)
    if not time.doubt:
        return _believed(known, time.certain_at)
    if now < time.certain_at:
        from_at, to_at = known.behind_from_at or now, known.behind_to_at or now
        known = replace(known, behind_from_at=min(from_at, now), behind_to_at=max(to_at, now))
    seen_at, began_at = known.doubt_seen_at, known.doubt_began_at
    if began_at is None or seen_at is None or not seen_at <= now <= seen_at + _EVEN:
        return replace(known, doubt_began_at=now, doubt_seen_at=now)
    ahead = now > time.certain_at and (newest_at is None or newest_at <= now)
    if ahead and now - began_at >= _PLAUSIBLE and now - time.certain_at <= _HOLIDAY:
        return _believed(known, now)
    return replace(known, doubt_seen_at=now)


def _believed(known: Known, at: datetime) -> Known:
    doubts = known.doubts
    if known.doubt_began_at is not None:
        from_at, to_at = known.behind_from_at or at, known.behind_to_at or at
        doubts = (*doubts, Doubted(known.trusted_at or at, at, from_at, to_at))[-_MOST_DOUBTS:]
    return Known(trusted_at=at, ignored_at=known.ignored_at, doubts=doubts)


@dataclass(frozen=True)
class Clock:
    layout: Layout
    database: Database
    now: Callable[[], datetime] = utc_now

    def read(self) -> Time:
        # The newest video first: one that is saved just now must not look as if it came from the future.
        newest_at = self._newest_at()
        return judge(self.now(), self._known(), newest_at)

    def note(self) -> Time:
        """Read it, and keep what it said: each minute, so that a jump is seen."""
        newest_at, known = self._newest_at(), self._known()
        now = self.now()
        self._keep(noted(now, known, newest_at))
        return self.read()

    def trust(self) -> Time:
        """A person says that this clock is right, whatever speaks against it."""
        now, newest_at = self.now(), self._newest_at()
        wrong_at = newest_at if newest_at is not None and newest_at > now else None
        self._keep(replace(_believed(self._known(), now), ignored_at=wrong_at))
        return self.read()

    def _newest_at(self) -> datetime | None:
        with self.database.read() as session:
            return videos.newest_at(session)

    @property
    def _place(self) -> Path:
        return self.layout.metadata / "clock.json"

    def _known(self) -> Known:
        try:
            document = json.loads(self._place.read_bytes())
            doubts = tuple(Doubted(*map(_aware, one)) for one in document.pop("doubts", []))
            return Known(**{name: _aware(value) for name, value in document.items()}, doubts=doubts)
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            # Then the newest video is the last that is known.
            return Known()
        except OSError as error:
            raise from_os_error(error, "reading metadata/clock.json") from error

    def _keep(self, known: Known) -> None:
        told: dict[str, object] = {n: at.isoformat() for n, at in vars(known).items() if isinstance(at, datetime)}
        told["doubts"] = [[at.isoformat() for at in vars(one).values()] for one in known.doubts]
        atomic.replace(self._place, json.dumps(told).encode(), self.layout.incoming)


def certain_at(layout: Layout, database: Database) -> datetime:
    """For who needs to know which holds are over; an unreadable disk ends none."""
    try:
        return Clock(layout, database).read().certain_at
    except StorageError:
        return datetime.min.replace(tzinfo=UTC)


def _aware(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
