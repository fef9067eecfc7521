"""A ledger with its media side, on either database."""

import pytest

from tests.services.ledger import Ledger
from tests.services.ledger_fixtures import ledger, open_ledger, target
from tests.services.media_site import MediaSite

__all__ = ["ledger", "open_ledger", "target"]


@pytest.fixture
def site(ledger: Ledger) -> MediaSite:
    return MediaSite(ledger)
