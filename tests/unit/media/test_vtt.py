"""The WebVTT text covers the whole video, tile by tile, without holes."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.media.tiling import plan_for
from backend.media.vtt import storyboard_vtt
from tests.services.media_work import plain_facts

_CUE = re.compile(
    r"(\d\d+):([0-5]\d):([0-5]\d\.\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d\.\d{3})\n"
    r"storyboard/(\d+)\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)\n"
)


def test_text_is_what_players_read() -> None:
    storyboard = {"count": 3, "interval_seconds": 2.5, "columns": 2, "rows": 1, "tile_width": 160, "tile_height": 90}
    assert storyboard_vtt(storyboard, 6.25) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:02.500\nstoryboard/0.jpg#xywh=0,0,160,90\n\n"
        "00:00:02.500 --> 00:00:05.000\nstoryboard/0.jpg#xywh=160,0,160,90\n\n"
        "00:00:05.000 --> 00:00:06.250\nstoryboard/1.jpg#xywh=0,0,160,90\n"
    )


def test_a_duration_that_is_not_known_still_gives_every_cue_a_length() -> None:
    storyboard = {"count": 1, "interval_seconds": 1.0, "columns": 1, "rows": 1, "tile_width": 16, "tile_height": 16}
    assert "00:00:00.000 --> 00:00:01.000" in storyboard_vtt(storyboard, None)


@given(seconds=st.floats(min_value=0.02, max_value=400_000))
def test_cues_follow_each_other_from_nothing_to_the_end(seconds: float) -> None:
    plan = plan_for(plain_facts(), seconds)
    cues = [[float(word) for word in cue] for cue in _CUE.findall(storyboard_vtt(plan.as_json(), seconds))]
    spans = [(h * 3600 + m * 60 + s, hh * 3600 + mm * 60 + ss) for h, m, s, hh, mm, ss, *_ in cues]
    assert len(spans) == plan.count
    assert spans[0][0] == 0
    assert all(abs(before[1] - after[0]) < 1e-6 for before, after in pairwise(spans))
    assert all(start < end for start, end in spans)
    assert abs(spans[-1][1] - seconds) < 0.002 or spans[-1][1] - spans[-1][0] < 0.002
    places = {tuple(cue[6:]) for cue in cues}
    assert len(places) == plan.count
    assert {place[0] for place in places} == set(range(plan.sheets))


def test_nothing_is_shown_for_what_a_cut_off_file_lacks() -> None:
    board = {"sheets": ["storyboard-0.jpg"], "columns": 10, "rows": 10, "tile_width": 160, "tile_height": 90,
             "interval_seconds": 1.0, "count": 6}  # fmt: skip
    assert "00:00:05.000 --> 00:00:06.000" in storyboard_vtt(board, 60.0)
    assert "00:00:05.000 --> 00:00:06.300" in storyboard_vtt(board, 6.3)
