"""`release`: everything a start needs before web and worker run, safe to repeat."""

from __future__ import annotations

from backend.catalog import events, tokens
from backend.catalog.tokens import Role
from backend.errors import DiskFull
from backend.installation import prepare
from backend.retention.remove import Remover
from backend.services import Services, build_services
from backend.settings import Settings


def release(settings: Settings) -> list[str]:
    """Prepare, finish what a crash left, make the first admin. Returns lines to print."""
    prepare(settings)
    services = build_services(settings)
    try:
        try:
            lines = _finish(services)
        except DiskFull as error:
            # What is there can still be seen and fetched; the worker does all this again once an hour.
            services.log.broke("release_unfinished", error)
            lines = ["The disk is full: videos can be seen and downloaded, but nothing is saved until space is freed."]
        return lines + _first_admin(services)
    finally:
        services.close()


def _finish(services: Services) -> list[str]:
    """Bring to an end what a crash left; returns lines to print."""
    services.clock.note()
    services.seal.begin()
    with services.database.write() as session:
        events.begin_anew(session)
    Remover(services.layout, services.database, services.places, services.log).finish_interrupted()
    services.emptier.finish_interrupted()
    swept = services.recovery.sweep()
    lines = []
    if swept.adopted:
        lines.append(f"{len(swept.adopted)} saved videos were not in the catalog and are listed now.")
    if swept.missing:
        lines.append(f"{len(swept.missing)} videos have no local file; see `video_manager doctor`.")
    return lines


def _first_admin(services: Services) -> list[str]:
    settings, chosen = services.settings, services.settings.admin_token.get_secret_value()
    if settings.auth_mode == "open":
        return [f"Nobody is asked to sign in (AUTH_MODE=open, this machine only): {settings.address}/"]
    with services.database.write() as session:
        if chosen:
            if tokens.find(session, chosen) is None:
                tokens.create(session, "admin", Role.ADMIN, [], chosen)
            return [f"Sign in at {settings.address}/ with your ADMIN_TOKEN."]
        if tokens.count_living(session):
            new = "`scripts/video_manager token create --name NAME --role ROLE` makes a new one"
            return [f"Sign in at {settings.address}/ with your token; {new}."]
        _, secret = tokens.create(session, "admin", Role.ADMIN, [])
    return [
        "First start: you are the admin. Open this link once and keep it safe, it is shown only now:",
        f"    {sign_in_link(settings, secret)}",
    ]


def sign_in_link(settings: Settings, secret: str) -> str:
    """The token stands in the fragment, which browsers never send and servers never log."""
    return f"{settings.address}/#token={secret}"
