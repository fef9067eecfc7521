"""How moving pictures are encoded: sizes, rates, filters and bounds, without running anything."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Unreadable
from backend.media import encoding
from backend.media.encoding import Size
from backend.media.work import Allowance
from tests.services.media_work import plain_facts

RATE = Fraction(25)


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_a_size_within_bounds_is_even_fits_and_is_never_larger_than_the_source(width: int, height: int) -> None:
    size = encoding.size_within(plain_facts(width=width, height=height), 1920, 1080)
    assert size.width % 2 == size.height % 2 == 0
    assert max(size.width, size.height) <= 1920
    assert min(size.width, size.height) <= 1080
    assert size.width <= width + 1
    assert size.height <= height + 1


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((3840, 2160), Size(1920, 1080)),
        ((2160, 3840), Size(1080, 1920)),
        ((1280, 720), Size(1280, 720)),
        ((177, 99), Size(176, 98)),
        ((3840, 1080), Size(1920, 540)),
    ],
)
def test_pictures_that_stand_keep_1080_columns_as_those_that_lie_keep_1080_lines(
    shown: tuple[int, int], expected: Size
) -> None:
    assert encoding.size_within(plain_facts(width=shown[0], height=shown[1]), 1920, 1080) == expected


def test_a_height_keeps_the_shape_of_the_picture() -> None:
    assert encoding.size_of_height(plain_facts(), 720) == Size(1280, 720)
    assert encoding.size_of_height(plain_facts(width=1080, height=1920), 720) == Size(404, 720)


def test_a_file_without_a_known_size_is_unreadable_in_words() -> None:
    with pytest.raises(Unreadable, match="how large its picture is"):
        encoding.size_within(plain_facts(width=None, height=None), 1920, 1080)


@pytest.mark.parametrize(
    ("fps", "variable", "expected"),
    [
        (29.97, False, Fraction(30000, 1001)),
        (23.976, False, Fraction(24000, 1001)),
        (25.0, False, Fraction(25)),
        (12.5, False, Fraction(25, 2)),
        (1.0, False, Fraction(1)),
        (29.83, True, Fraction(30000, 1001)),
        (48.0, True, Fraction(48)),
        (240.0, False, Fraction(60)),
        (7.2, True, Fraction(30)),
        (None, False, Fraction(25)),
        (0.0, True, Fraction(25)),
    ],
)
def test_the_rate_is_the_average_or_the_standard_one_beside_it_and_at_most_60(
    fps: float | None, variable: bool, expected: Fraction
) -> None:
    assert encoding.frame_rate(plain_facts(fps=fps, variable_rate=variable)) == expected


def names(**changed: object) -> list[str]:
    return [name for name, _ in encoding.picture_steps(plain_facts(**changed), Size(1280, 720), RATE)]


def test_filters_that_a_picture_does_not_need_are_left_out() -> None:
    assert names() == ["fps", "scale", "setsar", "format"]


def test_interlaced_pictures_are_deinterlaced_before_lines_are_mixed_by_scaling() -> None:
    assert names(interlaced=True) == ["bwdif", "fps", "scale", "setsar", "format"]


def test_hdr_pictures_are_tone_mapped_after_scaling_as_that_is_slow() -> None:
    found = names(hdr=True)
    assert found.index("scale") < found.index("tonemap") < found.index("setsar")


def test_steps_are_written_as_ffmpeg_reads_them() -> None:
    steps = encoding.picture_steps(plain_facts(), Size(1280, 720), Fraction(30000, 1001))
    expected = "fps=fps=30000/1001:start_time=0,scale=w=1280:h=720:out_range=tv,setsar=sar=1,format=pix_fmts=yuv420p"
    assert encoding.as_text(steps) == expected


def test_of_many_unnamed_channels_the_first_two_are_taken() -> None:
    assert encoding.sound_filters(plain_facts(channels=16), 48_000).startswith("pan=stereo|c0=c0|c1=c1,")
    assert encoding.sound_filters(plain_facts(channels=6), 48_000).startswith("aresample=48000")


def test_of_what_the_source_says_about_itself_only_its_time_is_kept() -> None:
    at = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert encoding.only_time(plain_facts()) == {"map_metadata": -1, "map_chapters": -1}
    assert encoding.only_time(plain_facts(recorded_at=at))["metadata"] == "creation_time=2024-05-06T07:08:09+00:00"


def test_a_run_may_take_what_the_allowance_says_and_never_longer() -> None:
    allowance = Allowance(threads=2, memory_bytes=7, longest_seconds=100)
    bounds = encoding.limits(allowance, 5)
    assert (bounds.seconds, bounds.memory_bytes, bounds.output_bytes) == (100, 7, 5)
    assert bounds.cpu_seconds >= 200
    assert encoding.limits(allowance, 5, seconds=30).seconds == 30
    assert encoding.limits(allowance, 5, seconds=300).seconds == 100


def test_the_output_may_hold_its_whole_length_at_the_highest_rate() -> None:
    assert encoding.output_bytes(plain_facts(duration_seconds=3600), 0, 8_000_000) >= 3600 * 1_000_000
    assert encoding.output_bytes(plain_facts(duration_seconds=None), 10**9, 8_000_000) >= 10**9


def test_a_vp9_film_that_would_take_hours_is_made_faster() -> None:
    short = encoding.vp9(Size(1280, 720), RATE, 60)
    assert (short["deadline"], short["cpu-used"]) == ("good", 5)
    for seconds in (7200, None):
        assert encoding.vp9(Size(1280, 720), RATE, seconds)["deadline"] == "realtime"
