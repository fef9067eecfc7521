"""The way into an installation for one command: settings read, services opened, and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from backend.actor import Actor, acting
from backend.catalog.database import sqlite_path
from backend.installation import open_installation, user_name
from backend.intake.receive import Caller
from backend.services import Services
from backend.settings import load_settings


@contextmanager
def opened(*, make: bool = False) -> Iterator[Services]:
    """The services of this installation. `make`: prepare one that never was, where that does no harm."""
    with acting(actor()):
        services = open_installation(load_settings(), make=make)
        try:
            yield services
        finally:
            services.close()


def way_back(catalog_url: str) -> str:
    """What to do about a catalog that cannot be read."""
    place = sqlite_path(catalog_url)
    if place is None:
        return "Look whether PostgreSQL runs, and at DATABASE_URL or POSTGRES_*: `video_manager settings`."
    return (
        f"Stop the server, move {place} away (and {place.name}-wal, {place.name}-shm if they are there), then start it "
        "again or run `video_manager rebuild`: every video comes back from the sidecars; sign-in tokens do not."
    )


def actor() -> Actor:
    """Who acts, in the audit."""
    return Actor(f"cli:{user_name(os.geteuid())}", caller().name)


def caller() -> Caller:
    """Who acts, in the log and in the catalog: the account of this machine."""
    return Caller(id="cli", name=f"{user_name(os.geteuid())} (command line)")
