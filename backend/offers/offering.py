"""From a stored file to an offer: looked at, brought into a form that can be replayed, its time claimed, published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.offers.book import Book
from backend.offers.entries import Offer


class Recorded(Protocol):
    """What is asked of a file; a `targets.base.Source` is one. Times are aware."""

    @property
    def path(self) -> Path: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def video_id(self) -> str: ...
    @property
    def original_filename(self) -> str: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def start_at(self) -> datetime | None: ...
    @property
    def end_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Offering:
    book: Book
    tools: Confinement
    layout: Layout

    def offer(
        self,
        source: Recorded,
        camera_key: str,
        camera_name: str,
        *,
        h265: bool,
        should_stop: Callable[[], bool],
        progress: Callable[[float], None],
    ) -> Offer:
        """Let the VMS pull `source`; the offer that is there already when it is still good.

        `progress` is told the share of the preparation that is done, 0 to 1. Raises TargetErrors: Unsupported (no
        picture, no capture time, Overlap) and PermanentFailure for the file's sake, TransientFailure for the machine's
        (no room, no ffmpeg), TransferCancelled after `should_stop`; and StorageError. Nothing is left of a failure.
        """
        raise NotImplementedError
