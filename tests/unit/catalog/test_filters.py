"""What a list can be asked for about copies: in one of several states, at one of several targets."""

from __future__ import annotations

from backend.catalog.database import Database
from backend.disk.sidecar import DeliveryFacts
from tests.unit.catalog.test_listing import add, database, document, found

__all__ = ["database"]


def test_copies_are_found_by_any_of_the_states_at_any_of_the_targets(database: Database) -> None:
    def copy(target: str, state: str) -> DeliveryFacts:
        return DeliveryFacts(target=target, state=state)

    add(
        database,
        document(1, deliveries=[copy("nas", "delivered"), copy("drive", "failed")]),
        document(2, deliveries=[copy("nas", "pending"), copy("drive", "delivered")]),
        document(3, deliveries=[copy("nas", "in_progress")]),
        document(4),
    )
    assert found(database, state="pending,in_progress") == ["3.mp4", "2.mp4"]
    assert found(database, targets=("drive",)) == ["2.mp4", "1.mp4"]
    # The state is asked of the copy at that target, not of any.
    assert found(database, state="delivered", targets=("nas",)) == ["1.mp4"]
    assert found(database, state="delivered", targets=("nas", "drive")) == ["2.mp4", "1.mp4"]
    assert found(database, state="failed", targets=("nas",)) == []
