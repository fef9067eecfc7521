"""Promises of backend/targets/s3_failures.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.targets import s3_failures
from backend.targets.s3_failures import Answer, Place, judge

_PLACE = Place("s3.example.org", "videos")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer("InvalidAccessKeyId", 403), TargetParked),
        (Answer("SignatureDoesNotMatch", 403), TargetParked),
        (Answer("AccessDenied", 403), TargetParked),
        (Answer("NoSuchBucket", 404), TargetParked),
        (Answer("RequestTimeTooSkewed", 403), TargetParked),
        (Answer("QuotaExceeded", 403), TargetParked),
        (Answer("AccountProblem", 403), TargetParked),
        (Answer("SomethingNew", 403), TargetParked),
        (Answer("HTTP401", 401), TargetParked),
        (Answer("HTTP507", 507), TargetParked),
        (Answer("HTTP301", 301), TargetParked),
        (Answer("tls", None, "self-signed certificate"), TargetParked),
        (Answer("not-s3", 200), TargetParked),
        (Answer("SlowDown", 503), TransientFailure),
        (Answer("InternalError", 500), TransientFailure),
        (Answer("HTTP503", 503), TransientFailure),
        (Answer("HTTP429", 429), TransientFailure),
        (Answer("RequestTimeout", 400), TransientFailure),
        (Answer("SomethingNew", 400), TransientFailure),
        (Answer("NoSuchUpload", 404), TransientFailure),
        (Answer("BadDigest", 400), TransientFailure),
        (Answer("timeout"), TransientFailure),
        (Answer("unknown-host"), TransientFailure),
        (Answer("refused"), TransientFailure),
        (Answer("connection"), TransientFailure),
        (Answer("EntityTooLarge", 400), PermanentFailure),
        (Answer("KeyTooLongError", 400), PermanentFailure),
    ],
)
def test_an_answer_is_judged(answer: Answer, kind: type[TargetError]) -> None:
    assert type(judge(answer, _PLACE)) is kind


@given(st.text(max_size=20), st.none() | st.integers(100, 599), st.text())
def test_any_answer_gets_a_judgement_that_names_the_place(code: str, status: int | None, message: str) -> None:
    error = judge(Answer(code, status, message), _PLACE)

    assert "s3.example.org" in error.message
    assert error.message.endswith(".")
    assert not isinstance(error, PermanentFailure) or code in s3_failures._PERMANENT


@pytest.mark.parametrize("code", sorted(s3_failures._PARKED))
def test_who_is_asked_for_help_is_told_what_to_do(code: str) -> None:
    message = judge(Answer(code, 403, "as the service says {it}"), _PLACE).message

    assert message.count(".") >= 2 or "(" in message
    assert "{" not in message.replace("{it}", "")


def test_the_wish_when_to_come_back_stays_with_the_failure() -> None:
    assert judge(Answer("SlowDown", 503, retry_after_seconds=12.0), _PLACE).retry_after_seconds == 12.0
