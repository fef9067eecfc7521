"""Targets that nothing can be sent to are handed what they offer by."""

from __future__ import annotations

from collections.abc import Iterable

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.offers.book import Book
from backend.offers.offering import Offering
from backend.outbox.places import Place
from backend.targets.base import Offerer


def hand_out(places: Iterable[Place], layout: Layout, tools: Confinement) -> None:
    """Give every target that offers the installation's own book; before it is first used."""
    offering = Offering(Book(layout), tools, layout)
    for place in places:
        if isinstance(place.target, Offerer):
            place.target.offer_through(offering)
