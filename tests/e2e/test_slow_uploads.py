"""Two hundred slow senders on one web process keep nobody waiting, and none of them loses what it sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.e2e.holding import House, video_bytes
from tests.e2e.tus_wire import Upload
from tests.services.app import AppFactory
from tests.services.cutting import Wire
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

_SLOW = 200
_CRUMB = 512


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("slow"), hearth)
    # The usual soft limit of open files: 200 uploads need nearly all of it.
    limits = {"web": ["prlimit", "--nofile=1024:8192"]}
    yield House(factory({"WEB_WORKERS": "1"}, processes=["web"], prefix=limits))
    factory.close()


def test_a_fast_upload_passes_two_hundred_slow_ones_on_one_web_process(house: House) -> None:
    contents = [video_bytes(n, 4 * _CRUMB) for n in range(_SLOW)]
    with ExitStack() as open_wires, ThreadPoolExecutor(16) as pool:
        slow = list(pool.map(lambda content: Upload.begin(house, content), contents))
        wires = [open_wires.enter_context(Wire(house.app.port)) for _ in slow]
        for upload, wire in zip(slow, wires, strict=True):
            upload.begin_patch(wire, 0)
            wire.send(upload.content[:_CRUMB])
        # All of them hold their thread now, and hold it while the fast ones come.
        fast = Upload.begin(house, video_bytes(1000, 8_000_000))
        fast.finish()
        assert house.app.request("GET", "/healthz").status == 200
        for upload, wire in zip(slow, wires, strict=True):
            wire.send(upload.content[_CRUMB:])
        answers = [wire.answer() for wire in wires]
        assert [answer.status if answer else None for answer in answers] == [204] * _SLOW
    for upload in slow[::20]:
        upload.check()
