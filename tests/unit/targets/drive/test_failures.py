"""Promises of backend/targets/drive/failures.py."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.targets.drive.failures import Answer, DriveProblem, Who, is_passing, judge

_WHO = Who("mydrive", "bot@example.org", "1FolderId")
_OWN = Who("mydrive", "ann@example.org", "Holdfast", own_files_only=True)
_SERVICE_WORDS = "Service Accounts do not have storage quota. Leverage shared drives (https://developers.google.com/x)"
_RATE_WORDS = "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota"
# What is asked again in its own time: an account that is full, or a day that is over.
_SLOW_SECONDS = 900.0


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        # A limit of the account: waits as a whole, and goes on by itself.
        (
            Answer("storageQuotaExceeded", 403, "The user's Drive storage quota"),
            TargetParked,
            "1FolderId.*bot@.*organisation.*Free",
        ),
        (Answer("userRateLimitExceeded", 403, "User rate limit exceeded."), TargetParked, "750 GB.*by itself"),
        (Answer("quotaExceeded", 403, "quota"), TargetParked, "quota of bot@.*by itself"),
        (Answer("dailyLimitExceeded", 403, "Daily Limit"), TargetParked, "today.*by itself"),
        (Answer("teamDriveFileLimitExceeded", 403, "x"), TargetParked, "400,000.*another shared drive"),
        (Answer("numChildrenInNonRootLimitExceeded", 403, "x"), TargetParked, "project/month.*mydrive"),
        (Answer("activeItemCreationLimitExceeded", 403, "x"), TargetParked, "bot@.*another"),
        # A person must act.
        (Answer("storageQuotaExceeded", 403, _SERVICE_WORDS), TargetParked, "shared drive.*subject.*login mydrive"),
        (Answer("no-folder", 404), TargetParked, "1FolderId.*Share it with bot@.*folder_id"),
        (Answer("folder-trashed"), TargetParked, "1FolderId.*trash"),
        (Answer("not-a-folder"), TargetParked, "1FolderId.*folder_id"),
        (Answer("folder-closed"), TargetParked, "bot@.*1FolderId.*Editor"),
        (Answer("authError", 401, "Invalid Credentials"), TargetParked, "bot@.*login mydrive"),
        (Answer("unauthorized", 401), TargetParked, "bot@.*login mydrive"),
        (Answer("insufficientFilePermissions", 403, "x"), TargetParked, "bot@.*Share"),
        (Answer("insufficientParentPermissions", 403, "x"), TargetParked, "1FolderId.*Share"),
        (Answer("insufficientPermissions", 403, "x"), TargetParked, "login mydrive"),
        (Answer("appNotAuthorizedToFile", 403, "x"), TargetParked, "login mydrive"),
        (Answer("accessNotConfigured", 403, "x"), TargetParked, "Enable the “Google Drive API”"),
        (Answer("domainPolicy", 403, "x"), TargetParked, "administrator"),
        (Answer("token-revoked", 400, "Token has been expired"), TargetParked, "Testing.*7 days.*login mydrive"),
        (Answer("token-clock", 400, "x"), TargetParked, "clock"),
        (Answer("token-key", 400, "x"), TargetParked, "bot@.*new key"),
        (Answer("token-client", 400, "x"), TargetParked, "login mydrive --client"),
        (Answer("token-delegation", 400, "x"), TargetParked, "bot@.*delegation"),
        (Answer("token-refused", 400, "x"), TargetParked, "bot@.*login mydrive"),
        (Answer("tls", None, "self-signed"), TargetParked, "certificate.*self-signed"),
        (Answer("not-drive", None, "x"), TargetParked, "root_url"),
        (Answer("somethingNew", 403, "New words"), TargetParked, "somethingNew, New words.*person"),
        (Answer("HTTP 402", 402), TargetParked, "person"),
        # Passes by itself.
        (Answer("rateLimitExceeded", 403, "Rate Limit Exceeded"), TransientFailure, "slow down"),
        (Answer("userRateLimitExceeded", 403, _RATE_WORDS), TransientFailure, "slow down"),
        (Answer("rateLimitExceeded", 429, "x"), TransientFailure, "slow down"),
        (Answer("too-many", 429), TransientFailure, "slow down"),
        (Answer("backendError", 503, "Backend Error"), TransientFailure, "Backend Error"),
        (Answer("HTTP 502", 502), TransientFailure, "HTTP 502"),
        (Answer("internalError", 500, "x"), TransientFailure, "internalError"),
        (Answer("somethingNew", 400, "x"), TransientFailure, "somethingNew"),
        (Answer("notFound", 404, "x"), TransientFailure, "does not find"),
        (Answer("session-gone", 410), TransientFailure, "anew"),
        (Answer("unknown-host"), TransientFailure, "host name"),
        (Answer("refused"), TransientFailure, "refused the connection"),
        (Answer("timeout"), TransientFailure, "in time"),
        (Answer("connection", None, "Connection reset"), TransientFailure, "Connection reset"),
        (Answer("garbled", None, "HttpError"), TransientFailure, "could not be read"),
        (Answer("token-busy", None, "x"), TransientFailure, "access"),
        (Answer("changing"), TransientFailure, "another worker"),
        # This file alone.
        (Answer("uploadTooLarge", 413, "x"), PermanentFailure, "large"),
        (Answer("fileTooLarge", 403, "x"), PermanentFailure, "large"),
        (Answer("no-copy", 404), PermanentFailure, "does not hold"),
        (Answer("cannotDownloadAbusiveFile", 403, "x"), PermanentFailure, "malware.*Restore it from another copy"),
    ],
)
def test_an_answer_is_judged_in_words_that_name_the_remedy(answer: Answer, kind: type[TargetError], words: str) -> None:
    error = judge(answer, _WHO)
    assert type(error) is kind
    assert re.search(words, error.message), error.message
    assert error.message.startswith("Google Drive ")


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("storageQuotaExceeded", "The user's Drive storage quota has been exceeded."),
        ("userRateLimitExceeded", "User rate limit exceeded."),
        ("quotaExceeded", ""),
        ("dailyLimitExceeded", ""),
        ("teamDriveFileLimitExceeded", ""),
    ],
)
@pytest.mark.parametrize(("asked", "waits"), [(None, _SLOW_SECONDS), (5.0, _SLOW_SECONDS), (7200.0, 7200.0)])
def test_what_is_full_is_asked_again_slowly(reason: str, message: str, asked: float | None, waits: float) -> None:
    error = judge(Answer(reason, 403, message, asked), _WHO)
    assert error.retry_after_seconds == waits


@pytest.mark.parametrize("reason", ["authError", "no-folder", "token-revoked", "insufficientParentPermissions"])
def test_what_a_person_must_mend_is_no_quota_and_is_probed_as_usual(reason: str) -> None:
    error = judge(Answer(reason, 403), _WHO)
    assert error.retry_after_seconds is None


def test_a_service_account_without_storage_is_not_taken_for_an_account_that_is_full() -> None:
    assert judge(Answer("storageQuotaExceeded", 403, _SERVICE_WORDS), _WHO).retry_after_seconds is None


def test_a_sign_in_that_sees_only_its_own_files_is_told_so_about_the_folder() -> None:
    error = judge(Answer("no-folder", 404), _OWN)
    assert "--whole-drive" in error.message
    assert "folder_id" in error.message


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "too-many", "backendError", "timeout", "somethingNew"])
def test_a_wish_to_wait_is_passed_on(reason: str) -> None:
    error = judge(Answer(reason, 429, "", 17.0), _WHO)
    assert (type(error), error.retry_after_seconds) == (TransientFailure, 17.0)


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (Answer("backendError", 503), True),
        (Answer("HTTP 502", 502), True),
        (Answer("connection"), True),
        (Answer("timeout"), True),
        (Answer("garbled"), True),
        (Answer("backendError", 503, "", 30.0), False),
        (Answer("too-many", 429), False),
        (Answer("rateLimitExceeded", 403), False),
        (Answer("userRateLimitExceeded", 403), False),
        (Answer("storageQuotaExceeded", 403), False),
        (Answer("authError", 401), False),
        (Answer("token-busy"), False),
        (Answer("unknown-host"), False),
    ],
)
def test_only_what_may_pass_in_a_moment_is_asked_once_more_at_once(answer: Answer, passes: bool) -> None:
    assert is_passing(answer) is passes


_SECRETS = [
    "https://www.googleapis.com/upload/drive/v3/files?uploadType=resumable&upload_id=AB-sEcReT_1",
    "HTTPS://x.example/?upload_id=sEcReT",
    "/upload/drive/v3/files?uploadType=resumable&upload_id=ABsEcReT",
    "upload_id=sEcReT",
    "ya29.sEcReTsEcReTsEcReT",
    "1//0sEcReTsEcReTsEcReTsEcReT",
    "GOCSPX-sEcReT",
    "Bearer sEcReT",
    "eyJhbGciOiJSUzI1NiJ9.sEcReTsEcReTsEcReTsEcReTsEcReTsEcReTsEcReT",
]


@pytest.mark.parametrize("secret", _SECRETS)
@pytest.mark.parametrize("around", ["{}", "Not found: {}.", "({}) is wrong", "a\n{}\nb", "'{}'"])
@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_no_address_and_no_token_of_googles_words_gets_through(secret: str, around: str, status: int) -> None:
    for reason in ("somethingNew", "quotaExceeded", "token-refused", "connection"):
        error = judge(Answer(reason, status, around.format(secret)), _WHO)
        assert "sEcReT" not in f"{error.message} {error.detail} {error!r}"


@example("", None, "://", None)
@given(st.text(max_size=30), st.none() | st.integers(100, 599), st.text(), st.none() | st.floats(0, 1e9))
def test_any_answer_gets_a_judgement_of_one_readable_line(
    reason: str, status: int | None, message: str, wait: float | None
) -> None:
    error = judge(Answer(reason, status, message, wait), _WHO)
    assert error.message.startswith("Google Drive ")
    assert error.message.endswith(".")
    assert len(error.message) < 700
    assert "\n" not in error.message
    assert "://" not in error.message


def test_a_problem_shows_the_reason_and_nothing_of_googles_words() -> None:
    problem = DriveProblem(Answer("backendError", 503, _SECRETS[0]))
    assert "sEcReT" not in f"{problem}{problem!r}"
