"""Promises of backend/targets/milestone/failures.py: a judgement for any answer, in words without secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import TargetParked, TransientFailure
from backend.targets.milestone import failures
from backend.targets.milestone.failures import Answer, judge

REASONS = sorted({*failures._PARKED, *failures._TRANSIENT, "error", "refused-request", "identity"})


@pytest.mark.parametrize("reason", sorted(failures._PARKED))
def test_a_persons_matter_says_what_to_do(reason: str) -> None:
    error = judge(Answer(reason, message="x"))
    assert isinstance(error, TargetParked)
    assert error.detail["vms_reason"] == reason
    assert any(
        word in error.message
        for word in (
            "Set ",
            "Correct ",
            "see ",
            "Give ",
            "Name ",
            "See ",
            "Make ",
            "set ",
            "Install ",
            "right-click",
            "needs",
            "Correct it",
        )
    ), error.message


@given(st.sampled_from(REASONS), st.none() | st.integers(100, 599), st.text(), st.none() | st.floats(0, 1e6))
def test_any_answer_gets_a_judgement_of_one_readable_line(
    reason: str, status: int | None, message: str, wait: float | None
) -> None:
    error = judge(Answer(reason, status, message, wait))
    assert isinstance(error, TargetParked | TransientFailure)
    assert "\n" not in error.message
    assert len(error.message) < 700
    assert error.message.endswith(".")
    assert error.retry_after_seconds == wait


@pytest.mark.parametrize(
    "secret",
    [
        "https://vms.example.org/x?token=abc",
        "Bearer abc.def",
        "eyJhbGciOi.eyJzdWIi.sig",
        "TOKEN#b41f9558#vms//ServerConnector#",
        "password=geheim",
        "access_token: geheim",
        "a" * 50,
    ],
)
def test_what_looks_like_a_secret_is_left_out(secret: str) -> None:
    said = judge(Answer("error", 500, f"It failed for {secret} today")).message
    assert "It failed for" in said
    assert not any(part in said for part in ("geheim", "abc", "eyJ", "b41f9558", "aaaa"))


def test_a_failed_pull_says_where_to_look_as_the_vms_may_sign_in_with_what_was_replaced() -> None:
    told = judge(Answer("task-failed", message="The user name token is not accepted.")).message
    assert "EDGE_USERNAME and EDGE_PASSWORD" in told


@pytest.mark.parametrize("words", ["No license available", "Licence limit reached", "Not licensed"])
def test_a_missing_licence_is_seen_wherever_it_is_told(words: str) -> None:
    for answer in (Answer("refused-request", 400, words), Answer("device-refused", message=words)):
        error = judge(answer)
        assert isinstance(error, TargetParked)
        assert "licence" in error.message


def test_a_task_that_speaks_of_licences_is_tried_again_all_the_same() -> None:
    assert isinstance(judge(Answer("task-failed", message="The device has no license plate")), TransientFailure)
