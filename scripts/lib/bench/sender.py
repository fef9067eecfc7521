"""The client: forms by raw socket and sendfile(2), in a process of its own, so that it is not what limits.

Reads one JSON job per line, does it, answers one JSON line:
  {"do": "large", "port", "door", "token", "source", "bytes"}           → {"status", "seconds"}
  {"do": "small", "port", "door", "token", "bytes", "count", "clients"} → {"statuses", "seconds", "each_seconds"}
  {"do": "resumable", "port", "door", "token", "way", "source", "bytes"} → {"status", "seconds"}
  {"do": "in time", …, "limit_seconds"}                                  → {"status", "seconds"}; 0 when late
  {"do": "gets", "port", "token", "path", "count", "limit_seconds"}      → {"each_seconds"}
  {"do": "download", "port", "token", "path", "bytes"}                   → {"status", "seconds"}
  {"do": "parts", …, "readers", "count", "part_bytes"}                   → {"seconds", "each_seconds", "wrong"}
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from scripts.lib.bench import reading_sender, resumable_sender
from scripts.lib.bench.resumable_sender import send_file

_BOUNDARY = "holdfast-bench-1f0c2a9b3d"
_EPILOGUE = f"\r\n--{_BOUNDARY}--\r\n".encode()
_ANSWER_SECONDS = 600


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(_DO[job["do"]](job)), flush=True)


def _large(job: dict[str, Any]) -> dict[str, Any]:
    """One file of `bytes` bytes: `source` sent as often as it takes."""
    prologue = _prologue(job, keep=False)
    with Path(job["source"]).open("rb") as source:
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", job["port"]), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(prologue)
            send_file(connection, source, job["bytes"])
            connection.sendall(_EPILOGUE)
            status = _read_answer(connection)
        return {"status": status, "seconds": time.perf_counter() - started}


def _small(job: dict[str, Any]) -> dict[str, Any]:
    """`count` files with contents of their own, by `clients` connections that are kept."""
    shares = [job["count"] // job["clients"]] * job["clients"]
    statuses: list[int] = []
    each: list[float] = []
    threads = [threading.Thread(target=_client, args=(job, share, statuses, each)) for share in shares]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"statuses": statuses, "seconds": time.perf_counter() - started, "each_seconds": each}


def _client(job: dict[str, Any], count: int, statuses: list[int], each: list[float]) -> None:
    prologue = _prologue(job, keep=True)
    filling = os.urandom(job["bytes"] - 16)
    with socket.create_connection(("127.0.0.1", job["port"]), timeout=_ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            started = time.perf_counter()
            connection.sendall(b"".join((prologue, os.urandom(16), filling, _EPILOGUE)))
            statuses.append(_read_answer(connection))
            each.append(time.perf_counter() - started)


def _prologue(job: dict[str, Any], *, keep: bool) -> bytes:
    """The head of the request and of its only part."""
    part = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="bench.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    )
    body_bytes = len(part) + job["bytes"] + len(_EPILOGUE)
    sign_in = f"Authorization: Bearer {job['token']}\r\n" if job["token"] else ""
    head = (
        f"POST {job['door']} HTTP/1.1\r\nHost: 127.0.0.1:{job['port']}\r\n{sign_in}"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {body_bytes}\r\n\r\n"
    )
    return (head + part).encode()


def _read_answer(connection: socket.socket) -> int:
    """The status of one answer, read to its end. Every server here declares Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin1").lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
    while len(body) < length:
        body += _more(connection)
    return int(lines[0].split()[1])


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the server closed the connection before its answer was whole")
    return piece


_DO = {
    "large": _large,
    "small": _small,
    "resumable": resumable_sender.send,
    "in time": resumable_sender.send_in_time,
    "gets": resumable_sender.gets,
    "download": reading_sender.download,
    "parts": reading_sender.parts,
}


if __name__ == "__main__":
    main()
