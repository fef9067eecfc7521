"""Names of seed 003's server: what they tell, and what they do not."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.intake.old_names import OldName, read_old_name

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2024, 11, 12, 14, 30, 52, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "label", "filename"),
    [
        ("20241112_143052_Tutorial_video.mp4", "Tutorial", "video.mp4"),
        ("20241112_143052_Tutorial_my_long_video.mp4", "Tutorial", "my_long_video.mp4"),
        ("20241112_143052_video.mp4", "", "video.mp4"),
        ("20241112_143052_Team Meeting_übung.mov", "Team Meeting", "übung.mov"),
    ],
)
def test_date_label_and_name_are_read(name: str, label: str, filename: str) -> None:
    assert read_old_name(name, UTC, NOW) == OldName(AT, label, filename)


@pytest.mark.parametrize(
    "name",
    ["video.mp4", "20241112_143052.mp4", "20241312_143052_a_b.mp4", "20241112_250000_a_b.mp4", "2024_1112_a.mp4",
     "20270101_000000_a_b.mp4", "00010101_000000_a_b.mp4", "x20241112_143052_a_b.mp4", "20241112_143052_"],
)  # fmt: skip
def test_other_names_tell_nothing(name: str) -> None:
    assert read_old_name(name, UTC, NOW) is None


def test_times_are_local_to_the_old_server() -> None:
    berlin, name = ZoneInfo("Europe/Berlin"), "20240701_120000_a_b.mp4"
    found = read_old_name(name, berlin, NOW)
    assert found is not None
    assert found.saved_at == datetime(2024, 7, 1, 10, tzinfo=UTC)


@given(st.text(max_size=60), st.booleans())
def test_no_name_is_too_strange(text: str, dated: bool) -> None:
    found = read_old_name(f"20241112_143052_{text}" if dated else text, UTC, NOW)
    assert found is None or found.filename
