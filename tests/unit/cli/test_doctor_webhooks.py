"""`doctor` and webhooks: silent where there are none, and plain about those that are told nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Webhook
from tests.unit.cli.conftest import CommandLine


def _told(cli: CommandLine) -> list[dict[str, Any]]:
    return [each for each in cli("doctor", "--json").json["findings"] if each["what"] == "webhooks"]


def _add(cli: CommandLine, label: str) -> None:
    cli.well("webhooks", "add", "http://127.0.0.1:9/?key=secret-of-the-receiver", "--label", label)


def _write(cli: CommandLine, label: str, **values: object) -> None:
    database = Database(f"sqlite:///{cli.storage / 'metadata' / 'catalog.db'}")
    with database.write() as session:
        session.execute(update(Webhook).where(Webhook.label == label).values(**values))
    database.close()


def test_nothing_is_said_where_there_are_none(cli: CommandLine) -> None:
    cli.upload("gull.mp4")
    assert _told(cli) == []


def test_those_that_are_told_nothing_are_named_with_the_reason(cli: CommandLine) -> None:
    cli.upload("gull.mp4")
    for label in ("well", "gone", "away", "resting"):
        _add(cli, label)
    (found,) = _told(cli)
    assert (found["state"], found["says"]) == ("well", "4 webhooks are told what happens.")
    _write(cli, "gone", enabled=False, paused_reason="It answered 410 Gone.")
    _write(cli, "away", paused_reason="10 deliveries in a row failed.")
    cli.well("webhooks", "pause", "resting")
    told = _told(cli)
    assert [(each["state"], each["says"]) for each in told] == [
        ("wrong", "One webhook is told nothing more."),
        ("notice", "One webhook is asked in vain."),
        ("notice", "One webhook is paused."),
    ]
    assert "gone: It answered 410 Gone." in told[0]["items"][0]
    assert "secret-of-the-receiver" not in str(told)
    assert cli("doctor").code == 1


def test_a_test_that_failed_is_no_message_that_was_given_up(cli: CommandLine) -> None:
    cli.upload("gull.mp4")
    _add(cli, "archive")
    assert cli("webhooks", "test", "archive").code == 1
    (found,) = _told(cli)
    assert found["state"] == "well"
