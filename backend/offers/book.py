"""The book of offers, on disk below metadata/edge: which cameras there are, whose time is taken, what can be pulled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.errors import StorageError
from backend.offers.claims import Claims, is_same_recording
from backend.offers.entries import CameraEntry, Claim, Codec, Offer, Rhythm, State
from backend.offers.pages import Pages, Tell, cameras_and_claims

_WORD_LENGTH = 40
# So many are brought back under one lock: recordings that are sent meanwhile wait for it.
_AT_ONCE = 100
# Of one offer: which writing of it was read.
_Read = tuple[tuple[int, int], Offer]


def token_of(key: str) -> str:
    """The camera's token: of `key` alone, so that a book that was lost gives the same one again. Its number, by which a
    VMS knows it, comes from the copy that `Pages` keeps beside the videos."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-")[:_WORD_LENGTH].strip("-")
    return "-".join(filter(None, (word, hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12])))


@dataclass(frozen=True)
class BroughtBack:
    """How many came back. `taken`: names of cameras whose channel in the VMS another one has now, and that one's."""

    cameras: int
    claims: int
    taken: list[tuple[str, str]]


@dataclass(frozen=True)
class Book:
    """Used by any number of processes of one node at once; what a call wrote is durable when it returns.

    Raises StorageError for the disk's faults. Survives the loss of the catalog, and needs none.
    """

    layout: Layout
    _seen: dict[str, _Read] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def pages(self) -> Pages:
        return Pages(self.layout)

    def camera(
        self,
        key: str,
        name: str,
        codec: Codec,
        *,
        width: int = 1920,
        height: int = 1080,
        frames_per_second: float = 25.0,
    ) -> CameraEntry:
        """The camera that stands for `key`, entered as the last one when it is new; its name may change, its codec
        does not."""
        with self._writing():
            cameras = self.pages.cameras()
            found = next((one for one in cameras if one.key == key), None)
            if found is None:
                number = max((one.number for one in cameras), default=-1) + 1
                entry = CameraEntry(key, token_of(key), number, name, codec, width, height, frames_per_second)
            else:
                entry = replace(found, name=name)
            if entry != found or self.pages.lacks_cameras():
                self.pages.write_cameras([*(one for one in cameras if one.key != key), entry])
            return entry

    def double_cameras(self) -> None:
        """See that the cameras' numbers stand in both their places. No error when there are none yet."""
        with self._writing():
            cameras = self.pages.cameras()
            if cameras and self.pages.lacks_cameras():
                self.pages.write_cameras(cameras)

    def known(self, key: str) -> CameraEntry | None:
        """The camera that stands for `key`, if it was entered."""
        return next((one for one in self.pages.cameras() if one.key == key), None)

    def cameras(self) -> Sequence[CameraEntry]:
        """By their numbers."""
        return sorted(self.pages.cameras(), key=lambda one: one.number)

    def claim(
        self,
        token: str,
        video_id: str,
        filename: str,
        start_at: datetime,
        end_at: datetime,
        *,
        sha256: str = "",
        rhythm: Rhythm | None = None,
    ) -> Claim:
        """Take that time of the camera for this video. A second may be another's that comes before or after it; all of
        it, if that has the same `sha256`.

        Again for the same video: the same claim, or in its place one of another time. Raises Overlap, which names the
        other file and both intervals.
        """
        if end_at <= start_at:
            raise ValueError(f"a recording ends after its start: {start_at} to {end_at}")
        with self._writing():
            before = self.pages.claim(video_id)
            claim = Claim(video_id, token, filename, start_at, end_at, State.OFFERED, sha256, rhythm)
            if before is not None and _time(before) == _time(claim):
                if rhythm is not None and before.rhythm != rhythm:
                    before = replace(before, rhythm=rhythm)
                    self.pages.write_claim(before)
                return before
            if before is not None and before.state is not State.OFFERED and _share_time(before, claim):
                claim = replace(claim, state=State.ASKED)
            Claims(self.pages).take(claim)
            return claim

    def asked(self, video_id: str) -> bool:
        """The VMS is about to be asked for it: from here on its time stays taken. Whether that is news."""
        return self._change(video_id, State.OFFERED, State.ASKED)

    def not_asked(self, video_id: str) -> None:
        """It said no, and was not asked before. No error when unknown."""
        self._change(video_id, State.ASKED, State.OFFERED)

    def was_asked(self, video_id: str) -> bool:
        """Whether the VMS was ever asked for this recording: else what it has of that time is another's."""
        with self._writing():
            claim = self.pages.claim(video_id)
            if claim is None:
                return False
            same = (one for one in Claims(self.pages).touching(claim) if is_same_recording(claim, one))
            return any(one.state is not State.OFFERED for one in (claim, *same))

    def claimed(self, video_id: str) -> Claim | None:
        """The time this video has, offered or verified."""
        return self.pages.claim(video_id)

    def offer(self, offer: Offer) -> None:
        """Let it be pulled from now on; its time must be claimed. What was verified is no longer."""
        with self._writing():
            claim = self.pages.claim(offer.video_id)
            if claim is None or _time(claim) != _time(offer):
                raise ValueError(f"{offer.video_id} has no claim on the time it is offered for")
            if claim.state is State.VERIFIED:
                self.pages.write_claim(replace(claim, state=State.ASKED))
            self.pages.write_offer(offer)

    def offered(self, video_id: str) -> Offer | None:
        """What can be pulled of this video now."""
        return self.pages.offer(video_id)

    def offers(self, token: str, tell: Callable[[StorageError], None] | None = None) -> list[Offer]:
        """What can be pulled of one camera now, in the order of time.

        `tell` hears of offers that cannot be read, which are left out; without it they raise.
        """
        return self.offers_of([token], tell)[token]

    def offers_of(
        self, tokens: Iterable[str], tell: Callable[[StorageError], None] | None = None
    ) -> dict[str, list[Offer]]:
        """As `offers`, of several cameras by one look at what is offered: it goes through all of that, whoever is
        asked for."""
        found: dict[str, _Read] = {}
        for video_id, written in self.pages.offers():
            seen = self._seen.get(video_id)
            try:
                offer = seen[1] if seen is not None and seen[0] == written else self.pages.offer(video_id)
            except StorageError as error:
                if tell is None:
                    raise
                tell(error)
                continue
            if offer is not None:
                found[video_id] = (written, offer)
        self._remember(found)
        told: dict[str, list[Offer]] = {token: [] for token in tokens}
        for _, one in found.values():
            if one.camera_token in told:
                told[one.camera_token].append(one)
        for offers in told.values():
            offers.sort(key=lambda one: one.start_at)
        return told

    def on_offer(self) -> list[str]:
        """The ids of all videos that can be pulled now."""
        return sorted(video_id for video_id, _ in self.pages.offers())

    def verified(self, video_id: str) -> None:
        """The VMS has it: the offer and what was prepared for it go, its time stays taken. No error when unknown."""
        with self._writing():
            claim = self.pages.claim(video_id)
            if claim is not None and claim.state is not State.VERIFIED:
                self.pages.write_claim(replace(claim, state=State.VERIFIED))
            self._stop_offering(video_id)

    def bring_back(self, told: Iterable[tuple[str, bytes]]) -> BroughtBack:
        """Take what is missing here from `Pages.told` of an earlier time. Raises DiskFault when that makes no sense."""
        cameras, claims = cameras_and_claims(told)
        with self._writing():
            known = self.pages.cameras()
            keys, numbers = {one.key for one in known}, {one.number: one for one in known}
            new = [one for one in cameras if one.key not in keys]
            good = [one for one in new if one.number not in numbers]
            if good:
                self.pages.write_cameras([*known, *good])
        lost = sum(self._put_missing(claims[at : at + _AT_ONCE]) for at in range(0, len(claims), _AT_ONCE))
        taken = [(one.name, numbers[one.number].name) for one in new if one.number in numbers]
        return BroughtBack(len(good), lost, taken)

    def left(self, tell: Tell) -> set[str]:
        """The ids of all videos that have an offer, something prepared, or time that the VMS was never asked for.

        Reads every claim there ever was; `tell` hears of those that cannot be read.
        """
        free = (claim.video_id for claim in self.pages.claims(tell) if claim.state is State.OFFERED)
        return {*self.on_offer(), *self.pages.all_prepared(), *free}

    def withdraw(self, video_id: str) -> None:
        """It can no longer be pulled: offer and prepared file go, and so does its claim unless the VMS was asked for
        it: what that has then cannot be taken back. No error when there is none."""
        with self._writing():
            self._stop_offering(video_id)
            claim = self.pages.claim(video_id)
            if claim is not None and claim.state is State.OFFERED:
                Claims(self.pages).let_go(claim)

    def _put_missing(self, claims: Sequence[Claim]) -> int:
        """How many of them there were."""
        with self._writing():
            lost = [one for one in claims if self.pages.claim(one.video_id) is None]
            for one in lost:
                Claims(self.pages).put(one)
        return len(lost)

    def _change(self, video_id: str, before: State, after: State) -> bool:
        with self._writing():
            claim = self.pages.claim(video_id)
            if claim is None or claim.state is not before:
                return False
            self.pages.write_claim(replace(claim, state=after))
            return True

    def _stop_offering(self, video_id: str) -> None:
        self.pages.remove_offer(video_id)
        self.pages.remove_prepared(video_id)

    def _remember(self, found: dict[str, _Read]) -> None:
        self._seen.update(found)
        for gone in [video_id for video_id in list(self._seen) if video_id not in found]:
            self._seen.pop(gone, None)

    def _writing(self) -> AbstractContextManager[None]:
        # One lock for all of it: a claim is a few small writes, and nobody waits in a circle.
        return lock(self.layout, "edge", "book")


def _time(one: Claim | Offer) -> tuple[str, datetime, datetime]:
    return one.camera_token, one.start_at, one.end_at


def _share_time(one: Claim, other: Claim) -> bool:
    return one.camera_token == other.camera_token and one.start_at < other.end_at and other.start_at < one.end_at
