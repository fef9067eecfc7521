"""One job from its claim to its outcome: the file at hand, the maker, the result in its place, failures judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.media import LONG
from backend.catalog.media_claims import JobClaim
from backend.confine import Confinement
from backend.disk.atomic import free_bytes
from backend.disk.layout import Layout
from backend.disk.made import scratch
from backend.disk.sizes import in_units
from backend.errors import (
    HoldfastError,
    LocalDamage,
    MediaError,
    MediaStopped,
    NotFound,
    OverLimit,
    StorageError,
    TargetError,
    ToolsMissing,
    Unreadable,
)
from backend.log import UploadLog
from backend.media import room
from backend.media.facts import Facts
from backend.media.kinds import KINDS
from backend.media.publish import publish
from backend.media.work import Allowance, Maker, Work
from backend.outbox.backoff import delay_seconds
from backend.outbox.restore import Restorer

# One that needed too much may have met a busy machine; one that met a fault of ours may be luckier later.
_MOST_ATTEMPTS = {OverLimit.code: 2, MediaError.code: 3, "error": 8}
_WAIT_FOR_ROOM_SECONDS = 60.0
_WAIT_FOR_BYTES_SECONDS = 3600.0
_SHORT_NEEDS_BYTES = 16 * 1024**2


@dataclass
class Running:
    """A job that is under way in this worker."""

    claim: JobClaim
    progress: float = 0.0
    started: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """It is to end soon: the worker stops, or the job is not ours any more."""
        self._stop.set()

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def tell(self, progress: float) -> None:
        self.progress = min(1.0, max(self.progress, progress))


@dataclass(frozen=True)
class Made:
    result: dict[str, Any]


@dataclass(frozen=True)
class NotMade:
    """`again_seconds`: when it is tried again by itself; None: never."""

    code: str
    words: str
    again_seconds: float | None


@dataclass(frozen=True)
class GivenUp:
    """We stopped it; nobody is to blame."""


Outcome = Made | NotMade | GivenUp


class Afterwards(Protocol):
    """What else belongs to a job, once its files are in their place. Until it is over the job is not done; it may raise
    and be called again."""

    def __call__(
        self, video_id: str, made: Path, result: dict[str, Any], should_stop: Callable[[], bool]
    ) -> object: ...


@dataclass(frozen=True)
class Workshop:
    layout: Layout
    database: Database
    restorer: Restorer
    tools: Confinement
    allowance: Allowance
    log: UploadLog
    reserve_bytes: int
    makers: Mapping[str, Maker] = field(default_factory=lambda: {name: kind.make for name, kind in KINDS.items()})
    afterwards: Mapping[str, Afterwards] = field(default_factory=dict)

    def make(self, running: Running) -> Outcome:
        """Never raises: whatever went wrong is an outcome."""
        try:
            return self._make(running)
        except MediaStopped:
            return GivenUp()
        except ToolsMissing as error:
            if not self.tools.missing():  # ffmpeg is here, built without a part: only a person can change that
                return _again(running.claim, error)
            # Not the file's fault, and no attempt: the runner asks for the tools before it claims anything more.
            return NotMade(error.code, error.message, 0.0)
        except Unreadable as error:
            return self._unreadable(running.claim, error)
        except HoldfastError as error:
            return _again(running.claim, error)
        except Exception as error:
            claim = running.claim
            self.log.broke("media_broke", error, upload=claim.video_id, kind=claim.kind, name=claim.original_filename)
            return _again(
                claim, HoldfastError(f"Something unexpected went wrong ({type(error).__name__}); see the log.")
            )

    def _make(self, running: Running) -> Outcome:
        claim = running.claim
        if no_room := self._no_room(claim):
            return NotMade("disk-full", no_room, _WAIT_FOR_ROOM_SECONDS)
        try:
            source = self._source(claim)
        except (NotFound, LocalDamage, TargetError) as error:
            return NotMade(error.code, error.message, _WAIT_FOR_BYTES_SECONDS)
        with scratch(self.layout, claim.token) as folder:
            result = self.makers[claim.kind](self._work(running, source, folder))
            if running.should_stop():
                return GivenUp()
            publish(self.layout, claim, folder, result)
        room.note(self.layout, self.database, claim.video_id, claim.relative_path)
        if then := self.afterwards.get(claim.kind):
            made = KINDS[claim.kind].folder(self.layout, claim.relative_path)
            then(claim.video_id, made, result, running.should_stop)
        return Made(result)

    def _no_room(self, claim: JobClaim) -> str:
        """Why there is not enough space, in words; "" when there is."""
        needs = claim.size_bytes if claim.lane == LONG else _SHORT_NEEDS_BYTES
        free = free_bytes(self.layout.incoming)
        if free >= self.reserve_bytes + needs:
            return ""
        return (
            f"The disk is nearly full: this may need {in_units(needs)} beside the {in_units(self.reserve_bytes)} that"
            f" MIN_FREE_BYTES keeps free, and {in_units(free)} are free. It goes on when there is room."
        )

    def _source(self, claim: JobClaim) -> Path:
        with self.database.read() as session:
            video = videos.get(session, claim.video_id)
        return self.restorer.local_path(video)

    def _work(self, running: Running, source: Path, folder: Path) -> Work:
        claim = running.claim
        return Work(
            source=source,
            workspace=folder,
            tools=self.tools,
            allowance=self.allowance,
            parameters=claim.parameters,
            facts=None if claim.facts is None else Facts.from_json(claim.facts),
            tell=running.tell,
            should_stop=running.should_stop,
        )

    def _unreadable(self, claim: JobClaim, error: Unreadable) -> Outcome:
        """Before the file is blamed: are these still the bytes that were saved? If not, they are fetched back."""
        try:
            was_good = self.restorer.restore(claim.video_id, read=True)
        except (StorageError, NotFound, TargetError) as trouble:
            return NotMade(trouble.code, trouble.message, _WAIT_FOR_BYTES_SECONDS)
        return NotMade(error.code, error.message, None if was_good else 0.0)


def _again(claim: JobClaim, error: HoldfastError) -> NotMade:
    most = _MOST_ATTEMPTS.get(error.code, _MOST_ATTEMPTS["error"])
    if claim.attempt >= most:
        return NotMade(error.code, f"{error.message} Tried {claim.attempt} times.", None)
    return NotMade(error.code, error.message, delay_seconds(claim.attempt))
