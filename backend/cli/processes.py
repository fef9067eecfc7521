"""`release` and `worker`: what the Procfile names."""

from __future__ import annotations

import click

from backend.cli import release as steps
from backend.services import build_services
from backend.settings import load_settings
from backend.worker.run import run_worker


@click.command()
def release() -> None:
    """Prepare folders, keys and tables; make the first admin.

    Every start needs it once before web and worker run. It also mends what a crash left; again does no harm.
    """
    for line in steps.release(load_settings()):
        click.echo(line)


@click.command()
def worker() -> None:
    """Deliver, verify and keep house until told to stop."""
    run_worker(build_services(load_settings()))
