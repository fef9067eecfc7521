"""Listening over real processes: whoever makes it happen, whoever is killed meanwhile, everything is heard once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.services.app import RunningApp
from tests.services.waiting import wait_until

Heard = dict[str, Any]


class Listener:
    """A client that comes back with what it heard last, as a browser's EventSource does."""

    def __init__(self, app: RunningApp) -> None:
        self._app = app
        self.place = ""
        self.heard: list[Heard] = []
        self._events = self._connect()

    def next(self) -> Heard:
        for event in self._events:
            self.heard.append(event)
            return event
        raise AssertionError("the stream ended")

    def until(self, *names: str) -> list[Heard]:
        """Listen until each of these has been heard."""
        found: list[Heard] = []
        while not set(names) <= {event["type"] for event in found}:
            found.append(self.next())
        return found

    def ends(self) -> bool:
        """True once the server has ended the answer, in order or not; what still came is heard."""
        with suppress(urllib3.exceptions.HTTPError):
            self.heard.extend(self._events)
        return True

    def come_back(self) -> None:
        self._events = self._connect()

    def _connect(self) -> Iterator[Heard]:
        headers = {"Last-Event-ID": self.place} if self.place else {}
        answer = self._app.request("GET", "/api/events", headers=headers, preload_content=False)
        assert answer.status == 200
        lines = _lines(answer)
        assert next(lines).startswith("retry:")
        return self._read(lines)

    def _read(self, lines: Iterator[str]) -> Iterator[Heard]:
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "id":
                self.place = value
            elif name == "data":
                yield json.loads(value)


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    rest = b""
    with closing(answer):
        for piece in answer.stream(65536):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line.decode() for line in whole)


def upload(app: RunningApp, name: str) -> str:
    answer = app.request("POST", "/api/upload-video", fields={"video": (name, name.encode() * 40, "video/mp4")})
    assert answer.status == 201, answer.data
    return str(answer.json()["video_id"])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_the_worker_does_is_heard_by_a_client_of_the_web(
    running_app: Callable[..., RunningApp], request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    env = {"MEDIA_JOBS": "0", "WEB_WORKERS": "2"}
    if database == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("postgres_server").fresh_database()
    app = running_app(env, targets_toml=f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{tmp_path}"\n')
    listener = Listener(app)
    video_id = upload(app, "a.mp4")
    heard = listener.until("video_added", "video_delivered")
    assert [event["type"] for event in heard] == ["video_added", "video_delivered"]
    assert [event["data"]["video_id"] for event in heard] == [video_id] * 2
    assert heard[1]["data"]["target"] == "nas"


def test_a_killed_server_costs_its_listener_no_event_and_repeats_none(running_app: Callable[..., RunningApp]) -> None:
    app = running_app({"MEDIA_JOBS": "0"}, processes=("web",))
    listener = Listener(app)
    ids = [upload(app, f"{number}.mp4") for number in range(3)]
    listener.until("video_added")
    app.kill9("web")
    assert listener.ends()
    app.start("web")
    ids += [upload(app, f"{number}.mp4") for number in range(3, 6)]
    listener.come_back()
    while len(listener.heard) < len(ids):
        listener.next()
    assert [event["data"]["video_id"] for event in listener.heard] == ids


def test_a_stop_ends_listeners_at_once(running_app: Callable[..., RunningApp]) -> None:
    app = running_app({"MEDIA_JOBS": "0", "STOP_SECONDS": "120"}, processes=("web",))
    listener = Listener(app)
    began = time.monotonic()
    app.stop("web")
    assert listener.ends()
    # Far below STOP_SECONDS, which it would wait for an upload; far above what a busy machine needs.
    assert time.monotonic() - began < 60


def test_a_client_that_is_gone_gives_its_place_to_the_next(running_app: Callable[..., RunningApp]) -> None:
    app = running_app({"MEDIA_JOBS": "0", "WEB_THREADS": "8"}, processes=("web",))
    for _ in range(2):
        with closing(app.request("GET", "/api/events", preload_content=False)) as answer:
            assert answer.status == 200
            next(answer.stream(10))
    for _ in range(2):
        answers: list[urllib3.BaseHTTPResponse] = []

        def listen(answers: list[urllib3.BaseHTTPResponse] = answers) -> bool:
            answers.append(app.request("GET", "/api/events", preload_content=False))
            return answers[-1].status == 200

        wait_until(listen, "a place to be free again")
        for answer in answers:
            answer.close()


def test_a_listener_that_reads_nothing_makes_no_other_wait(running_app: Callable[..., RunningApp]) -> None:
    app = running_app({"MEDIA_JOBS": "0"}, processes=("web",))
    with closing(app.request("GET", "/api/events", preload_content=False)):
        listener = Listener(app)
        ids = [upload(app, f"{number}.mp4") for number in range(5)]
        while len(listener.heard) < len(ids):
            listener.next()
    assert [event["data"]["video_id"] for event in listener.heard] == ids
