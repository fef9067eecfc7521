"""What the tests of the Drive target's uploads work with: one put, many puts, and what passed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.errors import TargetError, TransientFailure
from backend.targets.base import RemoteCopy, Target, Verdict
from tests.contract.conftest import Video
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.drive.content import Blob
from tests.services.drive.faults import Fault
from tests.services.drive.model import Item
from tests.services.drive.replies import Reply
from tests.services.drive.wire import Call, Request

KEY = "project_a/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"
BLOCK = 256 * 1024


@dataclass
class Meanwhile(Fault):
    """Something happens just before this request is looked at."""

    action: Callable[[], object]

    def before(self, call: Call) -> Reply | None:
        self.action()
        return None


def small_chunks(place: DrivePlace, **changes: Any) -> Target:
    """A target that cuts even short files in chunks."""
    return place.target(chunk_mib=1, **changes)


def chunks(place: DrivePlace) -> list[Request]:
    """Requests that brought bytes of a session."""
    return [request for request in place.server.requests if request.kind == "session" and request.body_bytes]


def begun(place: DrivePlace) -> list[Request]:
    """Requests that began an upload, or brought a small file."""
    return [request for request in place.server.requests if request.kind == "start"]


def last_chunk(video: Video) -> int:
    """How many chunks of 1 MiB go before the last one."""
    return (video.source.size_bytes - 1) // MIB


def is_right(place: DrivePlace, video: Video, target: Target, copy: RemoteCopy) -> bool:
    """One file with these bytes, and the target says so."""
    return place.objects() == {KEY: video.content} and target.verify(video.expected, copy).verdict is Verdict.MATCHES


def puts_until_right(target: Target, video: Video, transfer: Told, key: str = KEY, most: int = 5) -> RemoteCopy:
    """Put and verify as the outbox does, until it is right; nothing but passing trouble may come between."""
    said: list[str] = []
    for _ in range(most):
        try:
            copy = target.put(video.source, key, transfer)
            proof = target.verify(video.expected, copy)
            if proof.verdict is Verdict.MATCHES:
                return copy
            said.append(proof.reason)
        except TransientFailure as failure:
            said.append(failure.message)
    raise AssertionError(f"not right after {most} puts: {said}")


def failure_of(target: Target, video: Video, transfer: Told) -> TargetError:
    """What a put that must fail raises."""
    try:
        target.put(video.source, KEY, transfer)
    except TargetError as failure:
        return failure
    raise AssertionError("the put went through")


def appears(place: DrivePlace, transfer: Told, content: bytes, *, then: str = "") -> Callable[[], None]:
    """A file of the id that the transfer stored is made by somebody; `then` it is "trashed" or "removed"."""

    def make() -> None:
        world = place.server.world
        with world.lock:
            blob: Blob = world.new_blob(content)
            file_id = str(transfer.resume["file_id"])
            now = world.now()
            world.add(Item(file_id, "x.mp4", "video/mp4", place.drive_id, None, place.drive_id, now, now, blob))
        if then == "trashed":
            place.server.trash(file_id)
        elif then == "removed":
            place.server.remove(file_id)

    return make
