"""The port of every target: what a place that keeps copies must be able to do, and what it may.

A target moves bytes and nothing else: it never retries, never sleeps on a failure, and knows neither the
catalog nor HTTP. The outbox calls it, again if need be; that is why `put` is idempotent. A failure is
raised as one of `errors.TransientFailure`, `PermanentFailure`, `Unsupported` or `TargetParked`, judged
here because only the target's own file understands the remote's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from backend.errors import TargetError, TargetParked

if TYPE_CHECKING:
    from backend.offers.offering import Offering


@dataclass(frozen=True)
class Source:
    """A whole, published local file, and what the intake knows of it.

    `sha256` is 64 lowercase hex digits taken while the bytes arrived; `size_bytes` is exact. `title` and `tags` are
    what people say of it at this moment, for targets whose readers want to know. `start_at` and `end_at`, aware, are
    the bounds of a camera's recording as who sent it told them; a camera has `camera_id`, else "".
    """

    path: Path
    size_bytes: int
    sha256: str
    mime_type: str
    original_filename: str
    video_id: str
    title: str = ""
    tags: tuple[str, ...] = ()
    project_id: str = ""
    uploaded_by: str = ""
    camera_id: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None


@dataclass(frozen=True)
class Expected:
    """What a copy must hold to be called verified."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class RemoteCopy:
    """Where a copy lies, and what the remote must answer for it.

    `key` is the remote name. `proof` holds figures we computed from the bytes we sent (an ETag to expect,
    a part size) and the remote's own name for the copy, never figures the remote told us; it is kept in the
    catalog and the sidecar, and empty when it was lost: then `verify` reads the copy back. `link` is the page
    where people who may see the copy open it, if the remote has one; it is shown and lets nobody in by itself.
    """

    key: str
    proof: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""


class Verdict(StrEnum):
    """`ENDED`: the remote let the copy go when its time there was over, as it is set up to."""

    MATCHES = "matches"
    MISSING = "missing"
    DIFFERS = "differs"
    ENDED = "ended"


@dataclass(frozen=True)
class Proof:
    """The result of a verification: the verdict, the remote's own figures, and how they were had.

    `read_bytes`: how much of the copy had to be read back for it, which counts against the bandwidth limit.
    `ended_at`: until when an ended copy was to be kept there.
    """

    verdict: Verdict
    how: str
    size_bytes: int | None = None
    checksum: str | None = None
    reason: str = ""
    read_bytes: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True)
class CheckReport:
    """What `check` found, in words an operator can act on. `ok`: a probe was written, read and removed.

    `retry_after_seconds`: how long the remote wants to be left alone before it is asked again. `needs_person`: it
    will not pass by itself.
    """

    ok: bool
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    retry_after_seconds: float | None = None
    needs_person: bool = False

    @classmethod
    def failed(cls, error: TargetError, message: str = "", **details: Any) -> CheckReport:
        """What stood against it; `message` where it says more than the error."""
        parked = isinstance(error, TargetParked)
        told = {**details, **error.detail}
        return cls(False, message or error.message, told, error.retry_after_seconds, needs_person=parked)


class Transfer(Protocol):
    """What the outbox hands to a running `put`, which calls it from its own thread alone."""

    @property
    def is_first(self) -> bool:
        """Whether no attempt at this copy was ever begun, by any worker: there is nothing to look for yet.

        After a loss of the catalog it may be true although an attempt was made; one that stored a state before its
        first byte has that state in `resume` all the same.
        """

    @property
    def resume(self) -> Mapping[str, Any]:
        """State that an earlier attempt stored; {} for the first."""

    def save_resume(self, state: Mapping[str, Any]) -> None:
        """Store JSON state for the next attempt; durable when this returns."""

    def advance(self, done_bytes: int) -> None:
        """Tell how many bytes of the file are at the remote by now (absolute, not a step).

        Call it at least once for each part or few MiB. The first call, and one that tells less than the call
        before it, says what was there already; only growth after it was moved and counts against the bandwidth
        limit. It holds the transfer to that limit by waiting, and raises `TransferCancelled` when it must stop.
        """


class Target(Protocol):
    """A configured place that gets copies. Instances are used by several threads at once."""

    name: str
    kind: str

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Make the remote hold exactly the bytes of `source` under `key`, and say what to expect there.

        Idempotent: looks first, and when the copy is there already and right it sends nothing. No call,
        however often repeated or wherever it was killed, leaves a second object. Bytes read are hashed;
        if they are not `source.sha256` it raises `PermanentFailure` before the remote object is completed,
        so that a damaged local file never replaces anything.
        """

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Compare the remote's own size and checksum with ours. Network trouble raises, it is no verdict."""

    def check(self) -> CheckReport:
        """Write, read back and delete a small probe. Never raises for what it can explain in `message`."""


@runtime_checkable
class Placed(Protocol):
    def place(self) -> Path | str:
        """Where its copies lie: a folder of this machine, or a text that is equal only for one and the same place.

        Two targets of one place would count one copy as two; the start refuses them. Asks no remote.
        """


class Notes(Protocol):
    """Short texts that a target keeps between its calls, the same for all workers: such as the id of a folder it made.

    Never a secret. They may be lost together with the catalog: what they name must be found again without them.
    """

    def get(self, name: str) -> str | None:
        """What is kept under `name`."""

    def put(self, name: str, value: str, instead_of: str | None = None) -> str:
        """Keep `value` if `instead_of` (None: nothing) is kept now; of several that do so at once one wins.

        Returns what is kept afterwards: `value`, or the winner's. Durable when this returns.
        """


@runtime_checkable
class NoteTaker(Protocol):
    def take_notes_in(self, notes: Notes) -> None:
        """Told once, before the first call. A target that is never told keeps its notes in memory."""


@runtime_checkable
class Deletable(Protocol):
    def delete(self, copy: RemoteCopy) -> None:
        """Remove the copy, and what an unfinished `put` left of it; a copy that is already gone is success."""


@runtime_checkable
class Readable(Protocol):
    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        """Yield the copy's bytes in pieces of at most 1 MiB."""


@runtime_checkable
class Linkable(Protocol):
    def link(self, copy: RemoteCopy, expires_seconds: int) -> str:
        """A URL that lets its holder download the copy for a while."""


@runtime_checkable
class Holding(Protocol):
    """A place where a copy would go by itself after a while, and can be kept from it."""

    def hold(self, copy: RemoteCopy, reason: str) -> RemoteCopy:
        """Keep the remote from letting the copy go; returns it with what its proof says from now on. Idempotent."""

    def let_go(self, copy: RemoteCopy) -> RemoteCopy:
        """End that; it is no error when nothing kept it."""


@runtime_checkable
class Perishable(Protocol):
    """A place that deletes by itself what has grown old there."""

    def doubt(self, copy: RemoteCopy) -> str:
        """Why a copy that is right now is not to be relied on alone: it goes soon, or nobody knows when.

        "" when it stays for a good while. Network trouble raises.
        """


@runtime_checkable
class Timed(Protocol):
    """A place whose copies end with time."""

    def take_time_from(self, now: Callable[[], datetime]) -> None:
        """Told once, before the first call. `now`: the instant, aware, that has certainly come; raises StorageError."""


@runtime_checkable
class Offerer(Protocol):
    """A place that fetches by itself what we offer: nothing can be sent to it."""

    def offer_through(self, offering: Offering) -> None:
        """Told once, before the first call."""
