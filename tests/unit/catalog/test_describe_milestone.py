"""The phase of a VMS's copy, and where its footage is: from state and resume, of kind milestone alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.catalog.describe import describe_copy
from backend.catalog.describe_milestone import footage_of, phase_of
from backend.catalog.models import Delivery

KINDS = {"vms": "milestone", "nas": "folder"}


def copy(state: str, target: str = "vms", **more: Any) -> Delivery:
    return Delivery(**{"target": target, "state": state, "resume": {}, "proof": {}, **more})


@pytest.mark.parametrize(
    ("state", "resume", "phase"),
    [
        ("pending", {}, "saved"),
        ("in_progress", {}, "saved"),
        ("in_progress", {"phase": "offered"}, "offered"),
        ("in_progress", {"phase": "retrieving", "task_id": "33"}, "retrieving"),
        ("pending", {"phase": "retrieving"}, "retrieving"),
        ("parked", {"phase": "offered"}, "offered"),
        ("failed", {"phase": "a word of tomorrow"}, "saved"),
        ("damaged", {}, "saved"),
        ("delivered", {}, "verified"),
        ("delivered", {"phase": "offered"}, "verified"),
        ("skipped", {}, None),
        ("deleting", {}, None),
        ("deleted", {}, None),
    ],
)
def test_each_state_and_what_was_reached_make_a_phase(state: str, resume: dict[str, str], phase: str | None) -> None:
    assert phase_of(copy(state, resume=resume), KINDS) == phase


def test_what_is_lost_there_and_is_not_here_either_is_not_called_saved() -> None:
    assert phase_of(copy("damaged", error_code="no-copy-left"), KINDS) is None


def test_a_copy_of_another_kind_has_none() -> None:
    assert phase_of(copy("in_progress", "nas", resume={"phase": "offered"}), KINDS) is None
    assert phase_of(copy("pending", "gone"), KINDS) is None
    assert phase_of(copy("pending"), None) is None


@pytest.mark.parametrize(("rate", "left"), [(50.0, 16.0), (1.6e-11, None), (0.0, None)])
def test_of_a_retrieval_that_stands_still_nobody_says_how_long_it_takes(rate: float, left: float | None) -> None:
    row = copy("in_progress", attempts=1, bytes_sent=200, bytes_per_second=rate, error="", error_code="", link="")
    assert describe_copy(row, 1000, KINDS)["seconds_left"] == left


def test_footage_is_told_of_a_verified_copy_and_nothing_else_of_its_proof() -> None:
    proof = {"vms_camera_id": "c-1", "start": "2026-01-01T00:00:00Z", "end": 7, "lock_id": "l", "bookmark_id": "b"}
    told = {"vms_camera_id": "c-1", "start": "2026-01-01T00:00:00Z", "end": None, "locked": True, "ended_at": None}
    assert footage_of(copy("delivered", proof=proof), KINDS) == told
    assert footage_of(copy("damaged", proof=proof), KINDS) is None
    assert footage_of(copy("delivered", "nas", proof=proof), KINDS) is None


def test_what_the_vms_let_go_in_time_says_where_it_was_and_until_when() -> None:
    over: dict[str, Any] = {"error_code": "past-retention", "updated_at": datetime(2026, 2, 1, tzinfo=UTC)}
    proof = {"vms_camera_id": "c-1", "lock_id": "l", "ended_at": "2026-01-08T00:00:00.000Z"}
    ended = copy("deleted", proof=proof, **over)
    assert phase_of(ended, KINDS) == "ended"
    told = {"vms_camera_id": "c-1", "start": None, "end": None, "locked": False, "ended_at": proof["ended_at"]}
    assert footage_of(ended, KINDS) == told
    unseen = footage_of(copy("deleted", **over), KINDS)
    assert unseen is not None
    assert unseen["ended_at"] == "2026-02-01T00:00:00.000Z", "when it was told, where nobody saw it end"
    assert phase_of(copy("failed", **over), KINDS) == "saved", "it never was there"
    assert phase_of(copy("deleted", "nas", **over), KINDS) is None
