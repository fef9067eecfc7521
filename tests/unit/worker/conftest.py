"""A ledger for the worker's own table of jobs."""

from tests.services.ledger_fixtures import ledger, open_ledger, target

__all__ = ["ledger", "open_ledger", "target"]
