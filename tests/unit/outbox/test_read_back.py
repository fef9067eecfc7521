"""Reading a copy back as a whole: a remote whose figures are right and whose bytes are not is found out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.errors import TransientFailure
from backend.outbox.read_back import read_back
from backend.outbox.reverify import Found
from backend.targets.base import Expected, Proof, RemoteCopy, Verdict
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place

EXPECTED = Expected(len(VIDEO), hashlib.sha256(VIDEO).hexdigest())


class Rotting(MemoryTarget):
    """Its figures stay what they were; what it gives back need not be."""

    gives: bytes | Exception = VIDEO
    reads = 0

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        return Proof(Verdict.MATCHES, "its own figures", expected.size_bytes)

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        self.reads += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        for start in range(0, len(self.gives), 1000):
            yield self.gives[start : start + 1000]


@pytest.mark.parametrize(
    ("gives", "verdict"),
    [
        (VIDEO, Verdict.MATCHES),
        (VIDEO[:-1] + b"x", Verdict.DIFFERS),
        (VIDEO[:-1], Verdict.DIFFERS),
        (VIDEO + b"x" * 5000, Verdict.DIFFERS),
        (b"", Verdict.DIFFERS),
    ],
)
def test_only_the_very_bytes_match_and_each_piece_is_told(gives: bytes, verdict: Verdict) -> None:
    told: list[int] = []
    target = Rotting()
    target.gives = gives
    proof = read_back(target, EXPECTED, RemoteCopy("a"), told.append)
    assert proof.verdict is verdict
    assert bool(proof.reason) is (verdict is Verdict.DIFFERS)
    assert sum(told) <= len(VIDEO) + 1000, "no more than enough to know"


@pytest.fixture
def target() -> Rotting:
    return Rotting()


def look(ledger: Ledger, *, reread: bool) -> Found:
    looker = replace(ledger.reverifier(), reread=reread)
    meant = looker.meant("memory", everything=True)
    (looked,) = looker.look_at(meant, looker.copies(meant))
    return looked.found


def delivered(ledger: Ledger) -> str:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    return video_id


def test_what_a_remotes_figures_hide_is_found_by_reading(ledger: Ledger, target: Rotting) -> None:
    delivered(ledger)
    target.gives = VIDEO[:-1] + b"x"
    assert look(ledger, reread=False) is Found.RIGHT
    assert target.reads == 0
    assert look(ledger, reread=True) is Found.DAMAGED
    assert target.reads == 2, "a bad answer is asked for twice"
    assert ledger.states() == ["damaged"]


def test_a_copy_that_cannot_be_read_just_now_is_no_verdict(ledger: Ledger, target: Rotting) -> None:
    delivered(ledger)
    target.gives = TransientFailure("It is in an archive class.")
    assert look(ledger, reread=True) is Found.UNREACHABLE
    assert ledger.states() == ["delivered"]


def test_right_bytes_are_right(open_ledger: OpenLedger, target: Rotting) -> None:
    ledger = open_ledger(place(target))
    delivered(ledger)
    assert look(ledger, reread=True) is Found.RIGHT
