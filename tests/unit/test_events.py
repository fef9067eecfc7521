"""Events as signals and as texts: names are known ones, places are exact, a bad receiver harms nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backend import events
from backend.events import Happened, Place

AT = datetime(2026, 1, 31, 14, 0, 0, 5000, tzinfo=timezone(timedelta(hours=2)))


def test_the_wire_form_has_id_type_instant_and_data() -> None:
    happened = Happened("one", events.VIDEO_ADDED, AT, "v", "p", {"video_id": "v"}, Place(3, 4))
    assert events.as_json(happened) == {
        "id": "one",
        "type": "video_added",
        "timestamp": "2026-01-31T12:00:00.005Z",
        "data": {"video_id": "v"},
    }


@pytest.mark.parametrize("text", ["", "1", "-1-2", "1-2-3", "a-b", "1-9223372036854775808", "٣-1", "1" * 30 + "-1"])
def test_other_texts_are_no_place(text: str) -> None:
    assert Place.parse(text) is None


def test_a_place_is_its_text_and_back() -> None:
    place = Place(2**63 - 1, 7)
    assert Place.parse(f" {place} ") == place
    assert Place(1, 9) < Place(2, 1)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known: video_added"):
        events.signal("video_adddd")


def test_a_receiver_that_fails_stops_no_other() -> None:
    heard: list[str] = []
    failed: list[tuple[str, str]] = []

    def bad(_: Happened) -> None:
        raise RuntimeError("no")

    def good(happened: Happened) -> None:
        heard.append(happened.id)

    with events.signal(events.VIDEO_READY).connected_to(bad), events.signal(events.ANY).connected_to(good):
        happened = Happened("one", events.VIDEO_READY, datetime.now(UTC))
        events.send([happened], lambda error, name: failed.append((str(error), name)))
    assert (heard, failed) == (["one"], [("no", "video_ready")])


def test_where_nobody_listens_a_failure_is_in_the_log_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    def bad(_: Happened) -> None:
        raise RuntimeError("no")

    with events.signal(events.VIDEO_READY).connected_to(bad):
        events.send([Happened("one", events.VIDEO_READY, datetime.now(UTC))])
    assert "a receiver of 'video_ready' failed" in caplog.text
    assert "RuntimeError: no" in caplog.text
