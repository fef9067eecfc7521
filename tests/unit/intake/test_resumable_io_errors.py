"""Every error of the disk at every call of a resumable upload: told, and then the upload goes on or is plainly gone."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import replace

import pytest

from backend.errors import HoldfastError, NotFound, OffsetMismatch, UploadGone
from backend.intake.resumable import Resumables, Standing
from tests.services.sampling import sample
from tests.unit.disk.border import Border, Call
from tests.unit.intake.house import ANN, VIDEO, House
from tests.unit.intake.resuming import LENGTH, StillPulse, cut, send, wish

_FAILS = {
    errno.ENOSPC: ("open", "pwrite", "write", "fsync", "fdatasync", "link", "rename", "mkdir"),
    errno.EIO: ("open", "pwrite", "write", "fsync", "fdatasync", "link", "rename", "mkdir", "unlink"),
}


def _still(house: House) -> Resumables:
    return replace(house.services.resumables, pulse=StillPulse())


def _upload(house: House) -> Standing:
    """What a client does that hears of errors: ask, and go on."""
    uploads = _still(house)
    at = uploads.create(wish())
    at = cut(uploads, at, VIDEO[:1000])
    at = send(uploads, at, VIDEO[at.offset : 5000])
    return send(uploads, at, VIDEO[5000:])


def _calls(template: House, folders: pytest.TempPathFactory, border: Border) -> list[Call]:
    house = template.copy_to(folders.mktemp("io") / "house")
    border.below = house.root
    border.heal()
    _upload(house)
    house.close()
    return list(border.calls)


@pytest.mark.parametrize("sticky", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("code", _FAILS, ids=lambda code: errno.errorcode[code])
def test_a_failing_call_costs_nothing_that_was_told(
    template: House, tmp_path_factory: pytest.TempPathFactory, border: Border, code: int, sticky: bool
) -> None:
    calls = _calls(template, tmp_path_factory, border)
    wanted = [number for number, call in enumerate(calls, 1) if call.name in _FAILS[code]]
    for number in sample(wanted, 12):
        house = template.copy_to(tmp_path_factory.mktemp("io") / "house")
        border.below = house.root
        border.heal()
        border.fail_at(number, code, sticky=sticky)
        # Only what we raise on purpose may reach a door.
        with suppress(HoldfastError):
            _upload(house)
        synced = [call.path for call in border.calls if call.name == "fsync" and call.path.endswith(".part")]
        assert len(synced) <= 1 or not sticky, "no failed fsync is tried again"
        border.heal()
        _go_on(house)
        house.sweep()
        house.check()
        house.close()


def _go_on(house: House) -> None:
    """The disk is well again: each upload that is known goes on from where it is, or says that it cannot."""
    uploads = _still(house)
    for journal in list(house.services.layout.incoming.glob("*.upload")):
        try:
            at = uploads.look(journal.stem, ANN, "tus")
        except UploadGone:
            house.sweep()
            assert list(house.services.layout.quarantine.iterdir()), "bytes on a failing disk are kept for a person"
            continue
        except NotFound:
            continue
        if not at.is_whole:
            with suppress(OffsetMismatch):  # it turned out to be saved
                send(uploads, at, VIDEO[at.offset :])
        assert uploads.look(at.id, ANN, "tus").offset == LENGTH
        assert [video.id for video in house.listed()] == [at.id]
