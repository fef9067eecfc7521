"""`webhooks`: addresses that are told of what happens here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from backend.catalog.models import WebhookState
from backend.catalog.webhooks import describe_delivery
from backend.cli.opened import opened
from backend.cli.terminal import Cell, Column, ask, say, short_id, show_json, show_rows, time_cell
from backend.errors import Refused
from backend.services import Services

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_WHICH = click.argument("webhook", metavar="ID|LABEL")
_COLUMNS = (
    Column("id", whole=True),
    Column("label"),
    Column("address"),
    Column("events"),
    Column("project"),
    Column("state", whole=True),
    Column("waiting", "right", whole=True),
    Column("failed", "right", whole=True),
    Column("last success", whole=True),
    Column("why"),
)
_LOG_COLUMNS = (
    Column("number", "right", whole=True),
    Column("happened", whole=True),
    Column("event"),
    Column("state", whole=True),
    Column("attempts", "right", whole=True),
    Column("answer", whole=True),
    Column("seconds", "right", whole=True),
    Column("why"),
)
_SHORTEST = 4


@click.group(invoke_without_command=True)
@_AS_JSON
@click.pass_context
def webhooks(ctx: click.Context, as_json: bool) -> None:
    """Tell addresses of what happens here: list, add, test, look, retry."""
    if ctx.invoked_subcommand is None:
        _list(as_json=as_json)


@webhooks.command("list")
@_AS_JSON
def list_webhooks(as_json: bool) -> None:
    """Show every webhook: its address, what it is told, whether that is taken.

    Never its secret. A plain line holds: id, label, address, events, project, state, count that waits, count that
    failed, last success, why it is paused or what failed last.
    """
    _list(as_json=as_json)


@webhooks.command()
@click.argument("url")
@click.option("--label", default="", help="a word for yourselves")
@click.option("--event", "names", multiple=True, help="only this event (again for more; else all)")
@click.option("--project", default="", help="only this project's videos")
@_AS_JSON
def add(url: str, label: str, names: tuple[str, ...], project: str, as_json: bool) -> None:
    """Tell URL of what happens from now on. Its secret is shown now and never again."""
    with opened() as services:
        made = services.webhooks.create(url, label=label, names=names, project_id=project)
        shown = services.webhooks.one(made.webhook.id)
    if as_json:
        show_json(shown | {"secret": made.secret})
        return
    say(f"{url} is told of {', '.join(names) or 'everything'} from now on. Keep this, it is shown only now:")
    say(f"  secret  {made.secret}")
    say(f"`video_manager webhooks test {made.webhook.id[:8]}` sends it a message.")


@webhooks.command()
@_WHICH
@click.option("--yes", is_flag=True, help="do not ask")
def remove(webhook: str, yes: bool) -> None:
    """Delete a webhook, and what waits for it."""
    with opened() as services:
        found = _find(services, webhook)
        ask(f"Delete the webhook to {found['url']}? What waits for it ({found['waiting']}) goes too.", yes=yes)
        services.webhooks.delete(found["id"])
    say(f"{found['url']} is told nothing more.")


@webhooks.command()
@_WHICH
def pause(webhook: str) -> None:
    """Send it nothing until it is resumed.

    It is told then of what it missed, as far back as events are kept.
    """
    with opened() as services:
        found = _find(services, webhook)
        services.webhooks.change(found["id"], {"enabled": False})
    say(f"{found['url']} is paused. `video_manager webhooks resume {found['id'][:8]}` lets it go on.")


@webhooks.command()
@_WHICH
def resume(webhook: str) -> None:
    """Go on, and send what waits at once."""
    with opened() as services:
        found = _find(services, webhook)
        services.webhooks.change(found["id"], {"enabled": True})
    say(f"{found['url']} goes on.")


@webhooks.command()
@_WHICH
@click.option("--yes", is_flag=True, help="do not ask")
@_AS_JSON
def secret(webhook: str, yes: bool, as_json: bool) -> None:
    """Make a new secret, shown only now; the old one signs beside it for a day."""
    with opened() as services:
        found = _find(services, webhook)
        ask(f"Make a new secret for {found['url']}? For a day the old one signs beside it.", yes=yes)
        made = services.webhooks.new_secret(found["id"])
    if as_json:
        show_json({"id": found["id"], "secret": made.secret})
        return
    say(f"  secret  {made.secret}")


@webhooks.command()
@_WHICH
@_AS_JSON
def test(webhook: str, as_json: bool) -> int:
    """Send one message now, and tell what the other side answered."""
    with opened() as services:
        found = _find(services, webhook)
        sent = describe_delivery(services.webhooks.test(found["id"]))
    if as_json:
        show_json(sent)
    elif sent["error"] is None:
        say(f"{found['url']} took it: {sent['status_code']}, in {sent['answered_seconds']:g} s.")
    else:
        say(f"{found['url']} did NOT take it. {sent['error']}")
    return 0 if sent["error"] is None else 1


@webhooks.command("log")
@_WHICH
@click.option("--limit", default=50, type=click.IntRange(1, 1000), show_default=True)
@click.option("--state", default="", type=click.Choice(["", *(str(state) for state in WebhookState)]))
@_AS_JSON
def log_(webhook: str, limit: int, state: str, as_json: bool) -> None:
    """Show what was and will be sent to a webhook, newest first."""
    with opened() as services:
        page = services.webhooks.deliveries(_find(services, webhook)["id"], limit, state=state)
        found = [describe_delivery(one) for one in page.deliveries]
    if as_json:
        show_json(found)
        return
    rows = (
        (
            str(one["id"]),
            _time(one["created_at"]),
            one["type"],
            one["state"],
            str(one["attempts"]),
            str(one["status_code"] or ""),
            "" if one["answered_seconds"] is None else f"{one['answered_seconds']:.3f}",
            one["error"] or "",
        )
        for one in found
    )
    show_rows(_LOG_COLUMNS, rows, "Nothing was sent to it yet.")


@webhooks.command()
@_WHICH
@click.argument("number", type=int)
@_AS_JSON
def retry(webhook: str, number: int, as_json: bool) -> None:
    """Send one delivery of the log again now, with the same id."""
    with opened() as services:
        sent = services.webhooks.retry(_find(services, webhook)["id"], number)
    if as_json:
        show_json(describe_delivery(sent))
        return
    say(f"{sent.name} ({sent.event_id}) is sent again by the worker.")


def _list(*, as_json: bool) -> None:
    with opened() as services:
        found = services.webhooks.every()
    if as_json:
        show_json(found)
        return
    show_rows(_COLUMNS, map(_row, found), "There is no webhook. `video_manager webhooks add URL` makes one.")


def _row(one: dict[str, Any]) -> tuple[Cell | str, ...]:
    return (
        short_id(one["id"]),
        one["label"],
        one["url"],
        ",".join(one["events"]) or "all",
        one["project_id"] or "all",
        one["state"],
        str(one["waiting"]),
        str(one["failed"]),
        _time(one["last_success_at"]),
        one["reason"] or one["last_error"] or "",
    )


def _time(at: str | None) -> Cell:
    return time_cell(datetime.fromisoformat(at)) if at else Cell("", "never")


def _find(services: Services, word: str) -> dict[str, Any]:
    """The one webhook with this id (or its first characters) or label."""
    every = services.webhooks.every()
    by_id = [one for one in every if len(word) >= _SHORTEST and one["id"].startswith(word)]
    found = by_id or [one for one in every if one["label"] == word]
    if len(found) != 1:
        many = "is none" if not found else f"are {len(found)}"
        raise Refused(f"There {many} named '{word}'. `video_manager webhooks list` shows ids and labels.")
    return found[0]
