"""The worker's loop and bandwidth: a target's limit is kept where its bytes leave."""

from __future__ import annotations

import pytest

from backend.offers.offering import Offering
from backend.outbox.transfer import LedgerTransfer
from backend.targets.base import Source, Transfer
from tests.services.ledger import MemoryTarget, OpenLedger, place


class Fetching(MemoryTarget):
    """Fetches by itself what it is offered, as a VMS does."""

    def offer_through(self, offering: Offering) -> None:
        """It needs nothing of that."""


@pytest.mark.parametrize(("kind", "waits"), [(MemoryTarget, True), (Fetching, False)])
def test_what_a_place_fetches_by_itself_is_not_held_to_the_limit_here(
    open_ledger: OpenLedger, kind: type[MemoryTarget], waits: bool
) -> None:
    """The edge device keeps it: how far the VMS says it is are no bytes that we send."""
    target, waited = kind(), list[float]()

    def put(_source: Source, _key: str, transfer: Transfer) -> None:
        assert isinstance(transfer, LedgerTransfer)
        waited.append(transfer.throttle.turn(1))

    target.on_put = put
    ledger = open_ledger(place(target, max_mib_per_second=100))
    ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    assert [one > 0 for one in waited] == [waits]
