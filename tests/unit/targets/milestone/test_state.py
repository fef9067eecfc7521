"""Promises of state.py, proofs.py and tasks.py: whatever was stored or is said is read, and never believed blindly."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.offers.entries import Claim, Rhythm
from backend.offers.entries import State as Standing
from backend.targets.milestone import tasks
from backend.targets.milestone.failures import VmsProblem
from backend.targets.milestone.measure import Wanted
from backend.targets.milestone.proofs import proof_of, read_proof, wanted_of
from backend.targets.milestone.spans import Span
from backend.targets.milestone.state import State, read_state
from tests.unit.targets.milestone.vms_answers import answering, rest, told

ZERO = datetime(2024, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SPAN = Span(ZERO, ZERO + timedelta(seconds=1.25))
FLAT = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = FLAT | st.lists(FLAT, max_size=2) | st.dictionaries(st.sampled_from(["type", "id"]), FLAT)


@pytest.mark.parametrize(
    "state",
    [
        State(),
        State("offered"),
        State("retrieving", "cam-1", SPAN, "33", True, 1700000000.5, "b-1", "asked"),
        State("retrieving", "cam-1", SPAN, "", True, 5.0),
    ],
)
def test_a_state_comes_back_from_json_as_it_was(state: State) -> None:
    assert read_state(json.loads(json.dumps(state.stored()))) == state


def test_what_the_contract_names_is_stored_under_its_names() -> None:
    stored = State("retrieving", "cam-1", SPAN, "33").stored()
    assert {name: stored[name] for name in ("phase", "task_id", "camera_id", "start", "end")} == {
        "phase": "retrieving",
        "task_id": "33",
        "camera_id": "cam-1",
        "start": "2024-03-01T12:00:00.000000Z",
        "end": "2024-03-01T12:00:01.250000Z",
    }


@given(st.dictionaries(st.sampled_from([*State("offered", span=SPAN).stored(), "x"]), JSON))
def test_any_stored_state_is_read(stored: dict[str, Any]) -> None:
    state = read_state(stored)
    assert state.phase in ("", "offered", "retrieving")
    assert "/" not in state.task_id + state.camera_id + state.bookmark_id
    assert state.span is None or state.span.start_at < state.span.end_at


def test_a_proof_says_where_to_look() -> None:
    pauses = (Span(ZERO + 0.2 * SECOND, ZERO + 0.4 * SECOND), Span(ZERO + SECOND, SPAN.end_at))
    wanted = Wanted(SPAN, 0.04, pauses, 0.3)
    proof = json.loads(json.dumps(proof_of("v-1", "cam-1", wanted, "b-1", "")))
    known = read_proof(proof)
    assert known is not None
    assert (known.video_id, known.camera_id, known.wanted, known.lock_id) == ("v-1", "cam-1", wanted, "")


def test_a_picture_that_stood_for_hours_is_known_to_the_proof() -> None:
    day = Span(ZERO, ZERO + timedelta(days=1))
    wanted = Wanted(day, 7200.0, (Span(ZERO, ZERO + timedelta(hours=5)),))
    known = read_proof(json.loads(json.dumps(proof_of("v-1", "cam-1", wanted, "", ""))))
    assert known is not None
    assert known.wanted == wanted


PAUSES = st.lists(st.lists(st.floats(-1, 2) | FLAT, max_size=3), max_size=3)


@given(
    st.dictionaries(st.sampled_from([*proof_of("v", "c", Wanted(SPAN), "", ""), "x"]), JSON | PAUSES),
    st.booleans(),
    PAUSES,
)
def test_any_proof_is_read_or_counts_as_lost(told: dict[str, Any], good: bool, pauses: list[Any]) -> None:
    known = read_proof(proof_of("v", "c", Wanted(SPAN), "", "") | {"pauses": pauses} if good else told)
    assert known is not None or not good
    if known is not None:
        wanted, lasts = known.wanted, known.wanted.span.lasts.total_seconds()
        assert known.camera_id
        assert 0 <= wanted.frame_seconds <= lasts
        assert 0 <= wanted.rest_seconds <= lasts
        ends = [wanted.span.start_at, *(at for one in wanted.pauses for at in (one.start_at, one.end_at))]
        assert ends == sorted(ends)
        assert ends[-1] <= wanted.span.end_at


def test_what_is_wanted_of_a_claim_is_within_its_time() -> None:
    rhythm = Rhythm(9.0, ((0.25, 0.5), (1.0, 5.0), (5.0, 9.0)), 0.5)
    claim = Claim("v-1", "yard", "a.mp4", SPAN.start_at, SPAN.end_at, Standing.OFFERED)
    assert wanted_of(claim) == Wanted(SPAN)
    pauses = (Span(ZERO + SECOND / 4, ZERO + SECOND / 2), Span(ZERO + SECOND, SPAN.end_at))
    assert wanted_of(replace(claim, rhythm=rhythm)) == Wanted(SPAN, 1.25, pauses, 0.5)


@given(st.dictionaries(st.sampled_from(["progress", "state", "errorCode", "errorText", "path", "id"]), JSON))
def test_any_task_is_read(found: dict[str, Any]) -> None:
    task = tasks.read(found)
    assert 0 <= task.percent <= 100
    assert task.is_over or not task.is_good


@pytest.mark.parametrize(
    ("found", "is_over", "is_good"),
    [
        ({"state": "Success", "progress": 100}, True, True),
        ({"state": "Error", "progress": 100, "errorText": "No"}, True, False),
        ({"state": "InProgress", "progress": 100}, False, False),
        ({"state": "Idle", "progress": "7"}, False, False),
        ({"progress": 100}, True, True),
        ({}, False, False),
    ],
)
def test_a_task_is_over_when_it_says_so(found: dict[str, Any], is_over: bool, is_good: bool) -> None:
    task = tasks.read(found)
    assert (task.is_over, task.is_good) == (is_over, is_good)


def test_a_task_that_nobody_can_name_is_told() -> None:
    with answering() as site:
        site.on("POST /api/rest/v1/cameras/1?task=RetrieveEdgeStorage", told({"result": {"state": "InProgress"}}, 201))
        with pytest.raises(VmsProblem, match="garbled"):
            tasks.start(rest(site), "cameras", "1", task="RetrieveEdgeStorage", body={})
