"""kill -9 of the whole web group at random moments under twenty clients: every acknowledged video is there."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Self

import pytest
import urllib3

from tests.e2e.holding import House, video_bytes
from tests.services.app import RunningApp
from tests.services.sampling import rounds
from tests.services.waiting import wait_until

pytestmark = pytest.mark.executed

CLIENTS = 20


class Clients:
    """Twenty clients that upload one video after the other, each of its own content, and keep what was acknowledged."""

    def __init__(self, house: House, numbers: Iterator[int]) -> None:
        self._house = house
        self._numbers = numbers
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]
        self.acknowledged: dict[str, str] = {}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, uploads: int) -> None:
        wait_until(lambda: len(self.acknowledged) >= uploads, "uploads to be acknowledged", seconds=60)

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._over.is_set() and self._house.app.process("web").running:
            number = next(self._numbers)
            content = video_bytes(number, chance.choice([1_000, 100_000, 2_000_000]))
            with suppress(urllib3.exceptions.HTTPError):
                status, answer = self._house.upload(content, f"{number}.mp4", project_id=f"p{number % 3}")
                if status == 201:
                    self.acknowledged[answer["video_id"]] = hashlib.sha256(content).hexdigest()


def test_every_acknowledged_video_survives_kills_at_random_moments(running_app: Callable[..., RunningApp]) -> None:
    house = House(running_app({"WEB_WORKERS": "2"}, processes=["web"]))
    chance, numbers = random.Random(20), count(1)
    acknowledged: dict[str, str] = {}
    for _ in range(rounds(5, 100)):
        with Clients(house, numbers) as clients:
            clients.wait_for(chance.randrange(5, 60))
            house.app.kill9("web")
        house.restart("web")
        acknowledged |= clients.acknowledged
        listed = {v["id"]: v["sha256"] for v in house.check()}
        assert acknowledged.items() <= listed.items()
        assert len(set(listed.values())) == len(listed), "nothing was listed twice"
        house.check_catalog()
