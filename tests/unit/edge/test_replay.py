"""Which frames a PLAY brings, and their marks, over any recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.edge.footage import Camera, Frame, Recording
from backend.edge.replay import Asked, Marked, replay
from backend.edge.timeline import JOINED
from backend.errors import HoldfastError, Unreadable

ZERO = datetime(2024, 1, 1, tzinfo=UTC)
CAMERA = Camera("yard", "Yard")
STEP = timedelta(milliseconds=500)
GROUP = 4


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


class Reel:
    """A camera that keeps two frames a second in memory; recordings of whole seconds, some of which break off."""

    def __init__(self, spans: Sequence[tuple[int, int]], broken: frozenset[str] = frozenset()) -> None:
        self.kept = [Recording(f"{start}", at(start), at(end)) for start, end in spans]
        self.broken = broken
        self.told: list[str] = []
        self.open = 0

    def cameras(self) -> Sequence[Camera]:
        return [CAMERA]

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        return self.kept

    def recordings_of(self, camera_tokens: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
        return dict.fromkeys(camera_tokens, self.kept)

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        self.open += 1
        try:
            count = (recording.ended_at - recording.started_at) // STEP
            first = max(0, min((since - recording.started_at) // STEP, count - 1)) // GROUP * GROUP
            for number in range(first, count):
                if recording.id in self.broken and number == count // 2:
                    raise Unreadable("It breaks off.")
                shown = recording.started_at + number * STEP
                yield Frame(shown, shown, number % GROUP == 0, (b"\x65",))
        finally:
            self.open -= 1

    def played(self, asked: Asked) -> list[Marked]:
        return [one for one in replay(self, CAMERA, asked, self.tell) if isinstance(one, Marked)]

    def tell(self, camera_token: str, recording: Recording, error: HoldfastError) -> None:
        self.told.append(recording.id)


def times(marked: Sequence[Marked]) -> list[float]:
    return [(one.frame.at - ZERO).total_seconds() for one in marked]


def test_a_range_without_length_brings_its_instant_from_the_keyframe_on() -> None:
    marked = Reel([(0, 10)]).played(Asked(at(3), at(3)))
    assert times(marked) == [2, 2.5, 3]
    assert marked[-1].marks.terminal
    assert not marked[-1].marks.end


def test_a_range_that_ends_with_a_recording_before_a_gap_has_the_end_mark() -> None:
    marked = Reel([(0, 2), (10, 12)]).played(Asked(at(0), at(5)))
    assert times(marked) == [0, 0.5, 1, 1.5]
    assert (marked[-1].marks.end, marked[-1].marks.terminal) == (True, True)


def test_a_range_within_a_gap_brings_nothing() -> None:
    assert not Reel([(0, 2), (10, 12)]).played(Asked(at(4), at(6)))


def test_keyframes_alone_come_as_far_apart_as_asked() -> None:
    asked = Asked(at(0), keyframes_only=True, keyframes_apart=timedelta(seconds=3))
    assert times(Reel([(0, 12)]).played(asked)) == [0, 4, 8]


def test_what_breaks_off_is_told_and_the_next_one_follows() -> None:
    reel = Reel([(0, 4), (4, 6)], frozenset({"0"}))
    marked = reel.played(Asked(at(0)))
    assert reel.told == ["0"]
    assert times(marked) == [0, 0.5, 1, 1.5, 4, 4.5, 5, 5.5]
    assert [one.marks.end for one in marked] == [False] * 3 + [True] + [False] * 3 + [True]
    assert [one.marks.discontinuity for one in marked] == [True] + [False] * 3 + [True] + [False] * 3


def test_closing_it_in_the_middle_closes_the_file() -> None:
    reel = Reel([(0, 10)])
    playing = replay(reel, CAMERA, Asked(at(0)), reel.tell)
    next(playing)
    assert reel.open == 1
    playing.close()  # type: ignore[attr-defined] # it is a generator
    assert reel.open == 0


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=6).map(
    lambda found: [(start, start + length) for start, length in found]
)


@given(spans, st.integers(-2, 70), st.none() | st.integers(0, 20), st.sets(st.integers(0, 60)))
def test_time_never_goes_back_and_marks_are_where_they_belong(
    found: list[tuple[int, int]], start: int, length: int | None, broken: set[int]
) -> None:
    reel = Reel(found, frozenset(map(str, broken)))
    end = None if length is None else at(start + length)
    marked = reel.played(Asked(at(start), end))
    assert reel.open == 0
    told = [one.frame.at for one in marked]
    assert told == sorted(set(told))
    assert all(end is None or one < max(end, at(start) + STEP) for one in told)
    for number, one in enumerate(marked):
        assert one.marks.clean == one.frame.is_keyframe
        assert one.marks.terminal == (number == len(marked) - 1)
    for one, following in pairwise(marked):
        assert one.marks.end == following.marks.discontinuity
        if following.frame.at - one.frame.at > STEP + JOINED and not broken:
            assert following.marks.discontinuity
    if marked:
        assert marked[0].marks.discontinuity
        assert marked[0].frame.is_keyframe
