"""`release`: everything a start needs before web and worker run, safe to repeat."""

from __future__ import annotations

import os

from backend.catalog import tokens
from backend.catalog.migrate import migrate
from backend.catalog.tokens import Role
from backend.disk.atomic import TEMPORARY_SUFFIX, fsync_folder, write_new
from backend.disk.incoming import discard_abandoned
from backend.disk.layout import Layout
from backend.retention.remove import Remover
from backend.services import Services, build_services
from backend.settings import Settings
from backend.signing import RECEIPT_KEY_FILE, SESSION_KEY_FILE, new_receipt_key, new_secret


def prepare(settings: Settings) -> None:
    """Folders, keys and tables."""
    layout = Layout(settings.storage_path.absolute())
    layout.prepare()
    make_keys(layout)
    migrate(settings.catalog_url)


def make_keys(layout: Layout) -> None:
    """Make the receipt key and the session secret, once; 0600 and durable before anything is signed."""
    for left in layout.keys.glob(f"*{TEMPORARY_SUFFIX}"):
        discard_abandoned(left)
    for name, fresh in ((RECEIPT_KEY_FILE, new_receipt_key), (SESSION_KEY_FILE, new_secret)):
        place = layout.keys / name
        if place.exists():
            continue
        old = os.umask(0o077)
        try:
            write_new(place, fresh(), layout.keys)
        except FileExistsError:
            pass  # another process was first; its key is the key
        finally:
            os.umask(old)
    fsync_folder(layout.keys)


def release(settings: Settings) -> list[str]:
    """Prepare, finish what a crash left, make the first admin. Returns lines to print."""
    prepare(settings)
    services = build_services(settings)
    try:
        Remover(services.layout, services.database, services.places, services.log).finish_interrupted()
        swept = services.recovery.sweep()
        lines = []
        if swept.adopted:
            lines.append(f"{len(swept.adopted)} saved videos were not in the catalog and are listed now.")
        if swept.missing:
            lines.append(f"{len(swept.missing)} videos have no local file; see `video_manager doctor`.")
        return lines + _first_admin(services)
    finally:
        services.close()


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
