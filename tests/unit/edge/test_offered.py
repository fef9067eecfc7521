"""The footage over the book of offers: what is there, what is gone, and how often a file is looked at."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.edge.footage import Frame, NotYet, Recording
from backend.edge.offered import Indexes, OfferedFootage
from backend.errors import MediaError, MediaStopped
from backend.log import UploadLog
from backend.offers.book import Book
from backend.offers.entries import Codec, Offer
from backend.offers.index import Index
from backend.offers.nal import ParameterSets
from tests.services.waiting import wait_until
from tests.unit.offers.films import kept_film

Result = TypeVar("Result")
START = datetime(2024, 1, 1, tzinfo=UTC)
TOOLS = Confinement()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    layout = Layout(tmp_path / "storage")
    layout.prepare()
    return Book(layout)


@pytest.fixture
def footage(book: Book, tmp_path: Path) -> Iterator[OfferedFootage]:
    with closing(OfferedFootage(book, TOOLS, UploadLog(tmp_path / "logs"))) as found:
        yield found


def offered(book: Book, video_id: str, second: float, *, lasts: float = 2, codec: Codec = "H264") -> Offer:
    """Two seconds of ten frames each."""
    path = kept_film(book.layout.uploads / "p" / f"{video_id}.mp4")
    token = book.camera("camera:yard", "Yard", codec, width=96, height=64, frames_per_second=10).token
    start = START + timedelta(seconds=second)
    end = start + timedelta(seconds=lasts)
    offer = Offer(video_id, token, start, end, path.relative_to(book.layout.root).as_posix(), prepared=False)
    book.claim(token, video_id, path.name, start, end)
    book.offer(offer)
    return offer


def frames(footage: OfferedFootage, offer: Offer, since: datetime = START) -> list[Frame]:
    recording = Recording(offer.video_id, offer.start_at, offer.end_at)
    return waited(lambda: list(footage.frames(offer.camera_token, recording, since)))


def waited(ask: Callable[[], Result]) -> Result:
    """What it gives once it is known."""
    while True:
        try:
            return ask()
        except NotYet as wait:
            wait.done.result(60)


def test_recordings_come_and_go_as_they_are_offered_and_withdrawn(book: Book, footage: OfferedFootage) -> None:
    assert footage.cameras() == []
    first, second = offered(book, "a1", 0), offered(book, "b2", 20)
    (camera,) = footage.cameras()
    assert (camera.token, camera.name, camera.codec) == (first.camera_token, "Yard", "H264")
    assert (camera.width, camera.height, camera.frames_per_second) == (96, 64, 10)
    listed = footage.recordings(camera.token)
    assert listed == [Recording("a1", first.start_at, first.end_at), Recording("b2", second.start_at, second.end_at)]
    book.withdraw("a1")
    book.verified("b2")
    assert footage.recordings(camera.token) == []
    assert len(footage.cameras()) == 1, "a channel that the VMS knows goes"
    assert footage.recordings("nobody") == []


def test_a_file_that_cannot_be_looked_at_is_told_and_hides_no_other(
    book: Book, footage: OfferedFootage, tmp_path: Path
) -> None:
    first, second = offered(book, "a1", 0), offered(book, "b2", 20)
    # As a disk's fault, but for its number: that no file is there is an answer, that a name is too long is none.
    book.offer(replace(first, path=f"uploads/p/{'x' * 300}.mp4"))
    for _ in range(3):
        assert [one.id for one in footage.recordings(second.camera_token)] == ["b2"]
    (line,) = told(tmp_path)
    assert "xxx.mp4" in line


def test_a_disk_that_is_away_does_not_fill_the_log(book: Book, footage: OfferedFootage, tmp_path: Path) -> None:
    first = offered(book, "a1", 0)
    for number in range(50):
        book.pages.write_offer(replace(first, video_id=f"b{number}", path=f"uploads/p/{'x' * 300}{number}.mp4"))
    for _ in range(3):
        assert [one.id for one in footage.recordings(first.camera_token)] == ["a1"]
    assert len(told(tmp_path)) == 20


def told(folder: Path) -> list[str]:
    lines = (folder / "logs" / "video_uploads.log").read_text().splitlines()
    return [one for one in lines if "edge_offer_unreadable" in one]


def test_each_frame_has_the_instant_of_its_recording(book: Book, footage: OfferedFootage) -> None:
    offer = offered(book, "a1", 100)
    assert [one.at for one in frames(footage, offer)] == [offer.start_at + timedelta(seconds=n / 10) for n in range(20)]


def test_what_is_over_the_end_is_not_sent(book: Book, footage: OfferedFootage) -> None:
    offer = offered(book, "a1", 0, lasts=1.45)
    assert frames(footage, offer)[-1].at == START + timedelta(seconds=1.4)


def test_a_file_that_went_is_no_recording_and_an_error_to_who_reads_it(book: Book, footage: OfferedFootage) -> None:
    gone, there = offered(book, "a1", 0), offered(book, "b2", 20)
    book.layout.absolute(gone.path).unlink()
    assert [one.id for one in footage.recordings(gone.camera_token)] == [there.video_id]
    with pytest.raises(MediaError, match="cannot be opened"):
        frames(footage, gone)
    book.withdraw("b2")
    with pytest.raises(MediaError, match="not offered"):
        frames(footage, there)


def test_a_reader_in_the_middle_keeps_its_file(book: Book, footage: OfferedFootage) -> None:
    offer = offered(book, "a1", 0)
    frames(footage, offer)
    reading = footage.frames(offer.camera_token, Recording("a1", offer.start_at, offer.end_at), START)
    next(reading)
    book.withdraw("a1")
    book.layout.absolute(offer.path).unlink()
    assert len(list(reading)) == 19


def test_a_file_of_another_codec_than_its_cameras_is_never_sent(book: Book, footage: OfferedFootage) -> None:
    with pytest.raises(MediaError, match="H264, but its camera announces H265"):
        frames(footage, offered(book, "a1", 0, codec="H265"))


def test_an_offer_that_makes_no_sense_is_told_and_others_are_shown(
    book: Book, footage: OfferedFootage, tmp_path: Path
) -> None:
    good, bad = offered(book, "a1", 0), offered(book, "b2", 20)
    (book.layout.edge / "offers" / f"{bad.video_id}.json").write_bytes(b"{")
    assert [one.id for one in footage.recordings(good.camera_token)] == ["a1"]
    assert "metadata/edge/offers/b2.json" in (tmp_path / "logs" / "video_uploads.log").read_text()


def an_index(frames: int) -> Index:
    numbers = array("q", range(frames))
    sets = ParameterSets("H264", 4, ())
    return Index(sets, 96, 64, Fraction(1, 10), Fraction(0), frames, True, numbers, numbers, numbers, numbers, numbers)


class Looks:
    """Looks at files of so many frames, and keeps which."""

    def __init__(self, frames: int) -> None:
        self.frames, self.seen = frames, list[Path]()

    def __call__(self, path: Path, should_stop: Callable[[], bool]) -> Index:
        self.seen.append(path)
        return an_index(self.frames)


def files(folder: Path, count: int) -> list[Path]:
    found = [folder / str(number) for number in range(count)]
    for one in found:
        one.write_bytes(b"film")
    return found


def test_a_file_is_looked_at_once_until_it_is_another_one(tmp_path: Path) -> None:
    looks = Looks(10)
    (path,) = files(tmp_path, 1)
    with closing(Indexes(looks)) as indexes:
        assert waited(lambda: indexes.of(path)) is indexes.of(path)
        path.write_bytes(b"another film")
        waited(lambda: indexes.of(path))
    assert looks.seen == [path, path]


def test_those_asked_for_last_are_kept_within_the_bound(tmp_path: Path) -> None:
    looks = Looks(10)
    first, second, third = files(tmp_path, 3)
    with closing(Indexes(looks, most_frames=25)) as indexes:
        for one in (first, second, first, third, first, third):
            waited(partial(indexes.of, one))
        assert looks.seen == [first, second, third]
        waited(lambda: indexes.of(second))
    assert looks.seen == [first, second, third, second]


def test_one_larger_than_the_bound_is_kept_until_the_next(tmp_path: Path) -> None:
    looks = Looks(100)
    (path,) = files(tmp_path, 1)
    with closing(Indexes(looks, most_frames=25)) as indexes:
        assert waited(lambda: indexes.of(path)) is indexes.of(path)
    assert looks.seen == [path]


def test_all_who_ask_meanwhile_wait_for_one_look_and_none_of_them_in_it(tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)
    go_on, looks = threading.Event(), Looks(10)

    def look(seen: Path, should_stop: Callable[[], bool]) -> Index:
        assert go_on.wait(20)
        return looks(seen, should_stop)

    with closing(Indexes(look)) as indexes:
        waits = []
        for _ in range(3):
            with pytest.raises(NotYet) as raised:
                indexes.of(path)
            waits.append(raised.value.done)
        go_on.set()
        for one in waits:
            one.result(20)
        assert indexes.of(path) is indexes.of(path)
    assert looks.seen == [path]


def test_a_look_that_fails_is_an_answer_to_those_who_waited_and_another_one_is_made_later(tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)
    looks, now = Looks(10), [100.0]

    def look(seen: Path, should_stop: Callable[[], bool]) -> Index:
        found = looks(seen, should_stop)
        if len(looks.seen) == 1:
            raise MediaError("A fault.")
        return found

    with closing(Indexes(look, clock=lambda: now[0])) as indexes:
        for _ in range(2):
            with pytest.raises(MediaError, match="A fault"):
                waited(lambda: indexes.of(path))
        assert looks.seen == [path]
        now[0] += 11
        assert waited(lambda: indexes.of(path)) is indexes.of(path)
    assert looks.seen == [path, path]


def test_a_look_that_breaks_is_told_to_those_who_waited(tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)

    def look(seen: Path, should_stop: Callable[[], bool]) -> Index:
        raise ValueError("It was no JSON.")

    with closing(Indexes(look)) as indexes:
        with pytest.raises(NotYet) as raised:
            indexes.of(path)
        with pytest.raises(ValueError, match="no JSON"):
            raised.value.done.result(20)
        with pytest.raises(MediaError, match="could not be looked at"):
            indexes.of(path)


def test_closing_ends_the_look_under_way(tmp_path: Path) -> None:
    looking, stopped = threading.Event(), list[Path]()

    def look(seen: Path, should_stop: Callable[[], bool]) -> Index:
        looking.set()
        wait_until(should_stop, "being told to stop")
        stopped.append(seen)
        raise MediaStopped("It was stopped.")

    (path,) = files(tmp_path, 1)
    with closing(Indexes(look)) as indexes:
        with pytest.raises(NotYet):
            indexes.of(path)
        assert looking.wait(20)
    assert stopped == [path]
