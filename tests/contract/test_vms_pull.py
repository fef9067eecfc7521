"""The emulated VMS pulls from our edge device: what arrives is what the files hold, frame by frame."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.edge.device import Listening
from tests.contract.edge_site import PASSWORD, RATE, SECONDS, START, USER, Shelf, film, serving
from tests.services.vms.caller import Caller
from tests.services.vms.footage import Frame
from tests.services.vms.server import Vms, running_vms

LENGTH = timedelta(seconds=SECONDS)
SECOND = timedelta(seconds=1)
AFTER_GAP = START + timedelta(seconds=20)


@dataclass(frozen=True)
class Site:
    """A device with three cameras: `yard` (two films end to end, a third after a gap), `hall` in H.265, and `door`."""

    listening: Listening
    shelf: Shelf
    films: dict[str, Path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("vms")
    films = {name: film(folder, f"{name}.mp4", number=number) for number, name in enumerate(("one", "two", "three"))}
    films["hevc"] = film(folder, "hevc.mp4", codec="libx265")
    shelf = Shelf()
    shelf.put("yard", films["one"], START)
    shelf.put("yard", films["two"], START + LENGTH)
    shelf.put("yard", films["three"], AFTER_GAP)
    shelf.put("hall", films["hevc"], START, "H265")
    shelf.put("door", films["three"], START)
    with serving(shelf, folder) as listening:
        yield Site(listening, shelf, films)


@pytest.fixture
def vms() -> Iterator[Vms]:
    with running_vms() as found:
        yield found


@pytest.fixture
def caller(vms: Vms, site: Site) -> Iterator[Caller]:
    """With the device taken in, and all of its cameras enabled."""
    found = Caller(vms)
    added = found.add_hardware(site.listening.soap_port, USER, PASSWORD)
    assert added["state"] == "Success", added
    found.enable(added["path"]["id"])
    yield found
    found.close()


def cameras(vms: Vms) -> list[str]:
    return [one.id for one in vms.cameras]


def held(path: Path, at: datetime) -> list[Frame]:
    """What a file holds, by ffprobe: the frames of a recording that began at `at`."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_packets", "-show_data_hash", "sha256"]
    told = subprocess.run([*command, "-of", "json", str(path)], check=True, timeout=60, capture_output=True).stdout
    packets = json.loads(told)["packets"]
    first = float(packets[0]["pts_time"])
    return [
        Frame(
            at + timedelta(seconds=round(float(one["pts_time"]) - first, 6)),
            int(one["size"]),
            one["data_hash"].removeprefix("SHA256:"),
            "K" in one["flags"],
        )
        for one in packets
    ]


@pytest.mark.parametrize("by_digest", [False, True])
@pytest.mark.parametrize("closed_range", [False, True])
def test_what_is_pulled_equals_the_file_frame_by_frame(
    vms: Vms, caller: Caller, site: Site, by_digest: bool, closed_range: bool
) -> None:
    vms.pulls.by_digest, vms.pulls.closed_range = by_digest, closed_range
    yard = cameras(vms)[0]
    task = caller.finished(caller.retrieve(yard, START, START + LENGTH))
    assert (task["state"], task["errorText"]) == ("Success", "")
    assert vms.frames(yard) == held(site.films["one"], START)
    assert caller.sequences(yard, START, START + LENGTH) == [(START, START + LENGTH - SECOND / RATE)]
