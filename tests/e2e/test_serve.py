"""`scripts/serve` after its set-up: it starts everything, keeps it up, and ends without losing a request."""

from __future__ import annotations

import http.client
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.app import AppFactory, RunningApp
from tests.services.process import ServerProcess, answers, children
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.service, pytest.mark.executed]

# The server reads in pieces of 1 MiB: a smaller body would not have begun before it had ended.
_BODY_BYTES = 3_000_000

Serve = Callable[..., tuple[RunningApp, ServerProcess]]


@pytest.fixture
def serve(running_app: AppFactory) -> Iterator[Serve]:
    """`serve(env={…})` starts it and returns the installation and the process, ready or not."""
    started: list[tuple[RunningApp, ServerProcess]] = []

    def start(env: dict[str, str] | None = None) -> tuple[RunningApp, ServerProcess]:
        app = running_app(env, start=False)
        command = [sys.executable, "-m", "scripts.lib.serve"]
        process = ServerProcess("serve", command, app.home / "serve.log", app.environ, app.home)
        process.start()
        started.append((app, process))
        return app, process

    yield start
    for app, process in started:
        process.kill9()
        # Its children have groups of their own and end by the kernel's word.
        wait_until_gone(app)


def wait_until_gone(app: RunningApp) -> None:
    wait_until(lambda: not answers(app.port), "the web process to end")


def wait_until_ready(process: ServerProcess) -> None:
    def ready() -> bool:
        assert process.running, process.tail()
        return "Holdfast is ready" in process.log.read_text()

    wait_until(ready, "the address to be told", seconds=60)


def supervised(process: ServerProcess) -> dict[str, int]:
    """The ids of web and worker, by what they run."""
    (supervisor,) = children(process.pid)
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children(supervisor)}
    return {"web" if "gunicorn" in command else "worker": pid for pid, command in commands.items()}


@contextmanager
def half_sent_upload(app: RunningApp, body: bytes) -> Iterator[http.client.HTTPConnection]:
    """An upload that has begun, and of which the server lacks the last 20 bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    connection.putrequest("POST", "/api/upload-video")
    connection.putheader("Authorization", f"Bearer {app.admin_token}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:-20])
    wait_until(lambda: list((app.storage_path / "incoming").iterdir()), "the upload to have begun")
    yield connection
    connection.close()


def form(data: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n"


def test_it_tells_the_sign_in_link_and_then_the_address_once_the_page_answers(serve: Serve) -> None:
    app, process = serve({"ADMIN_TOKEN": ""})
    wait_until_ready(process)
    assert app.request("GET", "/healthz", token="").status == 200
    words = process.log.read_text()
    assert words.index("#token=hf_") < words.index(f"Holdfast is ready: {app.base_url}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_upload_in_flight_is_finished_before_it_stops(serve: Serve, number: signal.Signals) -> None:
    app, process = serve()
    wait_until_ready(process)
    body = form(os.urandom(_BODY_BYTES))
    with half_sent_upload(app, body) as connection:
        os.kill(process.pid, number)
        wait_until(lambda: "Stopping" in process.log.read_text(), "it to begin stopping")
        connection.send(body[-20:])
        assert connection.getresponse().status == 201
    assert process.stop(seconds=60) == 0


def test_a_second_signal_ends_the_waiting(serve: Serve) -> None:
    app, process = serve({"STOP_SECONDS": "600"})
    wait_until_ready(process)
    with half_sent_upload(app, form(bytes(_BODY_BYTES))):
        os.kill(process.pid, signal.SIGTERM)
        wait_until(lambda: "Stopping" in process.log.read_text(), "it to begin stopping")
        assert process.stop(seconds=60) == 0
    wait_until_gone(app)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_process_is_started_again_alone(serve: Serve, name: str) -> None:
    app, process = serve()
    wait_until_ready(process)
    before = wait_until(lambda: len(found := supervised(process)) == 2 and found, "both processes")
    assert before
    os.kill(before[name], signal.SIGKILL)
    after = wait_until(lambda: len(found := supervised(process)) == 2 and found != before and found, "it to come back")
    assert after
    other = "worker" if name == "web" else "web"
    assert after[other] == before[other]
    wait_until(lambda: answers(app.port), "the web to answer")


def test_nothing_is_left_when_it_is_killed_itself(serve: Serve) -> None:
    app, process = serve()
    wait_until_ready(process)
    process.kill9()
    wait_until_gone(app)


def test_a_failing_release_step_is_told_and_nothing_is_served(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app, process = serve({"STORAGE_PATH": str(tmp_path / "file" / "below")})
    wait_until(lambda: not process.running, "it to give up")
    assert process.stop() == 1
    assert "Holdfast is not running. The release step" in process.tail()
    assert not answers(app.port)


def test_a_wrong_setting_is_told_and_nothing_is_served(serve: Serve) -> None:
    _, process = serve({"WEB_THREADS": "many"})
    wait_until(lambda: not process.running, "it to give up")
    assert process.stop() == 1
    assert "WEB_THREADS" in process.tail()
