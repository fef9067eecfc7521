"""How the tests of resumable uploads send: whole pieces, and pieces after which the line is dead."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from backend.disk import partial
from backend.intake.pulse import Patient, Pulse
from backend.intake.receive import Caller
from backend.intake.resumable import Append, Checksum, Resumables, Standing, Wish
from tests.unit.intake.house import ANN, VIDEO, House

LENGTH = len(VIDEO)


class StillPulse(Pulse):
    """Nothing happens but what the request itself does: the calls of an upload are the same each time."""

    def watch(self, patient: Patient) -> None:
        pass


def wish(length: int | None = LENGTH, protocol: str = "tus", name: str = "a.mp4", **fields: str) -> Wish:
    return Wish(protocol, ANN, name, {name: [value] for name, value in fields.items()}, length)


def unasked() -> None:
    raise AssertionError("nobody asked for this upload")


def send(
    uploads: Resumables,
    at: Standing,
    content: bytes,
    *,
    is_last: bool = False,
    length: int | None = None,
    checksum: Checksum | None = None,
    caller: Caller = ANN,
) -> Standing:
    request = Append(at.offset, unasked, length, body_bytes=len(content), checksum=checksum)
    with uploads.append(at.id, caller, at.protocol, request) as append:
        if content:
            append.write(content)
        return append.finish(is_last=is_last)[0]


def cut(uploads: Resumables, at: Standing, content: bytes) -> Standing:
    """Send so much, and then the line is dead."""
    with suppress(ConnectionError), uploads.append(at.id, ANN, at.protocol, Append(at.offset, unasked)) as append:
        append.write(content)
        raise ConnectionError
    return uploads.look(at.id, ANN, at.protocol)


def part(uploads: Resumables, content: bytes) -> str:
    """A finished part."""
    at = uploads.create(Wish("tus", ANN, "", {}, len(content), is_part=True))
    at = send(uploads, at, content)
    assert (at.offset, at.is_whole, at.video_id) == (len(content), True, None)
    return at.id


def age(house: House, at: Standing, hours: float) -> None:
    """As if nothing had come for so long."""
    then = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
    os.utime(partial.journal_path(house.services.layout, at.id), (then, then))
