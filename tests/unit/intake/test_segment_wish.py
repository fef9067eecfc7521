"""What a recorder says of its file: refused in words where it makes no sense."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.errors import BadField
from backend.intake.segment_wish import read_wish
from tests.unit.intake.recorder import CAMERA, body


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"camera_id": "gate"}, "UUID"),
        ({"camera_id": ""}, "camera_id is missing"),
        ({"camera_id": 7}, "camera_id must be a text"),
        ({"start_time": "2025-01-23T10:00:00"}, "time zone"),
        ({"start_time": " "}, "start_time is missing"),
        ({"end_time": "2025-01-23T10:00:00Z"}, "later than start_time"),
        ({"end_time": "2025-02-23T10:00:00Z"}, "7 days"),
        ({"file_path": None}, "file_path is missing"),
        ({"size_bytes": "1"}, "size_bytes"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"duration_seconds": 3602}, "duration_seconds says 3602"),
        ({"duration_seconds": float("nan")}, "duration_seconds"),
        ({"duration_seconds": "1"}, "duration_seconds must"),
        ({"tags": [1]}, "tags"),
        ({"nonsense": 1}, "unknown"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadField, match=words):
        read_wish({**body("/x/a.ts"), **changed}, datetime.now(UTC))


def test_a_wish_may_round_its_duration() -> None:
    assert read_wish(body("/x/a.ts", duration_seconds=3600.9), datetime.now(UTC)).camera_id == CAMERA
