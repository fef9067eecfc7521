"""Promises of backend/targets/s3_upload.py that need no service; the others are in the contract."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import md5

import pytest

from backend.targets.s3_plan import MIB, Plan
from backend.targets.s3_upload import Gate, SentPart, Stopped, Upload
from backend.targets.s3_xml import StoredPart
from tests.contract.transfers import Told
from tests.services.waiting import wait_until

_PLAN = Plan(12 * MIB, 5 * MIB)
_MD5 = md5(b"part", usedforsecurity=False).digest()


def test_threads_are_held_until_the_caller_has_told_of_their_bytes() -> None:
    gate, transfer = Gate(0), Told()
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(gate.sent, 5 * MIB)
        wait_until(gate.has_news, "the piece to be counted")
        assert not sending.done()

        gate.tell(transfer)
        sending.result(timeout=10)

    assert transfer.advances == [5 * MIB]


def test_a_stopped_gate_lets_nobody_wait() -> None:
    gate = Gate(0)
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(gate.sent, 50 * MIB)
        wait_until(gate.has_news, "the piece to be counted")
        gate.stop()
        with pytest.raises(Stopped):
            sending.result(timeout=10)
    with pytest.raises(Stopped):
        gate.sent(1)


def test_waiting_ends_when_a_part_is_finished() -> None:
    finished: Future[SentPart] = Future()
    finished.set_result(SentPart(1, _MD5, "etag"))

    Gate(0).wait(finished)


@pytest.mark.parametrize(
    ("listed", "recorded", "etag"),
    [
        (StoredPart(1, 5 * MIB, _MD5.hex()), {}, _MD5.hex()),
        (StoredPart(1, 5 * MIB, "0" * 32), {}, None),
        (StoredPart(1, 5 * MIB - 1, _MD5.hex()), {}, None),
        (StoredPart(1, 5 * MIB, "encrypted"), {}, None),
        (StoredPart(1, 5 * MIB, "encrypted"), {"1": [_MD5.hex(), "encrypted"]}, "encrypted"),
        (StoredPart(1, 5 * MIB, "another"), {"1": [_MD5.hex(), "encrypted"]}, None),
        (StoredPart(1, 5 * MIB, "encrypted"), {"1": ["0" * 32, "encrypted"]}, None),
        (StoredPart(1, 5 * MIB, "encrypted"), {"1": "strange"}, None),
    ],
)
def test_a_listed_part_counts_only_if_its_bytes_are_known_to_be_ours(
    listed: StoredPart, recorded: dict[str, object], etag: str | None
) -> None:
    upload = Upload("id", _PLAN, {1: listed}, recorded)

    assert upload.holds(_PLAN.part(1), _MD5) == etag


def test_a_part_that_is_not_listed_is_not_there() -> None:
    assert Upload("id", _PLAN).holds(_PLAN.part(1), _MD5) is None


def test_only_parts_cut_as_planned_count_as_there() -> None:
    listed = {
        1: StoredPart(1, 5 * MIB, "a"),
        2: StoredPart(2, 4 * MIB, "b"),
        3: StoredPart(3, 2 * MIB, "c"),
        4: StoredPart(4, 1, "d"),
    }

    assert Upload("id", _PLAN, listed).already_bytes() == 7 * MIB


def test_the_state_is_small_while_the_service_can_tell_the_parts_itself() -> None:
    assert Upload("id", _PLAN).state() == {"upload_id": "id", "part_bytes": 5 * MIB}
    recorded = {"1": [_MD5.hex(), "encrypted"]}
    assert Upload("id", _PLAN, {}, recorded).state()["parts"] == recorded
