"""The book of offers, on disk below metadata/edge: which cameras there are, whose time is taken, what can be pulled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.disk.layout import Layout
from backend.offers.entries import CameraEntry, Claim, Codec, Offer


@dataclass(frozen=True)
class Book:
    """Used by any number of processes of one node at once; what a call wrote is durable when it returns.

    Raises StorageError for the disk's faults. Survives the loss of the catalog, and needs none.
    """

    layout: Layout

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
        raise NotImplementedError

    def known(self, key: str) -> CameraEntry | None:
        """The camera that stands for `key`, if it was entered."""
        raise NotImplementedError

    def cameras(self) -> Sequence[CameraEntry]:
        """By their numbers."""
        raise NotImplementedError

    def claim(self, token: str, video_id: str, filename: str, start_at: datetime, end_at: datetime) -> Claim:
        """Take that time of the camera for this video; intervals that touch do not overlap.

        Again for the same video: the same claim, or in its place one of another time. Raises Overlap, which names the
        other file and both intervals.
        """
        raise NotImplementedError

    def claimed(self, video_id: str) -> Claim | None:
        """The time this video has, offered or verified."""
        raise NotImplementedError

    def offer(self, offer: Offer) -> None:
        """Let it be pulled from now on; its time must be claimed. A claim that was verified is offered again."""
        raise NotImplementedError

    def offered(self, video_id: str) -> Offer | None:
        """What can be pulled of this video now."""
        raise NotImplementedError

    def offers(self, token: str) -> list[Offer]:
        """What can be pulled of one camera now, in the order of time."""
        raise NotImplementedError

    def verified(self, video_id: str) -> None:
        """The VMS has it: the offer and what was prepared for it go, its time stays taken. No error when unknown."""
        raise NotImplementedError

    def withdraw(self, video_id: str) -> None:
        """Nothing of it is to be there: offer, prepared file and claim go. No error when there is none."""
        raise NotImplementedError
