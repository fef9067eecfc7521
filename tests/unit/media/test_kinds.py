"""What is planned for a video, by its facts."""

from __future__ import annotations

import pytest

from backend.catalog.media import FINGERPRINT, LONG
from backend.media.kinds import KINDS, after_probe, missed_fingerprint
from tests.services.media_work import plain_facts


@pytest.mark.parametrize(
    ("seconds", "fps", "planned"),
    [(60.0, 25.0, True), (0.6, 25.0, True), (0.04, 25.0, False), (0.3, 10.0, False), (None, 25.0, True),
     (None, None, False)],
)  # fmt: skip
def test_what_is_over_at_once_has_no_preview(seconds: float | None, fps: float | None, planned: bool) -> None:
    facts = plain_facts(duration_seconds=seconds, fps=fps)
    assert [job.kind for job in after_probe(facts.as_json())] == ["pictures"] + ["preview", "fingerprint"] * planned


def test_fingerprints_never_stand_in_the_way_of_pictures_or_copies() -> None:
    own = KINDS[FINGERPRINT]
    others = [kind for name, kind in KINDS.items() if name != FINGERPRINT]
    assert own.lane == LONG
    assert all(own.urgency > kind.urgency for kind in others if kind.lane == LONG)
    missed = missed_fingerprint(plain_facts().as_json())
    assert missed is not None
    assert missed.urgency > own.urgency
    assert missed_fingerprint(plain_facts(video_codec="", width=None, height=None).as_json()) is None


def test_of_a_camera_s_recording_only_the_pictures_are_made() -> None:
    for facts in (plain_facts(), plain_facts(browser_plays=False)):
        assert [job.kind for job in after_probe(facts.as_json(), is_segment=True)] == ["pictures"]
