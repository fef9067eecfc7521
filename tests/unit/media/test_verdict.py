"""What is looked at before something is called made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.errors import Unreadable
from backend.media import verdict
from backend.media.encoding import Size
from backend.media.verdict import Seen, Stream
from tests.services.media_work import plain_facts


def picture(seconds: float | None = 60.0, codec: str = "h264") -> Stream:
    return Stream(codec, "High", 40, 1280, 720, 0.0, seconds, None)


def sound(seconds: float | None = 60.0, codec: str = "aac") -> Stream:
    return Stream(codec, "LC", 0, 0, 0, 0.0, seconds, None)


WHOLE = Seen(picture(), sound(), 60.0)


def check(made: Seen, size: Size | None = None) -> None:
    verdict.check_codecs(made, plain_facts(), "h264", "aac", size)


def test_what_is_whole_passes() -> None:
    check(WHOLE, Size(1280, 720))
    verdict.check_lengths(WHOLE, WHOLE, 60.0)
    verdict.check_lengths(WHOLE, Seen(picture(59.0), sound(58.5), 59.0), 60.0)


def test_a_missing_part_is_told_in_seconds() -> None:
    with pytest.raises(Unreadable, match="Only 12 s of 60 s of the file could be decoded"):
        verdict.check_lengths(Seen(picture(None), sound(None), 60.0), Seen(picture(12), sound(12), 12.0), 60.0)


def test_a_picture_that_stops_is_found_though_the_sound_goes_on() -> None:
    with pytest.raises(Unreadable, match="Only 12 s of 60 s of the picture"):
        verdict.check_lengths(WHOLE, Seen(picture(12), sound(), 60.0), 60.0)


def test_a_sound_that_stops_is_found_though_the_picture_goes_on() -> None:
    with pytest.raises(Unreadable, match="Only 3 s of 60 s of the sound"):
        verdict.check_lengths(WHOLE, Seen(picture(), sound(3), 60.0), 60.0)


def test_a_result_without_a_length_is_not_called_whole() -> None:
    with pytest.raises(Unreadable, match="Only 0 s of 60 s"):
        verdict.check_lengths(Seen(None, None, None), Seen(None, None, None), 60.0)


def test_a_source_that_does_not_tell_its_length_is_not_judged_by_it() -> None:
    verdict.check_lengths(Seen(picture(None), sound(None), None), WHOLE, None)


def test_what_is_missing_or_of_another_kind_is_not_called_made() -> None:
    with pytest.raises(Unreadable, match="The sound of this file could not be decoded"):
        check(Seen(picture(), None, 60.0))
    with pytest.raises(Unreadable, match="came out as hevc, not as h264"):
        check(Seen(picture(codec="hevc"), sound(), 60.0))
    with pytest.raises(Unreadable, match="came out as 1280×720, not as 640×360"):
        check(WHOLE, Size(640, 360))


def test_a_copied_picture_that_begins_late_or_hides_frames_is_not_called_made() -> None:
    fine = replace(picture(60), frames=1500)
    verdict.check_copy(fine, 25.0)
    verdict.check_copy(fine, None)
    with pytest.raises(Unreadable, match="begins later than its sound"):
        verdict.check_copy(replace(fine, begin=1.0), 25.0)
    with pytest.raises(Unreadable, match="frames that are not to be shown"):
        verdict.check_copy(replace(fine, frames=1600), 25.0)
