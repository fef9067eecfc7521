"""One message: what each answer means, in words, within bounds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from backend.webhooks import post, signature
from backend.webhooks.post import send
from tests.services.receiver import Receiver, Reply

SECRET = signature.new_secret()
PAYLOAD = {"id": "e-1", "type": "video_added", "data": {"original_filename": "übung.mp4\udcff"}}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_what_is_taken_was_signed_and_is_json(receiver: Receiver) -> None:
    answer = send(receiver.url, SECRET, "e-1", PAYLOAD)
    assert (answer.taken, answer.status_code, answer.error) == (True, 200, "")
    (message,) = receiver.messages
    assert message.path == "/hook?of=video"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"].startswith("Holdfast")
    assert message.verified(SECRET) == PAYLOAD


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(500), "500 Internal Server Error"),
        (Reply(410), "410 Gone"),
        (Reply(302, {"Location": "http://127.0.0.1:1/elsewhere"}), "redirect"),
        (Reply(404, body=b"whsec_ said the receiver"), "404 Not Found"),
        (Reply(799), "799"),
        (Reply(close=True), "closed the connection"),
    ],
)
def test_what_is_not_taken_is_told_in_our_words(receiver: Receiver, reply: Reply, words: str) -> None:
    receiver.answer = lambda _: reply
    answer = send(receiver.url, SECRET, "e-1", PAYLOAD)
    assert not answer.taken
    assert words in answer.error
    assert "receiver" not in answer.error
    assert len(receiver.messages) == 1
    assert answer.gone == (reply.status == 410)


@pytest.mark.parametrize(("given", "seconds"), [("120", 120.0), ("nonsense", None)])
def test_its_wish_to_wait_is_heard(receiver: Receiver, given: str, seconds: float | None) -> None:
    receiver.answer = lambda _: Reply(503, {"Retry-After": given})
    assert send(receiver.url, SECRET, "e-1", PAYLOAD).retry_after_seconds == seconds


def test_one_that_hangs_is_left(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "READ_SECONDS", 0.2)
    release = threading.Event()
    receiver.answer = lambda _: Reply(release=release)
    assert "did not answer within" in send(receiver.url, SECRET, "e-1", PAYLOAD).error
    release.set()


def test_a_status_counts_though_the_rest_never_comes(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "READ_SECONDS", 0.2)
    release = threading.Event()
    receiver.answer = lambda _: Reply(202, release=release, after_status=True)
    assert send(receiver.url, SECRET, "e-1", PAYLOAD).taken
    release.set()


def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(body=b"x" * 50_000_000)
    answer = send(receiver.url, SECRET, "e-1", PAYLOAD)
    assert answer.taken


def test_one_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "WHOLE_SECONDS", 0.4)
    stop = threading.Event()

    def trickle() -> None:
        taken, _ = server.accept()
        with closing(taken):
            try:
                while not stop.wait(0.05):
                    taken.sendall(b"H")
            except OSError:
                return

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        answer = send(f"http://127.0.0.1:{server.getsockname()[1]}/", SECRET, "e-1", PAYLOAD)
        stop.set()
        thread.join()
    assert "in full" in answer.error


def test_nobody_there_is_told_in_words() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert "could not be reached" in send(f"http://127.0.0.1:{port}/", SECRET, "e-1", PAYLOAD).error
    assert "DNS" in send("http://nobody.invalid/", SECRET, "e-1", PAYLOAD).error


def test_a_server_that_speaks_no_tls_is_told_in_words(receiver: Receiver) -> None:
    answer = send(receiver.url.replace("http:", "https:"), SECRET, "e-1", PAYLOAD)
    assert "TLS" in answer.error
    assert not receiver.messages
