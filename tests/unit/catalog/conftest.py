"""A ledger, on either database."""

from tests.services.ledger_fixtures import ledger, open_ledger, target

__all__ = ["ledger", "open_ledger", "target"]
