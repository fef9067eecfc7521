"""A film whose frames stand now long and now short: each client gets each frame at the instant that the file has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.contract.edge_rtsp_client import OPEN, Client
from tests.contract.edge_site import PASSWORD, START, UNEVEN, USER, Shelf, arrived, film, pictures, pull, serving
from tests.contract.test_edge_replay import packets
from tests.unit.offers.films import instants

pytestmark = pytest.mark.service  # needs GStreamer
TICKS = 90_000  # of RTP's clock, in a second


@dataclass(frozen=True)
class Site:
    """`wanted`: the instants of the frames, by ffprobe's reading of the file."""

    path: Path
    rtsp_port: int
    wanted: list[datetime]

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.rtsp_port}/replay/yard"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, shelf = tmp_path_factory.mktemp("uneven"), Shelf()
    path = film(folder, "uneven.mp4", options=UNEVEN)
    wanted = instants(path, START)
    assert len({later - earlier for earlier, later in pairwise(wanted)}) > len(wanted) // 2
    shelf.put("yard", path, START)
    with serving(shelf, folder) as listening:
        yield Site(path, listening.rtsp_port, wanted)


def test_gstreamer_gets_them(tmp_path: Path, site: Site) -> None:
    pulled = pull(tmp_path / "all", site.url)
    assert (pulled.said, pulled.times) == ("end", site.wanted)
    assert pictures(pulled.stream) == pictures(site.path)
    first = pulled.frames[0].timestamp
    told = [(one.timestamp - first) % 2**32 for one in pulled.frames]
    # Of an instant in microseconds; to the tick.
    assert told == pytest.approx([(at - START).total_seconds() * TICKS for at in site.wanted], abs=1)


def test_a_start_between_two_uneven_frames_brings_the_keyframe_before_it(tmp_path: Path, site: Site) -> None:
    between = site.wanted[61] + (site.wanted[62] - site.wanted[61]) / 2
    assert pull(tmp_path / "since", site.url, start=between).times == site.wanted[50:]


def test_ffmpeg_gets_them_as_a_plain_stream(site: Site) -> None:
    """It knows nothing of ONVIF: it reckons with RTP's clock alone."""
    told = packets(site.url.replace("rtsp://", f"rtsp://{USER}:{quote(PASSWORD)}@"))
    shown = [(at - START).total_seconds() for at in site.wanted]
    # When its first packet is, it reckons otherwise.
    assert [float(one["pts_time"]) for one in told[1:]] == pytest.approx(shown[1:], abs=0.002)


def test_a_plain_client_gets_them(site: Site) -> None:
    with Client(site.rtsp_port) as client:
        client.ask("DESCRIBE")
        client.set_up()
        client.play(Range=OPEN)
        assert [arrived(one).at for one in client.frames(len(site.wanted))] == site.wanted
