"""`edge`: the camera that a Milestone VMS pulls recordings from, as the Procfile names it."""

from __future__ import annotations

import click

from backend.edge.run import run_edge
from backend.outbox.places import open_places
from backend.settings import Settings, load_settings, read_environment
from backend.targets.config import TargetConfig

_KIND = "milestone"


@click.command()
@click.option("--wanted", "only_ask", is_flag=True, help="Say yes or no: whether any target needs it; then end.")
def edge(only_ask: bool) -> None:
    """Be the camera that Milestone pulls recordings from, until told to stop.

    It listens on EDGE_PORT (ONVIF) and EDGE_RTSP_PORT, and reads what is offered in the storage folder. Without an
    enabled target of kind milestone it listens on nothing and waits to be stopped.
    """
    settings = load_settings()
    config = pulled_by(settings)
    if only_ask:
        click.echo("no" if config is None else "yes")
        return
    run_edge(settings, wanted=config is not None, mib_per_second=config.max_mib_per_second if config else None)


def pulled_by(settings: Settings) -> TargetConfig | None:
    """The target that pulls from the edge device; there is one at most. No connection is opened."""
    places = open_places(settings, read_environment())
    return next((place.config for place in places.by_name.values() if place.config.kind == _KIND), None)
