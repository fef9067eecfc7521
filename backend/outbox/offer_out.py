"""Targets that nothing can be sent to are handed what they offer by."""

from __future__ import annotations

from collections.abc import Iterable

from backend.offers.offering import Offering
from backend.outbox.places import Place
from backend.targets.base import Offerer


def hand_out(places: Iterable[Place], offering: Offering) -> None:
    """Give every target that offers the installation's own book; before it is first used."""
    for place in places:
        if isinstance(place.target, Offerer):
            place.target.offer_through(offering)
