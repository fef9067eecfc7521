"""The Cameras view over made-up recordings, signed in as the admin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.cameras.made_up import Camera, MadeUpCameras
from tests.browser.cameras.watching import Watch
from tests.browser.conftest import OpenPage
from tests.services.app import RunningApp


def two_cameras() -> list[Camera]:
    """One that recorded an hour but for five minutes, and one that recorded its second half."""
    return [
        Camera(0, "Harbour north", [(0, 1200), (1500, 3600)]),
        Camera(1, "", [(1800, 3600)]),
    ]


@pytest.fixture
def watch(open_page: OpenPage, team_server: RunningApp) -> Iterator[Watch]:
    made = Watch(open_page(team_server, load=False), MadeUpCameras(two_cameras()))
    made.server.serve(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")
