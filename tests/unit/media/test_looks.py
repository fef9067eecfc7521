"""Which of many frames is the best picture of a video."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.media.looks import BYTES, WIDTH, Look, best_first, look, looks

BLACK, WHITE = bytes(BYTES), b"\xff" * BYTES
SCENE = bytes((x * 7 + y * 29) % 200 + 20 for y in range(BYTES // WIDTH) for x in range(WIDTH))


def faded(frame: bytes, share: float) -> bytes:
    return bytes(round(value * share) for value in frame)


def blurred(frame: bytes) -> bytes:
    return bytes(sum(frame[max(0, n - 12) : n + 13]) // len(frame[max(0, n - 12) : n + 13]) for n in range(BYTES))


def best(*frames: bytes) -> int:
    return best_first([look(frame) for frame in frames], [0.3] * len(frames))[0]


def test_black_white_and_flat_frames_are_blank_and_a_dim_scene_is_not() -> None:
    assert look(BLACK).is_blank
    assert look(WHITE).is_blank
    assert look(b"\x60" * BYTES).is_blank
    assert not look(faded(SCENE, 0.15)).is_blank


def test_a_scene_wins_over_what_is_blank_faded_or_blurred() -> None:
    for worse in (BLACK, WHITE, faded(SCENE, 0.2), blurred(SCENE)):
        assert best(worse, SCENE, worse) == 1


def test_of_equal_frames_one_from_the_first_half_but_not_the_beginning_wins() -> None:
    shares = [n / 20 for n in range(20)]
    assert best_first([look(SCENE)] * 20, shares)[0] == 2


def test_a_good_frame_at_the_very_end_wins_over_blank_ones_elsewhere() -> None:
    seen = [look(BLACK)] * 19 + [look(faded(SCENE, 0.4))]
    assert best_first(seen, [n / 20 for n in range(20)])[0] == 19


def test_a_frame_that_was_cut_off_is_none() -> None:
    assert len(looks(BLACK + SCENE + SCENE[:-1])) == 2
    assert looks(b"") == []


levels = st.floats(min_value=0, max_value=255)


@given(
    seen=st.lists(st.builds(Look, levels, st.floats(0, 128), st.floats(0, 255)), max_size=30),
    share=st.floats(min_value=0, max_value=2),
)
def test_every_frame_is_ranked_and_blank_ones_last(seen: list[Look], share: float) -> None:
    order = best_first(seen, [share] * len(seen))
    assert sorted(order) == list(range(len(seen)))
    blank = [seen[number].is_blank for number in order]
    assert blank == sorted(blank)
