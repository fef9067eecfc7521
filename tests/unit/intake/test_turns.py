"""Several requests at one resumable upload: who waits, who gives way, and what is told meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from backend.errors import (
    OffsetMismatch,
    UploadBusy,
)
from backend.intake import appending, taking
from backend.intake.resumable import Append, Resumables, Standing
from tests.services.waiting import wait_until
from tests.unit.intake.house import ANN, VIDEO
from tests.unit.intake.resuming import send, unasked, wish


def test_a_tus_append_that_stands_still_gives_way_and_one_that_moves_does_not(
    uploads: Resumables, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = uploads.create(wish())
    interrupted = threading.Event()
    monkeypatch.setattr(appending, "_SILENT_SECONDS", 60.0)
    monkeypatch.setattr(taking, "_WAIT_SECONDS", 0.6)
    with uploads.append(begun.id, ANN, "tus", Append(0, interrupted.set)) as older:
        older.write(VIDEO[:100])
        with pytest.raises(UploadBusy):
            send(uploads, begun, VIDEO)
        assert not interrupted.is_set()
        monkeypatch.setattr(appending, "_SILENT_SECONDS", -1.0)
        newer = threading.Thread(target=_until_it_goes, args=(uploads, begun))
        newer.start()
        assert interrupted.wait(10)
    newer.join()
    assert uploads.look(begun.id, ANN, "tus").is_whole


def _until_it_goes(uploads: Resumables, begun: Standing) -> None:
    at = begun
    while not at.is_whole:
        with suppress(UploadBusy, OffsetMismatch):
            at = send(uploads, at, VIDEO[at.offset :])
        at = uploads.look(at.id, ANN, "tus")


@pytest.mark.parametrize("ask", ["look", "append", "terminate"])
def test_the_draft_s_newer_request_ends_the_older(uploads: Resumables, ask: str) -> None:
    begun = uploads.create(wish(protocol="rufh-8"))
    asking: dict[str, Callable[[], object]] = {
        "look": lambda: uploads.look(begun.id, ANN, "rufh-8", interrupting=True),
        "append": lambda: uploads.append(begun.id, ANN, "rufh-8", Append(100, unasked)).__enter__(),
        "terminate": lambda: uploads.terminate(begun.id, ANN, "rufh-8"),
    }
    interrupted, answered = threading.Event(), threading.Event()
    with uploads.append(begun.id, ANN, "rufh-8", Append(0, interrupted.set)) as older:
        older.write(VIDEO[:100])
        newer = threading.Thread(target=_after, args=(asking[ask], answered))
        newer.start()
        assert interrupted.wait(10)
        assert not answered.is_set()
    assert answered.wait(10)
    newer.join()


def _after(ask: Callable[[], object], answered: threading.Event) -> None:
    ask()
    answered.set()


def test_what_came_is_durable_within_moments_though_the_request_goes_on(uploads: Resumables) -> None:
    begun = uploads.create(wish())
    told: list[int] = []
    with uploads.append(begun.id, ANN, "tus", Append(0, unasked, told=told.append)) as append:
        append.write(VIDEO[:100])
        wait_until(lambda: uploads.look(begun.id, ANN, "tus").offset == 100, "the first bytes to be durable")
        append.write(VIDEO[100:300])
        wait_until(lambda: told == [100, 300], "both offsets to be told")


def test_who_asks_while_a_broken_request_still_ends_hears_what_it_kept(uploads: Resumables) -> None:
    begun, asking, told = uploads.create(wish()), threading.Event(), []

    def ask() -> None:
        asking.set()
        told.append(uploads.look(begun.id, ANN, "tus").offset)

    asker = threading.Thread(target=ask)
    with suppress(ConnectionError), uploads.append(begun.id, ANN, "tus", Append(0, unasked)) as append:
        append.write(VIDEO[:100])
        asker.start()
        assert asking.wait(10)
        raise ConnectionError
    asker.join()
    assert told == [100]
