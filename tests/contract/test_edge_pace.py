"""The device's limit: over all its streams together, and no answer waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.edge.pace import Pace
from tests.contract.edge_clock import Clock
from tests.contract.edge_rtsp_client import OPEN, Client
from tests.contract.edge_site import RATE, SECONDS, START, Shelf, film, serving

MIB = 1024 * 1024
COUNT = SECONDS * RATE


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    found = Shelf()
    found.put("yard", film(tmp_path, "yard.mp4"), START)
    return found


def test_all_streams_together_keep_the_limit(tmp_path: Path, shelf: Shelf) -> None:
    clock, recording = Clock(), shelf.recordings("yard")[0]
    sizes = [sum(map(len, one.units)) for one in shelf.frames("yard", recording, START)]
    pace = Pace(0.5, clock=clock, sleep=clock.sleep)
    with (
        serving(shelf, tmp_path, pace=pace) as listening,
        Client(listening.rtsp_port) as one,
        Client(listening.rtsp_port) as other,
    ):
        for client in (one, other):
            client.set_up()
            assert client.play(Range=OPEN)[0] == 200
        for client in (one, other):
            assert client.frames(COUNT)[-1][24] & 0x10
    # The very last frame's time is still owed.
    assert clock.now == pytest.approx((2 * sum(sizes) - sizes[-1]) / (0.5 * MIB))


def test_neither_answers_nor_the_end_wait_for_it(tmp_path: Path, shelf: Shelf) -> None:
    clock = Clock()
    pace = Pace(0.01, clock=clock, sleep=clock.never)
    with serving(shelf, tmp_path, pace=pace) as listening, Client(listening.rtsp_port) as client:
        client.set_up()
        assert client.play(Range=OPEN)[0] == 200
        client.frames(1)
        for method in ("GET_PARAMETER", "OPTIONS", "PAUSE", "PLAY", "TEARDOWN"):
            assert client.ask(method)[0] == 200
        begun = [packet for channel, packet in client.packets if channel == 2 and packet[0] & 0x10]
        assert not begun, "nothing but the first frame was paid for"
        playing = Client(listening.rtsp_port)
        playing.set_up()
        assert playing.play(Range=OPEN)[0] == 200
    # The device has stopped, though this one's next frame would have waited for ever.
    playing.__exit__()
