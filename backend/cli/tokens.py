"""`token`: who may sign in."""

from __future__ import annotations

from typing import Any

import click

from backend.catalog import tokens
from backend.catalog.models import Token
from backend.catalog.tokens import Role
from backend.catalog.types import iso
from backend.cli.opened import caller, opened
from backend.cli.release import sign_in_link
from backend.cli.terminal import Column, ask, say, short_id, show_json, show_rows, time_cell

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_COLUMNS = (
    Column("id", whole=True),
    Column("name"),
    Column("role", whole=True),
    Column("projects"),
    Column("made", whole=True),
    Column("last used", whole=True),
    Column("state", whole=True),
)


@click.group()
def token() -> None:
    """Make, list and revoke sign-in tokens."""


@token.command()
@click.option("--name", required=True, help="whose it is")
@click.option(
    "--role",
    required=True,
    # Of an enum click would take the names, VIEWER and so on.
    type=click.Choice([role.value for role in Role]),
    help="viewer: read; uploader, service: read and upload; operator: delete, retry, targets too; admin: all",
)
@click.option("--project", "projects", multiple=True, help="only this project (again for more; else all)")
@_AS_JSON
def create(name: str, role: str, projects: tuple[str, ...], as_json: bool) -> None:
    """Make a token. Its secret and sign-in link are shown now and never again."""
    with opened(make=True) as services:
        with services.database.write() as session:
            made, secret = tokens.create(session, name, Role(role), list(projects))
            twins = [one for one in tokens.every(session) if one.name == made.name and one.revoked_at is None]
            shown = _as_json(made)
        services.log.write("info", "token_created", token=made.id, name=made.name, role=role, user=caller().name)
        link, mode = sign_in_link(services.settings, secret), services.settings.auth_mode
    if len(twins) > 1:
        say(f"{len(twins)} living tokens are named {name} now; `token revoke` needs their ids then.", err=True)
    if as_json:
        show_json(shown | {"token": secret, "sign_in_link": link})
        return
    reach = f"the projects {', '.join(projects)}" if projects else "every project"
    say(f"{name} may sign in as {role}, for {reach}. Keep this, it is shown only now:")
    say(f"  token         {secret}")
    say(f"  sign-in link  {link}")
    if mode == "open":
        say("While AUTH_MODE=open nobody is asked for it.")


@token.command("list")
@_AS_JSON
def list_tokens(as_json: bool) -> None:
    """Show every token that was made; secrets are not kept."""
    with opened() as services, services.database.read() as session:
        found = tokens.every(session)
    if as_json:
        show_json([_as_json(one) for one in found])
        return
    rows = (
        (
            short_id(one.id),
            one.name,
            one.role,
            ",".join(one.projects) or "all",
            time_cell(one.created_at),
            time_cell(one.last_used_at),
            "revoked" if one.revoked_at else "good",
        )
        for one in found
    )
    show_rows(_COLUMNS, rows, "No token was made yet.")


@token.command()
@click.argument("token_", metavar="ID|NAME")
@click.option("--yes", is_flag=True, help="do not ask")
def revoke(token_: str, yes: bool) -> None:
    """End a token: whoever uses it is signed out at once."""
    with opened() as services:
        with services.database.read() as session:
            living = [one for one in tokens.every(session) if one.revoked_at is None]
        ids = [one.id for one in living if one.id.startswith(token_)] if len(token_) >= 4 else []
        exact = ids[0] if len(ids) == 1 else token_
        ask(f"Revoke the token {token_}? Whoever uses it is signed out at once.", yes=yes)
        with services.database.write() as session:
            ended = tokens.revoke(session, exact)
        services.log.write("info", "token_revoked", token=ended.id, name=ended.name, user=caller().name)
    say(f"The token of {ended.name} ({ended.role}) is revoked.")
    if ended.role == Role.ADMIN and not any(o.role == Role.ADMIN and o.id != ended.id for o in living):
        say("That was the last admin: `video_manager token create --name … --role admin` makes another.", err=True)


def _as_json(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role,
        "projects": one.projects,
        "created_at": iso(one.created_at),
        "last_used_at": iso(one.last_used_at),
        "revoked_at": iso(one.revoked_at),
    }
