"""`targets login`: a person lets the server put copies into their own Google Drive."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend.catalog import audit
from backend.cli.main import CallersPath
from backend.cli.opened import opened
from backend.cli.private_file import keep_beside, refuse_unwritable, write_private
from backend.cli.terminal import safe, say, show_json
from backend.disk.sizes import in_units
from backend.errors import Refused, TargetParked
from backend.services import Services
from backend.settings import read_environment
from backend.targets.config import TargetConfig

if TYPE_CHECKING:
    # Loaded when called: Google's packages take a while.
    from backend.targets.drive.oauth_client import Held, OAuthClient

_DRIVE = "drive"
_LARGEST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Wishes:
    """What was said on the command line."""

    client: Path | None
    whole_drive: bool
    paste: bool
    minutes: float
    replace: bool
    as_json: bool


@click.command()
@click.argument("name", required=False)
@click.option(
    "--client",
    type=CallersPath(),
    metavar="FILE",
    help="the OAuth client's JSON (type “Desktop app”) from the Google Cloud console; not needed again later",
)
@click.option("--whole-drive", is_flag=True, help="ask for the whole Drive: needed to use an existing folder_id")
@click.option("--paste", "--no-browser", "paste", is_flag=True, help="use a browser elsewhere, and paste its address")
@click.option(
    "--timeout",
    "minutes",
    type=click.FloatRange(0, 60, min_open=True),
    default=10,
    show_default=True,
    metavar="MINUTES",
    help="how long to wait for the browser",
)
@click.option("--replace", is_flag=True, help="also replace a key or OAuth client; it is kept beside the sign-in")
@click.option("--json", "as_json", is_flag=True, help="for programs; the address to open is still told on stderr")
def login(
    name: str | None, client: Path | None, whole_drive: bool, paste: bool, minutes: float, replace: bool, as_json: bool
) -> int:
    """Sign in to Google Drive with a person's own account, for the target NAME.

    NAME may be left out when there is one target of the kind drive. Its option `credentials` (DRIVE_CREDENTIALS) says
    where the sign-in is kept: a file that only its owner may read. Nothing there is changed unless all went well.

    \b
    The first time:
      1. In the Google Cloud console make a project, enable the “Google Drive API”, and set up the consent screen.
         Publish it: while it is in “Testing”, Google ends every sign-in after 7 days.
      2. Under “Clients” make a client of the type “Desktop app”, and download its JSON.
      3. video_manager targets login --client FILE, and allow the access in the browser.
    Later, after a revoked or ended sign-in: video_manager targets login

    The sign-in sees only what Holdfast itself makes, in a folder of its own. To put copies into a folder that exists
    (folder_id), use --whole-drive. On a server without a browser use --paste: open the printed address anywhere, and
    paste the address at which that browser ends.

    Then the target is checked as by `targets check`, which also lets waiting copies go on. A running worker takes the
    new sign-in by itself. Exit code 0 when the check is well, else 1; 3 when something would be overwritten.
    """
    wishes = Wishes(client, whole_drive, paste, minutes, replace, as_json)
    with opened(make=True) as services:
        return _login(services, _drive(services.places.configs, name), wishes)


def _login(services: Services, config: TargetConfig, wishes: Wishes) -> int:
    from backend.targets.drive.login import account_of

    path = _place(config)
    before = _read(path)
    held = _allowed(path, before, wishes)
    client = _client(path, held, before, wishes)
    _say_doubts(config, wishes)
    content = _sign_in(client, held.account, wishes)
    content["account"] = account_of(content, config.options["root_url"], config.name)
    kept = _keep_old(path, held, before)
    owner = write_private(path, json.dumps(content, indent=1).encode() + b"\n")
    with services.database.write() as session:
        audit.append(session, "target.signed_in", target=config.name, account=content["account"] or None)
    services.log.write("info", "signed_in", target=config.name, account=content["account"])
    answer = {"target": config.name, "account": content["account"], "file": str(path), "owner": owner}
    answer |= {"scopes": content["scopes"], "kept": str(kept) if kept else None}
    if not wishes.as_json:
        say(f"Signed in as {content['account'] or 'a person whom Drive does not name now'}.")
        say(f"The sign-in is kept in {path}, which only {owner} may read.")
        if kept:
            say(f"What was there is kept in {kept}.")
    _say_other_account(held.account, content["account"])
    return _check(services, config, answer, as_json=wishes.as_json)


def _drive(configs: list[TargetConfig], name: str | None) -> TargetConfig:
    """The target that is meant. Refused, naming those that there are."""
    drives = {config.name: config for config in configs if config.kind == _DRIVE}
    known = ", ".join(drives)
    if name is None and len(drives) == 1:
        return next(iter(drives.values()))
    if name is None and drives:
        raise Refused(f"There are several targets of the kind drive; name one: {known}.")
    if name is not None and name in drives:
        return drives[name]
    if other := next((config for config in configs if config.name == name), None):
        raise Refused(f"The target {name} is of the kind {other.kind}: nobody signs in there with Google.")
    if drives:
        raise Refused(f"There is no target {name}; of the kind drive: {known}.")
    raise Refused(
        "There is no target of the kind drive. Say where its sign-in shall be kept: DRIVE_CREDENTIALS=drive-login.json "
        'in .env, or a [[target]] with kind = "drive" and credentials = "drive-login.json" in targets.toml.'
    )


def _place(config: TargetConfig) -> Path:
    """The file of the credentials. A link is followed: it stays, and the file behind it is replaced."""
    text = str(config.options["credentials"])
    if text.lstrip().startswith("{"):
        raise Refused(
            f"The credentials of {config.name} stand in the configuration itself (or come from env: or file:), where "
            'no sign-in can be written. Name a file instead: credentials = "drive-login.json" in targets.toml, or '
            "DRIVE_CREDENTIALS=drive-login.json."
        )
    if config.options["subject"]:
        raise Refused(
            f"The target {config.name} has the option subject, for which a service account acts. A person who signs in "
            "acts for nobody else: take subject away first."
        )
    path = Path(os.path.realpath(text))
    refuse_unwritable(path)
    return path


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES)
    except FileNotFoundError:
        return None


def _allowed(path: Path, before: bytes | None, wishes: Wishes) -> Held:
    """What lies there now, if it may be replaced: asked before anybody opens a browser."""
    from backend.targets.drive.oauth_client import Kind, look_at

    held = look_at(before)
    if held.kind in (Kind.NOTHING, Kind.SIGN_IN) or wishes.replace:
        return held
    loss = "the sign-in holds what is needed of it" if held.kind is Kind.CLIENT else "a copy stays beside it"
    question = f"{path} holds {held.kind}. Put the sign-in in its place ({loss}; it is kept as {path.name}.before-1)?"
    if wishes.as_json or not sys.stdin.isatty():
        raise Refused(
            f"{path} holds {held.kind}, so nothing was done. Either keep the sign-in elsewhere: set DRIVE_CREDENTIALS "
            f"(or credentials in targets.toml) to another file, such as drive-login.json{_client_hint(path, held)}; or "
            "say --replace: the sign-in takes its place, and what is there now is kept beside it."
        )
    click.confirm(safe(question), abort=True, err=True)
    return held


def _client_hint(path: Path, held: Held) -> str:
    return f", and run this with --client {path}" if held.client else ""


def _client(path: Path, held: Held, before: bytes | None, wishes: Wishes) -> OAuthClient:
    """The OAuth client: of --client, else of what lies at the credentials' place."""
    from backend.targets.drive.oauth_client import Kind, read_client

    if wishes.client is not None:
        try:
            content = wishes.client.read_bytes()
        except OSError as error:
            raise TargetParked(f"The OAuth client {wishes.client} cannot be read: {error.strerror}.") from None
        return read_client(content, str(wishes.client))
    if held.kind is Kind.CLIENT:
        return read_client(before or b"", str(path))
    if held.client is None:
        raise TargetParked(
            "Which OAuth client? In the Google Cloud console, under “Clients” of the Google Auth Platform, make one of "
            "the type “Desktop app”, download its JSON, and give it with --client FILE. It is needed this time only."
        )
    return held.client


def _say_doubts(config: TargetConfig, wishes: Wishes) -> None:
    if config.options["folder_id"] and not wishes.whole_drive:
        say(
            f"The target {config.name} has a folder_id, and this sign-in will see only what Holdfast itself made. If "
            "somebody else made that folder, stop this (Ctrl-C) and use --whole-drive, or take folder_id away.",
            err=True,
        )


def _sign_in(client: OAuthClient, account: str, wishes: Wishes) -> dict[str, Any]:
    from backend.cli.google_answer import by_browser, by_paste
    from backend.targets.drive.login import SignIn, scope_for

    def begin(redirect_uri: str) -> SignIn:
        return SignIn(client, scope_for(whole_drive=wishes.whole_drive), redirect_uri, account)

    if wishes.paste:
        sign_in, answer = by_paste(begin, wishes.minutes)
    else:
        sign_in, answer = by_browser(begin, wishes.minutes, read_environment())
    return sign_in.finish(answer)


def _keep_old(path: Path, held: Held, before: bytes | None) -> Path | None:
    from backend.targets.drive.oauth_client import Kind

    return keep_beside(path, before) if before and held.kind not in (Kind.NOTHING, Kind.SIGN_IN) else None


def _say_other_account(before: str, now: str) -> None:
    if before and now and before != now:
        say(
            f"Before, {before} was signed in. Copies in that Drive are not to be seen with this account: those that "
            "are missed are sent again.",
            err=True,
        )


def _check(services: Services, config: TargetConfig, answer: dict[str, Any], *, as_json: bool) -> int:
    """Say whether copies can be made now; a good answer also ends the waiting."""
    if not config.enabled:
        if as_json:
            show_json(answer | {"check": None})
        else:
            say(f"{config.name} is disabled (enabled = false), so it was not checked.")
        return 0
    report = services.desk.check(config.name)
    if as_json:
        check = {"ok": report.ok, "message": report.message, "details": dict(report.details)}
        show_json(answer | {"check": check})
    else:
        say(f"{config.name}: {'well' if report.ok else 'NOT WELL'}. {report.message}")
        for line in _room(report.details):
            say(line)
        say("A running worker takes this sign-in by itself; nothing has to be started again.")
    return 0 if report.ok else 1


def _room(details: Mapping[str, Any]) -> list[str]:
    limit, usage = details.get("storage_limit_bytes"), details.get("storage_usage_bytes")
    if limit is None or usage is None:
        return []
    return [f"Room left in the account: {in_units(max(0, limit - usage))} of {in_units(limit)}."]
