"""The edge process itself, in its own interpreter: what is offered on disk is what GStreamer and ffprobe get."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.installation import make_keys
from backend.offers.book import Book
from backend.offers.entries import Offer
from backend.offers.offering import Offering
from backend.signing import load_edge_password
from tests.contract.edge_site import UNEVEN, USER, Pulled, pictures, pull
from tests.services.process import ServerProcess, answers, free_port
from tests.services.waiting import wait_until
from tests.unit.offers.films import PLAIN, REORDERED, START, Told, instants, kept_film

ROOT = Path(__file__).resolve().parents[2]
TENTH = timedelta(seconds=0.1)
COUNT = 20
LATER = START + timedelta(minutes=5)
pytestmark = pytest.mark.service  # needs GStreamer

TARGET = """
[[target]]
name = "vms"
kind = "milestone"
url = "https://vms.example.org"
username = "holdfast"
password = "a password of no VMS"
"""


@dataclass(frozen=True)
class Site:
    """An installation without a catalog: folders, keys, a target, and ports for its edge process."""

    home: Path
    soap_port: int
    rtsp_port: int

    @property
    def layout(self) -> Layout:
        return Layout(self.home / "storage")

    @property
    def offering(self) -> Offering:
        return Offering(Book(self.layout), Confinement(), self.layout, reserve_bytes=0, threads=1)

    @property
    def log(self) -> str:
        return (self.home / "logs" / "video_uploads.log").read_text()

    @property
    def password(self) -> str:
        return load_edge_password(self.layout.keys)

    def process(self, *arguments: str) -> ServerProcess:
        known = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "EDGE_USERNAME": USER}
        places = {"STORAGE_PATH": str(self.layout.root), "LOG_DIR": str(self.home / "logs")}
        ports = {"EDGE_PORT": str(self.soap_port), "EDGE_RTSP_PORT": str(self.rtsp_port)}
        command = [sys.executable, "-m", "backend", "edge", *arguments]
        return ServerProcess("edge", command, self.home / "output", known | places | ports, self.home)

    def offer(self, video_id: str, at: datetime, *options: str) -> Offer:
        path = kept_film(self.layout.uploads / "project_p" / f"{video_id}.mp4", *options)
        told = Told(path, video_id, path.name, start_at=at)
        return self.offering.offer(
            told, "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=lambda _: None
        )

    def pull(self, name: str, token: str) -> Pulled:
        return pull(self.home / name, self.url(token), password=self.password)

    def url(self, token: str) -> str:
        return f"rtsp://127.0.0.1:{self.rtsp_port}/replay/{token}"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path, free_port(), free_port())
    site.layout.prepare()
    make_keys(site.layout)
    (tmp_path / "targets.toml").write_text(TARGET)
    return site


@pytest.fixture
def edge(site: Site) -> Iterator[ServerProcess]:
    process = site.process()
    process.start()
    process.wait_for_port(site.soap_port)
    yield process
    process.kill9()


def times(start: datetime) -> list[datetime]:
    return [start + number * TENTH for number in range(COUNT)]


def test_what_is_offered_while_it_runs_comes_frame_by_frame_at_its_instants(site: Site, edge: ServerProcess) -> None:
    first = site.offer("a1", START, *PLAIN)
    second = site.offer("b2", LATER, *REORDERED)
    assert (first.prepared, second.prepared) == (False, True)
    pulled = site.pull("both", first.camera_token)
    assert pulled.said == "end"
    assert pulled.times == times(START) + times(LATER)
    assert pictures(pulled.stream)[:COUNT] == pictures(site.layout.absolute(first.path))
    assert pictures(pulled.stream)[COUNT:] == pictures(site.layout.absolute(second.path))
    apart = [later - earlier for earlier, later in pairwise(probed(site, first.camera_token))]
    assert apart[: COUNT - 2] + apart[COUNT - 1 :] == pytest.approx([0.1] * (2 * COUNT - 3), abs=0.002)

    third = site.offer("c3", LATER + timedelta(minutes=5), *PLAIN)
    Book(site.layout).withdraw("b2")
    site.layout.absolute(first.path).unlink()
    assert site.pull("third", first.camera_token).times == times(third.start_at)

    Book(site.layout).verified("c3")
    assert not site.pull("nothing", first.camera_token).frames
    assert edge.stop() == 0
    assert not answers(site.soap_port)
    assert f"host=127.0.0.1 soap_port={site.soap_port} rtsp_port={site.rtsp_port}" in site.log
    assert "edge_down" in site.log
    assert "error" not in site.log.lower()


def test_a_recording_of_uneven_times_comes_with_the_files_own(site: Site, edge: ServerProcess) -> None:
    offer = site.offer("a1", START, *PLAIN, *UNEVEN)
    assert not offer.prepared, "the file itself is what is pulled"
    path = site.layout.absolute(offer.path)
    wanted = instants(path, START)
    assert len({later - earlier for earlier, later in pairwise(wanted)}) == COUNT - 1
    pulled = site.pull("uneven", offer.camera_token)
    assert (pulled.said, pulled.times) == ("end", wanted)
    assert pictures(pulled.stream) == pictures(path)
    shown = [(one - START).total_seconds() for one in wanted[1:]]
    assert probed(site, offer.camera_token) == pytest.approx(shown, abs=0.002)


def probed(site: Site, token: str) -> list[float]:
    """When each packet but the first is shown, as ffprobe gets them: it knows nothing of ONVIF, so without the gap."""
    signed = site.url(token).replace("rtsp://", f"rtsp://{USER}:{quote(site.password)}@")
    entries = ["-show_entries", "packet=pts_time", "-of", "json"]
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", *entries, signed]
    told = json.loads(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)["packets"]
    return [float(one["pts_time"]) for one in told[1:]]


def test_a_port_that_is_taken_is_named_and_ends_the_start(site: Site, edge: ServerProcess) -> None:
    second = site.process()
    second.start()
    wait_until(lambda: not second.running, "the second one to end")
    assert second.stop() == 2
    assert (
        f"EDGE_RTSP_PORT={site.rtsp_port} cannot be listened on at 127.0.0.1: Address already in use" in second.tail()
    )
    assert "Traceback" not in second.tail()
    assert edge.running


def test_without_a_vms_it_listens_on_nothing_and_waits_to_be_told(site: Site) -> None:
    (site.home / "targets.toml").write_text(TARGET + "enabled = false\n")
    process = site.process()
    process.start()
    wait_until(lambda: idles(process, site), "it to say that it idles")
    assert not answers(site.soap_port)
    assert process.running
    assert process.stop(number=signal.SIGINT) == 0


def test_the_targets_limit_is_the_devices(site: Site) -> None:
    (site.home / "targets.toml").write_text(TARGET + "max_mib_per_second = 12.5\n")
    process = site.process()
    process.start()
    process.wait_for_port(site.soap_port)
    wait_until(lambda: "edge_listening" in site.log, "it to tell that it listens")
    assert "max_mib_per_second=12.5" in site.log
    assert process.stop() == 0


def idles(process: ServerProcess, site: Site) -> bool:
    assert process.running, process.tail()
    return (site.home / "logs").is_dir() and "edge_idle" in site.log


@pytest.mark.parametrize(("enabled", "said"), [("true", "yes"), ("false", "no")])
def test_it_says_whether_a_vms_is_to_pull(site: Site, enabled: str, said: str) -> None:
    (site.home / "targets.toml").write_text(TARGET + f"enabled = {enabled}\n")
    process = site.process("--wanted")
    process.start()
    wait_until(lambda: not process.running, "its answer")
    assert (process.stop(), process.tail()) == (0, said)


def test_before_anything_was_prepared_it_says_what_to_do(site: Site) -> None:
    for key in site.layout.keys.iterdir():
        key.unlink()
    process = site.process()
    process.start()
    wait_until(lambda: not process.running, "it to end")
    assert process.stop() == 2
    assert "video_manager release" in process.tail()
