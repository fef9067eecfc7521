"""Promises of backend/targets/retry_after.py."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.targets.retry_after import retry_after_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 01:02:03 GMT", 63.0),
        ("Sat, 21 Nov 2026 00:00:00 GMT", 0.0),
        ("-5", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, datetime(2026, 11, 21, 1, 1, 0, tzinfo=UTC)) == seconds
