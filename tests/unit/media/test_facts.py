"""Facts go into the catalog and come out as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backend.media.facts import Facts
from tests.services.media_work import plain_facts


@pytest.mark.parametrize(
    "at", [None, datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))]
)
def test_facts_survive_the_way_through_json(at: datetime | None) -> None:
    facts = plain_facts(recorded_at=at, camera="Maker Model", fps=None)
    assert Facts.from_json(json.loads(json.dumps(facts.as_json()))) == facts


def test_a_file_without_a_codec_of_a_kind_has_none_of_that_kind() -> None:
    silent, dark = plain_facts(audio_codec=""), plain_facts(video_codec="")
    assert (silent.has_video, silent.has_audio) == (True, False)
    assert (dark.has_video, dark.has_audio) == (False, True)


def test_facts_of_before_a_files_trouble_was_told_are_still_understood() -> None:
    before = {key: value for key, value in plain_facts().as_json().items() if key != "trouble"}
    assert Facts.from_json(before) == plain_facts(trouble="")
