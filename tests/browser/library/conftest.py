"""The Library over a made-up collection, at a desk or on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import MadeUpLibrary
from tests.browser.library.reading import Reader
from tests.services.app import RunningApp


@pytest.fixture
def reader(open_page: OpenPage, team_server: RunningApp) -> Iterator[Reader]:
    """Signed in; what is in the Library is the test's own, until it opens it."""
    made = Reader(open_page(team_server, load=False), MadeUpLibrary([]), team_server.admin_token)
    made.library.serve(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")


@pytest.fixture
def phone_reader(open_page: OpenPage, team_server: RunningApp) -> Iterator[Reader]:
    made = Reader(open_page(team_server, load=False, viewport={"width": 390, "height": 844}), MadeUpLibrary([]))
    made.library.serve(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")
