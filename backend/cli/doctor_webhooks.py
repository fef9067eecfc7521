"""What `doctor` asks of the webhooks: whether each is told, or waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend.catalog import webhooks
from backend.catalog.database import Database
from backend.cli.findings import Finding, notice, well, wrong
from backend.events import WEBHOOK_TEST

_BY_PERSON = "Paused by "


def hooks(database: Database) -> Iterator[Finding]:
    """Nothing is said where there are none. One that somebody paused is worth knowing, and no fault."""
    with database.read() as session:
        told = [webhooks.describe_webhook(one, {}) for one in webhooks.every(session)]
        given_up = webhooks.given_up(session, but=WEBHOOK_TEST)
    if not told:
        return
    ended = [one for one in told if one["state"] == "paused" and not one["reason"].startswith(_BY_PERSON)]
    failing = [one for one in told if one["state"] == "failing"]
    paused = [one for one in told if one["state"] == "paused" and one not in ended]
    if ended:
        remedy = "When that has changed: video_manager webhooks resume ID. Else: webhooks remove ID"
        yield wrong("webhooks", f"{_many(ended)} told nothing more.", remedy, _each(ended))
    if failing:
        remedy = "They are tried again by themselves. To see how it stands: video_manager webhooks test ID"
        yield notice("webhooks", f"{_many(failing)} asked in vain.", remedy, _each(failing))
    if paused:
        yield notice("webhooks", f"{_many(paused)} paused.", "video_manager webhooks resume ID", _each(paused))
    if given_up:
        remedy = "They were older than EVENTS_DAYS. To send one all the same: video_manager webhooks retry"
        yield notice("webhooks", f"Of the messages, {given_up} are not sent any more by themselves.", remedy)
    if not (ended or failing or paused or given_up):
        yield well("webhooks", f"{_many(told)} told what happens.")


def _many(some: list[dict[str, Any]]) -> str:
    return "One webhook is" if len(some) == 1 else f"{len(some)} webhooks are"


def _each(some: list[dict[str, Any]]) -> tuple[str, ...]:
    """By label, not by address: that may hold a secret of its receiver."""
    return tuple(f"{one['id']} {one['label']}: {one['reason']}" for one in some)
