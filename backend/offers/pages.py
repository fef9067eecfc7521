"""The files of the book: their places below metadata/edge, and how they are written and read.

cameras.json                        every camera, in the order of their numbers; the same in uploads/vms-cameras.json: a
                                    VMS knows channels by those, and another's would get the footage if they were lost
videos/{2 of id}/{id}.json          the claim of one video: what is true of its time
claims/{token}/{day}/{start}-{end}-{id}   empty: finds claims by camera and UTC day; one that no video's file bears out
                                    was left by a crash and counts for nothing
offers/{id}.json                    what can be pulled now
prepared/{id}.mp4                   copies made for that
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from backend.disk.atomic import discard, fsync_folder, make_folder, replace, told_as, told_as_gone
from backend.disk.layout import Layout
from backend.errors import DiskFault
from backend.offers.entries import CameraEntry, Claim, Offer, Rhythm, State

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SUFFIX = ".json"
_CAMERAS, _CLAIMS = "cameras", "claim "
Page = TypeVar("Page")
# Hears of each page that cannot be read, and of what is none.
Tell = Callable[[DiskFault], None]


@dataclass(frozen=True)
class Pages:
    layout: Layout

    @property
    def _root(self) -> Path:
        return self.layout.edge

    @property
    def prepared(self) -> Path:
        return self._root / "prepared"

    @property
    def _cameras(self) -> tuple[Path, Path]:
        return self._root / "cameras.json", self.layout.uploads / "vms-cameras.json"

    def prepared_of(self, video_id: str) -> Path:
        return self.prepared / f"{_plain(video_id)}.mp4"

    def claims_of(self, token: str) -> Path:
        return self._root / "claims" / _plain(token)

    def cameras(self) -> list[CameraEntry]:
        for place in self._cameras:
            found = self._read(place, _entries)
            if found is not None:
                return found
        return []

    def write_cameras(self, cameras: list[CameraEntry]) -> None:
        # The copy first: a number that nobody was given yet does no harm there.
        for place in reversed(self._cameras):
            self._write(place, _listed(cameras))

    def lacks_cameras(self) -> bool:
        """Whether they stand in fewer than both places."""
        return not all(place.is_file() for place in self._cameras)

    def claim(self, video_id: str) -> Claim | None:
        return self._read(self._claim_place(video_id), _claim)

    def write_claim(self, claim: Claim) -> None:
        self._write(self._claim_place(claim.video_id), _timed(asdict(claim)))

    def remove_claim(self, video_id: str) -> None:
        _remove(self._claim_place(video_id))

    def offer(self, video_id: str) -> Offer | None:
        return self._read(self._offer_place(video_id), _offer)

    def write_offer(self, offer: Offer) -> None:
        self._write(self._offer_place(offer.video_id), _timed(asdict(offer)))

    def remove_offer(self, video_id: str) -> None:
        _remove(self._offer_place(video_id))

    def remove_prepared(self, video_id: str) -> None:
        _remove(self.prepared_of(video_id))

    def offers(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Video ids with what tells one writing of an offer from another."""
        folder = self._root / "offers"
        # Not by Path: of a VMS that was away for a night tens of thousands wait, and each look at them reads all.
        with suppress(FileNotFoundError), told_as_gone("listing offers"), os.scandir(folder) as found:
            for entry in found:
                video_id = entry.name.removesuffix(_SUFFIX)
                if video_id != entry.name and _ID.fullmatch(video_id):
                    with suppress(FileNotFoundError):
                        told = entry.stat()
                        yield video_id, (told.st_ino, told.st_mtime_ns)

    def claims(self, tell: Tell) -> Iterator[Claim]:
        """Every claim there ever was, but for those that cannot be read."""
        with told_as("listing claims"):
            places = list((self._root / "videos").glob(f"*/*{_SUFFIX}"))
        for place in places:
            try:
                claim = self.claim(self._id_of(place))
            except DiskFault as error:
                tell(error)
                continue
            if claim is not None:
                yield claim

    def all_prepared(self) -> Iterator[str]:
        """The ids of all videos that something was prepared of."""
        with told_as("listing what was prepared"):
            yield from (path.stem for path in self.prepared.glob("*.mp4") if _ID.fullmatch(path.stem))

    def told(self, tell: Tell) -> Iterator[tuple[str, bytes]]:
        """What a backup must have, by names: the cameras, and time that the VMS was asked for. All else comes again by
        itself. A damaged page is left out, not to keep the rest from a backup."""
        try:
            yield _CAMERAS, _encoded(_listed(self.cameras()))
        except DiskFault as error:
            tell(error)
        for claim in self.claims(tell):
            if claim.state is not State.OFFERED:
                yield f"{_CLAIMS}{claim.video_id}", _encoded(_timed(asdict(claim)))

    def _id_of(self, place: Path) -> str:
        if not _ID.fullmatch(place.stem):
            name = place.relative_to(self.layout.root).as_posix()
            raise DiskFault(f"{name} is no page of the book of offers, and is left alone: move it elsewhere.")
        return place.stem

    def _claim_place(self, video_id: str) -> Path:
        return self._root / "videos" / _plain(video_id)[:2] / f"{video_id}{_SUFFIX}"

    def _offer_place(self, video_id: str) -> Path:
        return self._root / "offers" / f"{_plain(video_id)}{_SUFFIX}"

    def _write(self, place: Path, content: dict[str, Any]) -> None:
        make_folder(place.parent)
        replace(place, _encoded(content), self.layout.incoming)

    def _read(self, place: Path, understood: Callable[[Any], Page]) -> Page | None:
        try:
            with told_as_gone("reading the book of offers"):
                content = place.read_bytes()
        except FileNotFoundError:
            return None
        return _made_sense_of(content, understood, place.relative_to(self.layout.root).as_posix())


def cameras_and_claims(told: Iterable[tuple[str, bytes]]) -> tuple[list[CameraEntry], list[Claim]]:
    """What `Pages.told` gave. Raises DiskFault."""
    cameras, claims = list[CameraEntry](), list[Claim]()
    for name, content in told:
        if name == _CAMERAS:
            cameras = _made_sense_of(content, _entries, name)
        elif name.startswith(_CLAIMS):
            claims.append(_made_sense_of(content, _claim, name))
    return cameras, claims


def _made_sense_of(content: bytes, understood: Callable[[Any], Page], name: str) -> Page:
    try:
        return understood(json.loads(content))
    except (ValueError, TypeError, KeyError) as error:
        raise DiskFault(
            f"The book of offers is damaged: {name} makes no sense. Put it back from a backup of the storage folder."
        ) from error


def _entries(told: dict[str, Any]) -> list[CameraEntry]:
    return [CameraEntry(**one) for one in told["cameras"]]


def _listed(cameras: list[CameraEntry]) -> dict[str, Any]:
    return {"cameras": [asdict(one) for one in cameras]}


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _plain(name: str) -> str:
    if not _ID.fullmatch(name):
        raise ValueError(f"no name for a file: {name!r}")
    return name


def _timed(told: dict[str, Any]) -> dict[str, Any]:
    return told | {name: told[name].astimezone(UTC).isoformat() for name in ("start_at", "end_at")}


def _instants(told: dict[str, Any]) -> dict[str, Any]:
    return told | {name: datetime.fromisoformat(told[name]) for name in ("start_at", "end_at")}


def _claim(told: dict[str, Any]) -> Claim:
    rhythm = told.get("rhythm")
    return Claim(**(_instants(told) | {"state": State(told["state"]), "rhythm": rhythm and _rhythm(rhythm)}))


def _rhythm(told: dict[str, Any]) -> Rhythm:
    return Rhythm(**(told | {"pauses": tuple((since, until) for since, until in told["pauses"])}))


def _offer(told: dict[str, Any]) -> Offer:
    return Offer(**_instants(told))


def _remove(place: Path) -> None:
    """Remove a file for good; none that is there is no error."""
    if place.exists():
        discard(place)
        fsync_folder(place.parent)
