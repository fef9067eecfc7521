"""webhooks: made with a secret that is shown once, tested, looked at, and ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.receiver import Receiver, Reply
from tests.unit.cli.conftest import CommandLine


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_the_secret_is_shown_once_and_signs_what_is_sent(either: CommandLine, receiver: Receiver) -> None:
    made = either.well("webhooks", "add", receiver.url, "--label", "archive", "--event", "video_added", "--json").json
    told = either.well("webhooks", "test", "archive").out
    assert told.startswith(f"{receiver.url} took it: 200, in ")
    assert receiver.messages[0].verified(made["secret"])["type"] == "webhook_test"
    lines = either.well("webhooks", "list").lines
    assert lines[0][:7] == [made["id"], "archive", receiver.url, "video_added", "all", "active", "0"]
    everything = either.well("webhooks", "--json").out + either.well("webhooks").out + either.well("logs").out
    assert made["secret"] not in everything + either.well("audit", "list").out
    renewed = either.well("webhooks", "secret", "archive", "--yes").out.split()[-1]
    either.well("webhooks", "test", made["id"][:8])
    receiver.messages[1].verified(renewed)


def test_a_failure_is_told_logged_and_sent_again_on_demand(prepared: CommandLine, receiver: Receiver) -> None:
    prepared.well("webhooks", "add", receiver.url, "--label", "archive")
    receiver.answer = lambda _: Reply(500)
    answer = prepared("webhooks", "test", "archive")
    assert answer.code == 1
    assert "did NOT take it. It answered 500 Internal Server Error." in answer.out
    ((number, _, name, state, attempts, status, _, why),) = prepared.well("webhooks", "log", "archive").lines
    assert (name, state, attempts, status) == ("webhook_test", "failed", "1", "500")
    assert why == "It answered 500 Internal Server Error."
    assert "sent again by the worker" in prepared.well("webhooks", "retry", "archive", number).out
    assert prepared.well("webhooks", "log", "archive", "--state", "pending", "--json").json[0]["id"] == int(number)
    assert prepared("webhooks", "retry", "archive", "999").code == 3


def test_pause_resume_and_remove(prepared: CommandLine) -> None:
    made = prepared.well("webhooks", "add", "http://127.0.0.1:1/", "--json").json
    for command, state in (("pause", "paused"), ("resume", "active")):
        prepared.well("webhooks", command, made["id"])
        assert prepared.well("webhooks", "list", "--json").json[0]["state"] == state
    assert prepared("webhooks", "remove", made["id"]).code == 3, "nobody answered"
    prepared.well("webhooks", "remove", made["id"], "--yes")
    assert prepared.well("webhooks", "list", "--json").json == []


def test_what_is_not_there_or_makes_no_sense_is_refused(prepared: CommandLine) -> None:
    assert "There is none named 'nobody'" in prepared("webhooks", "test", "nobody").err
    for arguments in (["ftp://example.org/"], ["http://example.org/", "--event", "video_vanished"]):
        assert prepared("webhooks", "add", *arguments).code == 3
    for _ in range(2):
        prepared.well("webhooks", "add", "http://127.0.0.1:1/", "--label", "twin")
    assert "There are 2 named 'twin'" in prepared("webhooks", "test", "twin").err
