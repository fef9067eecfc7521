"""The signed head: lines that were cut off from the end show, and what contradicts the catalog is never replaced."""

from __future__ import annotations

import json

import pytest

from backend.catalog.audit_check import Chain
from backend.catalog.audit_head import Seal
from backend.catalog.audit_list import Asked, every
from backend.errors import Conflict
from tests.services.ledger import Ledger
from tests.unit.catalog.test_audit import run, tamper, write


@pytest.fixture
def seal(ledger: Ledger) -> Seal:
    made = ledger.services.seal
    made.begin()
    return made


def told(seal: Seal) -> list[tuple[str, int]]:
    return [(trouble.kind, trouble.line) for trouble in seal.check(Chain())]


def test_a_good_audit_is_signed_as_it_grows(seal: Seal) -> None:
    assert told(seal) == []
    write(seal.database, "video.saved", "video.trashed")
    assert seal.renew() is None
    head, lines = seal.head(), list(every(seal.database, Asked()))
    assert head is not None
    assert (head.line, head.digest) == (lines[-1].id, lines[-1].digest)
    first = seal.place.read_bytes()
    assert told(seal) == []
    assert seal.place.read_bytes() == first


def test_lines_cut_off_from_the_end_are_missed_and_the_head_stays(seal: Seal) -> None:
    write(seal.database, "video.saved", "video.trashed", "video.purged")
    seal.renew()
    signed = seal.place.read_bytes()
    tamper(seal.database, run("DELETE FROM audit WHERE id > 1"))
    assert told(seal) == [("cut-off", 2)]
    trouble = seal.renew()
    assert trouble is not None
    assert "lines from 2 on are gone" in trouble.words
    assert seal.place.read_bytes() == signed


def test_other_lines_in_the_place_of_those_cut_off_are_seen(seal: Seal) -> None:
    write(seal.database, "video.saved", "video.trashed")
    seal.renew()
    tamper(seal.database, run("DELETE FROM audit WHERE id = 2"))
    write(seal.database, "video.edited", "video.edited", "video.edited")
    if not seal.database.is_sqlite:
        assert told(seal) == [("cut-off", 6)]
        return
    assert told(seal) == [("cut-off", 2)]


def test_all_lines_gone_are_missed(seal: Seal) -> None:
    write(seal.database, "video.saved")
    seal.renew()
    tamper(seal.database, run("DELETE FROM audit"))
    assert told(seal) == [("cut-off", 1)]


def test_a_head_that_is_gone_or_forged_is_told_and_not_made_again(seal: Seal) -> None:
    write(seal.database, "video.saved")
    seal.renew()
    genuine = json.loads(seal.place.read_text())
    head, payload, signature = genuine["head"].split(".")
    seal.place.write_text(json.dumps(genuine | {"head": f"{head}.{payload[:-2]}xx.{signature}"}))
    assert told(seal) == [("head-forged", 0)]
    for nonsense in ("", "[]", "{}", '{"head": 7}'):
        seal.place.write_text(nonsense)
        assert told(seal) == [("head-forged", 0)]
    seal.place.unlink()
    seal.begin()
    assert told(seal) == [("head-missing", 0)]
    assert seal.renew() is not None
    assert not seal.place.exists()


def test_a_receipt_is_no_head(seal: Seal) -> None:
    seal.place.write_text(json.dumps({"head": seal.signer.sign({"line": 1, "digest": "x", "at": "y"})}))
    assert told(seal) == [("head-forged", 0)]


def test_what_a_person_accepts_is_written_down_and_signed(seal: Seal) -> None:
    write(seal.database, "video.saved", "video.trashed")
    seal.renew()
    with pytest.raises(Conflict):
        seal.accept("for fun")
    tamper(seal.database, run("DELETE FROM audit"))
    seal.accept("the disk of the database was lost")
    line = list(every(seal.database, Asked()))[-1]
    assert line.action == "audit.accepted"
    assert line.what["reason"] == "the disk of the database was lost"
    assert line.what["head"]["line"] == 2
    # The number that PostgreSQL goes on with shows that there were others; the chain begins anew all the same.
    assert told(seal) == []


def test_a_changed_line_keeps_the_head_from_being_renewed_by_a_check(seal: Seal) -> None:
    write(seal.database, "video.saved")
    seal.renew()
    write(seal.database, "video.edited")
    tamper(seal.database, run("UPDATE audit SET who = 'x' WHERE id = 1"))
    assert told(seal) == [("changed", 1)]
    head = seal.head()
    assert head is not None
    assert head.line == 1
