"""The emulated VMS and our target for it, without ffmpeg and without a device: what would be pulled is made up."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.offers.book import Book
from backend.offers.entries import Offer, Rhythm
from backend.offers.offering import Offering, Recorded
from backend.targets.base import Expected, RemoteCopy, Source
from backend.targets.config_table import read_table
from backend.targets.milestone.target import MilestoneTarget
from backend.targets.registry import build_target
from tests.contract.transfers import Told
from tests.services.vms.depacketise import Arrived
from tests.services.vms.footage import Frame
from tests.services.vms.model import Item
from tests.services.vms.onvif_client import Look
from tests.services.vms.server import Vms
from tests.unit.targets.milestone.vms_answers import Said, Site

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
LENGTH = timedelta(seconds=60)
USER, PASSWORD = "edge", "edge-geheim"
SYSTEM_DATE = b"<tds:GetSystemDateAndTimeResponse/>"


class Ready(Offering):
    """Every file is in the form that can be pulled, and lasts as long as its bounds say."""

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
        assert source.start_at is not None
        assert source.end_at is not None
        camera = self.book.camera(camera_key, camera_name, "H264", frames_per_second=2)
        start, end, rhythm = source.start_at, source.end_at, Rhythm(0.5)
        self.book.claim(camera.token, source.video_id, source.original_filename, start, end, rhythm=rhythm)
        path = str(source.path.relative_to(self.layout.root))
        offer = Offer(source.video_id, camera.token, source.start_at, source.end_at, path, prepared=False)
        self.book.offer(offer)
        return offer


@dataclass
class Kept:
    """Notes in memory."""

    notes: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.notes.get(name)

    def put(self, name: str, value: str, instead_of: str | None = None) -> str:
        if self.notes.get(name) == instead_of:
            self.notes[name] = value
        return self.notes[name]


@dataclass
class House:
    """`device`: what stands at the address that the VMS is told. `cameras`: how many our device shows."""

    vms: Vms
    device: Site
    layout: Layout
    cameras: int = 3
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        self.book = Book(self.layout)
        self.device.on("POST /onvif/device_service", Said(200, SYSTEM_DATE))
        self.vms.pulls._frames = self._frames  # type: ignore[method-assign] # the device it would ask is not there

    def _frames(self, client: Any, camera: Item, start: datetime, end: datetime) -> Iterator[Arrived]:
        at = start
        while at < end:
            yield Arrived(Frame(at, 1, at.isoformat(), is_keyframe=True), False, False, 1)
            at += timedelta(seconds=0.5)

    def look(self, client: Any) -> Look:
        """What the VMS's driver sees when it adds the device."""
        sources = tuple((f"source-{n}", f"profile-{n}") for n in range(self.cameras))
        return Look("Holdfast", "Edge", "1", "02:00:00:00:00:01", sources)

    @property
    def edge_address(self) -> str:
        return self.device.url.removeprefix("http://")

    def target(self, **options: Any) -> MilestoneTarget:
        problems: list[str] = []
        table: dict[str, Any] = {"name": "vms", "kind": "milestone", "url": self.vms.url, "username": self.vms.username}
        table |= {"password": self.vms.password, "edge_address": self.edge_address, "edge_username": USER}
        table |= {"edge_password": PASSWORD, "poll_seconds": 0.01, "timeout_seconds": 10, **options}
        config = read_table(table, "test", problems)
        assert config is not None, problems
        target = build_target(config)
        assert isinstance(target, MilestoneTarget)
        target.offer_through(Ready(self.book, Confinement(), self.layout))
        return target

    def settle(self) -> None:
        """The VMS has our device already; what it was asked for that is forgotten."""
        self.target(bookmark=False).put(self.source(name="first.mp4", camera_id="first"), "p/first.mp4", Told())
        self.vms.requests.clear()

    def source(self, at: datetime = START, lasts: timedelta = LENGTH, name: str = "a.mp4", **more: Any) -> Source:
        folder = self.layout.uploads / "project_p"
        folder.mkdir(exist_ok=True)
        content = f"{name} {at}".encode()
        (folder / name).write_bytes(content)
        told: dict[str, Any] = {"camera_id": "yard", "project_id": "p", "title": "The yard"} | more
        return Source(
            path=folder / name,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            mime_type="video/mp4",
            original_filename=name,
            video_id=str(uuid.uuid4()),
            start_at=at,
            end_at=at + lasts,
            **told,
        )


def expected(source: Source) -> Expected:
    return Expected(source.size_bytes, source.sha256)


def lost(copy: RemoteCopy) -> RemoteCopy:
    """As after a loss of the catalog: the key alone is known."""
    return RemoteCopy(copy.key)


def made(folder: Path) -> Layout:
    layout = Layout(folder)
    layout.prepare()
    return layout


def made_by(house: House) -> dict[str, int]:
    """How many of each there are in the VMS."""
    return {kind: len(house.vms.every(kind)) for kind in ("hardware", "bookmarks", "events", "evidenceLocks", "tasks")}
