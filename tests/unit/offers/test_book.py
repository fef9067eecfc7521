"""The book of offers: whose time is taken, whatever dies and whoever comes at once."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.disk import atomic
from backend.disk.layout import Layout
from backend.errors import DiskFault, Unsupported
from backend.offers import claims, pages
from backend.offers.book import Book, BroughtBack, token_of
from backend.offers.entries import Offer, Overlap, State

START = datetime(2024, 3, 5, 23, 59, 50, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def offered(book: Book, video_id: str, token: str, start: float, end: float, *, prepared: bool = False) -> Offer:
    offer = Offer(video_id, token, at(start), at(end), f"uploads/{video_id}.mp4", prepared)
    if prepared:
        made = book.pages.prepared_of(video_id)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(b"film")
        offer = replace(offer, path=made.relative_to(book.layout.root).as_posix())
    book.claim(token, video_id, f"{video_id}.mp4", offer.start_at, offer.end_at)
    book.offer(offer)
    return offer


def files(layout: Layout) -> list[str]:
    return sorted(path.relative_to(layout.edge).as_posix() for path in layout.edge.rglob("*") if path.is_file())


def test_cameras_keep_their_numbers_their_tokens_and_the_codec_of_the_first_recording(book: Book) -> None:
    yard = book.camera("camera:yard", "Yard", "H264", width=640, height=480, frames_per_second=12.5)
    hall = book.camera("camera:hall", "Hall", "H265")
    again = book.camera("camera:yard", "The yard", "H265", width=1, height=1)
    assert again == replace(yard, name="The yard")
    assert [one.number for one in book.cameras()] == [0, 1]
    assert list(Book(book.layout).cameras()) == [again, hall]
    assert book.known("camera:hall") == hall
    assert book.known("camera:gate") is None


@pytest.mark.parametrize("key", ["", "camera:" + "x" * 300, "Höf/../🎥", "a\ud800b"])
def test_a_token_can_stand_in_addresses_and_follows_from_the_key_alone(key: str) -> None:
    token = token_of(key)
    assert token == token_of(key)
    assert token != token_of(key + "!")
    assert token.replace("-", "").isalnum()
    assert token.isascii()
    assert len(token) <= 60


def test_an_overlap_is_refused_in_words_that_name_the_other_and_both_times(book: Book) -> None:
    book.claim("yard", "a1", "first.mp4", at(0), at(20))
    with pytest.raises(Overlap) as refused:
        book.claim("yard", "b2", "second.mp4", at(18.5), at(30))
    words = refused.value.message
    for told in ("first.mp4", "second.mp4", "2024-03-05 23:59:50.000 UTC", "2024-03-06 00:00:10.000 UTC",
                 "2024-03-06 00:00:08.500 UTC", "2024-03-06 00:00:20.000 UTC"):  # fmt: skip
        assert told in words
    assert isinstance(refused.value, Unsupported)
    assert refused.value.detail == {"video_id": "a1"}
    assert book.claimed("b2") is None


@pytest.mark.parametrize(("start", "end"), [(-5, 1.001), (5, 6), (-5, 30), (19, 20), (0, 20), (0, 21)])
def test_no_part_of_a_time_can_be_taken_twice(book: Book, start: float, end: float) -> None:
    book.claim("yard", "a1", "first.mp4", at(0), at(20))
    with pytest.raises(Overlap):
        book.claim("yard", "b2", "second.mp4", at(start), at(end))


def test_times_that_touch_and_other_cameras_do_not_stand_in_the_way(book: Book) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(20))
    book.claim("yard", "b2", "b.mp4", at(20), at(30))
    book.claim("yard", "c3", "c.mp4", at(-10), at(0))
    book.claim("hall", "d4", "d.mp4", at(5), at(25))
    assert all(book.claimed(video_id) for video_id in ("a1", "b2", "c3", "d4"))


def test_clips_that_follow_each_other_as_well_as_clocks_can_tell_do_not_overlap(book: Book) -> None:
    """A file's time is of whole seconds, and a minute's clip lasts a frame or two more."""
    book.claim("yard", "a1", "a.mp4", at(0), at(60.04))
    book.claim("yard", "b2", "b.mp4", at(60), at(120.08))
    book.claim("yard", "c3", "c.mp4", at(-59), at(1))
    assert all(book.claimed(video_id) for video_id in ("a1", "b2", "c3"))


@pytest.mark.parametrize(("start", "end"), [(59.9, 61.9), (59, 60.04), (59.6, 60.2)])
def test_what_would_be_cut_away_in_good_part_overlaps(book: Book, start: float, end: float) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(60.5))
    with pytest.raises(Overlap):
        book.claim("yard", "b2", "b.mp4", at(start), at(end))


def test_the_refusal_says_what_helps(book: Book) -> None:
    book.claim("yard", "a1", "first.mp4", at(0), at(20))
    with pytest.raises(Overlap, match=r"If first\.mp4 has, delete it and empty the trash"):
        book.claim("yard", "b2", "second.mp4", at(5), at(25))
    book.withdraw("a1")
    book.claim("yard", "b2", "second.mp4", at(5), at(25))
    book.asked("b2")
    with pytest.raises(Overlap, match=r"may have its pictures.*deleting it here does not free its time"):
        book.claim("yard", "c3", "third.mp4", at(5), at(25))


def test_the_same_bytes_at_the_same_time_are_the_same_recording(book: Book) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(20), sha256="5a")
    book.claim("yard", "b2", "b.mp4", at(0), at(20), sha256="5a")
    assert not book.was_asked("b2")
    book.asked("a1")
    assert book.was_asked("b2"), "what the VMS has of the one it has of the other"
    book.withdraw("b2")
    assert book.was_asked("a1")
    for sha256, end in (("6b", 20), ("5a", 19), ("", 20)):
        with pytest.raises(Overlap):
            book.claim("yard", "c3", "c.mp4", at(0), at(end), sha256=sha256)


def test_what_the_vms_was_asked_for_keeps_its_time_whatever_becomes_of_the_video(book: Book) -> None:
    offered(book, "a1", "yard", 0, 20, prepared=True)
    assert not book.was_asked("a1")
    assert [book.asked("a1"), book.asked("a1")] == [True, False]
    book.withdraw("a1")
    assert book.on_offer() == []
    assert not book.pages.prepared_of("a1").exists()
    assert book.was_asked("a1")
    with pytest.raises(Overlap):
        book.claim("yard", "b2", "b.mp4", at(5), at(6))


def test_a_vms_that_said_no_was_not_asked(book: Book) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(20))
    book.asked("a1")
    book.not_asked("a1")
    assert not book.was_asked("a1")
    book.withdraw("a1")
    book.claim("yard", "b2", "b.mp4", at(5), at(6))
    for change in (book.asked, book.not_asked):
        change("nobody")
    assert not book.was_asked("nobody")


def test_cameras_keep_their_numbers_though_the_book_is_lost(book: Book) -> None:
    yard, hall = book.camera("camera:yard", "Yard", "H264"), book.camera("camera:hall", "Hall", "H265")
    shutil.rmtree(book.layout.edge)
    assert list(Book(book.layout).cameras()) == [yard, hall]
    gate = Book(book.layout).camera("camera:gate", "Gate", "H264")
    assert gate.number == 2, "footage of the gate would go to the yard's channel"
    assert Book(book.layout).camera("camera:hall", "Hall", "H264") == hall
    shutil.rmtree(book.layout.edge)
    assert [one.number for one in book.cameras()] == [0, 1, 2]


@pytest.mark.parametrize("double", [Book.double_cameras, lambda book: book.camera("camera:yard", "Yard", "H264")])
def test_a_book_from_before_gets_the_copy_of_its_cameras(book: Book, double: Callable[[Book], object]) -> None:
    book.double_cameras()
    yard = book.camera("camera:yard", "Yard", "H264")
    for path in book.layout.uploads.iterdir():
        path.unlink()
    double(book)
    shutil.rmtree(book.layout.edge)
    assert book.known("camera:yard") == yard


def test_a_backup_brings_back_whose_channel_is_whose_and_what_the_vms_was_asked_for(book: Book) -> None:
    yard, hall = book.camera("camera:yard", "Yard", "H264"), book.camera("camera:hall", "Hall", "H265")
    offered(book, "a1", yard.token, 0, 20)
    book.verified("a1")
    offered(book, "b2", yard.token, 30, 40)
    offered(book, "d4", yard.token, 50, 60)
    book.asked("d4")
    unread = spoil(book, "d4")
    heard: list[DiskFault] = []
    told = list(book.pages.told(heard.append))
    assert {next(name for name in unread if name in one.message) for one in heard} == unread
    for path in (book.layout.edge, book.layout.uploads):
        shutil.rmtree(path)
    book.camera("camera:gate", "Gate", "H264")
    assert book.bring_back(told) == BroughtBack(1, 1, [("Yard", "Gate")])
    assert book.known("camera:hall") == hall
    with pytest.raises(Overlap):
        book.claim(yard.token, "c3", "c.mp4", at(5), at(6))
    assert book.was_asked("a1")
    assert not book.claimed("b2")
    assert book.bring_back(told) == BroughtBack(0, 0, [("Yard", "Gate")])


def test_whoever_sends_meanwhile_waits_for_a_part_of_what_is_brought_back(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.camera("camera:yard", "Yard", "H264")
    for number in range(5):
        book.claim("yard", f"v{number}", "a.mp4", at(number * 10), at(number * 10 + 10))
        book.asked(f"v{number}")
    told = list(book.pages.told(lambda _: None))
    shutil.rmtree(book.layout.edge)
    monkeypatch.setattr("backend.offers.book._AT_ONCE", 2)
    times, writing = list[None](), Book._writing

    def counted(one: Book) -> AbstractContextManager[None]:
        times.append(None)
        return writing(one)

    monkeypatch.setattr(Book, "_writing", counted)
    assert book.bring_back(told).claims == 5
    assert len(times) == 1 + 3
    assert all(book.claimed(f"v{number}") for number in range(5))


def test_what_a_kill_left_is_found(tmp_path: Path) -> None:
    """An offer, a copy, or a claim that the VMS was never asked for: something is left, or nothing is."""
    acts: list[Callable[[Book], object]] = [
        lambda book: offered(book, "a1", "yard", 0, 20, prepared=True),
        lambda book: book.withdraw("a1"),
    ]
    ready = step_by_step(tmp_path / "a", lambda _: None, acts[0])
    gone = step_by_step(tmp_path / "b", acts[0], acts[1])
    for book in (*ready, *gone):
        if left(book):
            assert left(book) == {"a1"}
            book.withdraw("a1")
        assert [name for name in files(book.layout) if not name.startswith("claims/")] == []
        book.claim("yard", "b2", "b.mp4", at(0), at(20))
        assert left(book) == {"b2"}
        book.asked("b2")
        assert left(book) == set()


def test_pages_that_cannot_be_read_are_told_and_keep_nobody_from_tidying(book: Book) -> None:
    offered(book, "a1", "yard", 0, 20)
    book.claim("yard", "b2", "b.mp4", at(30), at(40))
    book.claim("yard", "c3", "c.mp4", at(50), at(60))
    unread, heard = spoil(book, "b2"), list[DiskFault]()
    for folder in ("offers", "prepared"):
        (book.layout.edge / folder).mkdir(exist_ok=True)
        (book.layout.edge / folder / "a b.json").write_text("{}")
        (book.layout.edge / folder / "a b.mp4").write_text("film")
    assert book.left(heard.append) == {"a1", "c3"}
    assert {next(name for name in unread if name in one.message) for one in heard} == unread
    assert [one.video_id for one in book.offers("yard")] == ["a1"]


def left(book: Book) -> set[str]:
    """With every page readable."""

    def tell(error: DiskFault) -> None:
        raise error

    return book.left(tell)


def spoil(book: Book, video_id: str) -> set[str]:
    """The video's claim, and beside it a file that is none; how both are called."""
    place = book.layout.edge / "videos" / video_id[:2] / f"{video_id}.json"
    place.write_text("{")
    stray = place.with_name("a b.json")
    stray.write_text("{}")
    return {one.relative_to(book.layout.root).as_posix() for one in (place, stray)}


def test_a_claim_outlives_its_offer_and_the_video(book: Book) -> None:
    offered(book, "a1", "yard", 0, 20)
    book.verified("a1")
    book.verified("a1")
    claim = book.claimed("a1")
    assert claim is not None
    assert claim.state is State.VERIFIED
    assert book.offers("yard") == []
    with pytest.raises(Overlap):
        book.claim("yard", "b2", "b.mp4", at(5), at(6))
    book.withdraw("a1")
    with pytest.raises(Overlap):
        book.claim("yard", "b2", "b.mp4", at(5), at(6))
    offered(book, "c3", "yard", 30, 40, prepared=True)
    book.withdraw("c3")
    book.withdraw("c3")
    assert not any("c3" in name for name in files(book.layout))
    book.claim("yard", "b2", "b.mp4", at(30), at(40))


def test_what_was_prepared_goes_with_its_offer(book: Book) -> None:
    for video_id, gone in (("a1", book.verified), ("b2", book.withdraw)):
        offer = offered(book, video_id, video_id, 0, 1, prepared=True)
        assert book.layout.absolute(offer.path).is_file()
        gone(video_id)
        assert not book.layout.absolute(offer.path).exists()
        assert book.offered(video_id) is None


def test_the_same_video_claims_again_and_may_move(book: Book) -> None:
    first = book.claim("yard", "a1", "a.mp4", at(0), at(20))
    assert book.claim("yard", "a1", "a.mp4", at(0), at(20)) == first
    book.claim("hall", "a1", "a.mp4", at(5), at(25))
    book.claim("yard", "b2", "b.mp4", at(0), at(20))
    with pytest.raises(Overlap):
        book.claim("hall", "c3", "c.mp4", at(24), at(26))


def test_what_was_verified_can_be_offered_again(book: Book) -> None:
    offer = offered(book, "a1", "yard", 0, 20)
    book.verified("a1")
    assert book.claim("yard", "a1", "a1.mp4", at(0), at(20)).state is State.VERIFIED
    book.offer(offer)
    claim = book.claimed("a1")
    assert claim is not None
    assert claim.state is State.ASKED
    assert book.offers("yard") == [offer]


def test_nothing_is_offered_without_its_time(book: Book) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(20))
    with pytest.raises(ValueError, match="no claim"):
        book.offer(Offer("a1", "yard", at(0), at(21), "uploads/a.mp4", prepared=False))
    assert book.offered("a1") is None


def test_more_than_a_month_is_no_recording(book: Book) -> None:
    with pytest.raises(Unsupported, match="31 days"):
        book.claim("yard", "a1", "a.mp4", at(0), at(32 * 86400))


def test_another_process_sees_new_offers_in_order_and_no_withdrawn_ones(book: Book) -> None:
    reader = Book(book.layout)
    assert reader.offers("yard") == []
    later, sooner = offered(book, "a1", "yard", 20, 30), offered(book, "b2", "yard", 0, 20)
    offered(book, "c3", "hall", 0, 20)
    assert reader.offers("yard") == [sooner, later]
    book.withdraw("b2")
    moved = offered(book, "a1", "yard", 40, 50)
    assert reader.offers("yard") == [moved]


def test_a_page_that_makes_no_sense_is_told_and_takes_no_other_with_it(book: Book) -> None:
    good = offered(book, "a1", "yard", 0, 20)
    offered(book, "b2", "yard", 20, 30)
    place = book.layout.edge / "offers" / "b2.json"
    place.write_text(json.dumps({"video_id": "b2"}))
    told: list[str] = []
    assert book.offers("yard", lambda error: told.append(error.message)) == [good]
    assert "metadata/edge/offers/b2.json" in told[0]
    with pytest.raises(DiskFault):
        book.offers("yard")


def test_a_claim_that_cannot_be_read_is_no_free_time(book: Book) -> None:
    book.claim("yard", "a1", "a.mp4", at(0), at(20))
    (book.layout.edge / "videos" / "a1" / "a1.json").write_text("{")
    with pytest.raises(DiskFault, match="backup"):
        book.claim("yard", "b2", "b.mp4", at(5), at(6))


def test_of_two_processes_that_want_the_same_time_one_gets_it(layout: Layout) -> None:
    fork = multiprocessing.get_context("fork")
    begin, answers = fork.Barrier(2), fork.SimpleQueue()

    def take(name: str) -> None:
        won = []
        begin.wait(30)
        for number in range(20):
            # Half of each second is the other's too.
            shift = 0.5 if name == "a" else 0.0
            try:
                Book(layout).claim("yard", f"{name}{number}", name, at(2 * number + shift), at(2 * number + 1 + shift))
                won.append(number)
            except Overlap:
                pass
        answers.put(won)

    both = [fork.Process(target=take, args=(name,), daemon=True) for name in "ab"]
    for one in both:
        one.start()
    first, second = answers.get(), answers.get()
    for one in both:
        one.join(30)
    assert sorted([*first, *second]) == list(range(20))


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], bool]:
    """From here on the process dies before its next step on the disk but `after`; tells whether it died."""
    left, died = [after], [False]

    def stepping(step: Callable[..., object]) -> Callable[..., object]:
        def one(*arguments: object, **named: object) -> object:
            if left[0] <= 0:
                died[0] = True
                raise Killed
            left[0] -= 1
            return step(*arguments, **named)

        return one

    for module in (claims, pages):
        for name in ("discard", "fsync_folder", "make_folder", "replace", "write_new"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, stepping(getattr(atomic, name)))
    return lambda: died[0]


def step_by_step(tmp_path: Path, before: Callable[[Book], object], act: Callable[[Book], object]) -> list[Book]:
    """Books left by a death before each step of `act`."""
    found: list[Book] = []
    while True:
        layout = Layout(tmp_path / str(len(found)))
        layout.prepare()
        before(Book(layout))
        with pytest.MonkeyPatch.context() as patch:
            died = dying(patch, len(found))
            with suppress(Killed):
                act(Book(layout))
            if not died():
                return found
        found.append(Book(layout))


def test_killed_while_it_claims_the_time_is_taken_whole_or_free(tmp_path: Path) -> None:
    left = step_by_step(tmp_path, lambda _: None, lambda book: book.claim("yard", "a1", "a.mp4", at(0), at(20)))
    taken = []
    for book in left:
        claim = book.claimed("a1")
        taken.append(claim is not None)
        if claim is None:
            book.claim("yard", "b2", "b.mp4", at(5), at(25))
            with pytest.raises(Overlap):
                book.claim("yard", "a1", "a.mp4", at(0), at(20))
        else:
            with pytest.raises(Overlap):
                book.claim("yard", "b2", "b.mp4", at(5), at(25))
    assert len(left) >= 6
    assert False in taken


def test_killed_while_it_moves_no_time_is_held_that_nobody_has(tmp_path: Path) -> None:
    left = step_by_step(
        tmp_path,
        lambda book: book.claim("yard", "a1", "a.mp4", at(0), at(5)),
        lambda book: book.claim("yard", "a1", "a.mp4", at(3), at(8)),
    )
    for book in left:
        claim = book.claimed("a1")
        assert claim is not None
        free = at(6) if claim.start_at == at(0) else at(1)
        book.claim("yard", "b2", "b.mp4", free, free + timedelta(seconds=1))
        with pytest.raises(Overlap):
            book.claim("yard", "c3", "c.mp4", at(4), at(4.5))


@pytest.mark.parametrize("end", [Book.verified, Book.withdraw])
def test_killed_while_an_offer_ends_the_next_try_ends_it(tmp_path: Path, end: Callable[[Book, str], None]) -> None:
    left = step_by_step(
        tmp_path, lambda book: offered(book, "a1", "yard", 0, 20, prepared=True), lambda book: end(book, "a1")
    )
    assert len(left) >= 4
    for book in left:
        if book.offers("yard"):
            assert book.layout.absolute(book.offers("yard")[0].path).is_file(), "an offer without its file"
        end(book, "a1")
        assert book.offers("yard") == []
        assert not book.pages.prepared_of("a1").exists()
        if end is Book.withdraw:
            book.claim("yard", "b2", "b.mp4", at(0), at(20))
        else:
            with pytest.raises(Overlap):
                book.claim("yard", "b2", "b.mp4", at(0), at(20))
