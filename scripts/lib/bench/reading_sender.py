"""The client's side of reading: whole files, and many readers of parts at once, each on a connection that it keeps."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import Any

_BUFFER_BYTES = 256 * 1024
_SECONDS = 120


def download(job: dict[str, Any]) -> dict[str, Any]:
    """The whole file, thrown away as it comes: seconds from connecting to the last byte."""
    started = time.perf_counter()
    with _connected(job) as connection:
        status, got_bytes = _Reader(connection, job).ask("")
    return {"status": status if got_bytes == job["bytes"] else 0, "seconds": time.perf_counter() - started}


def parts(job: dict[str, Any]) -> dict[str, Any]:
    """`readers` at once, each `count` parts of `part_bytes` at places of chance; `wrong` counts all that was not so."""
    each: list[float] = []
    wrong: list[str] = []
    ready = threading.Barrier(job["readers"] + 1)
    readers = [threading.Thread(target=_read_parts, args=(job, n, ready, each, wrong)) for n in range(job["readers"])]
    for reader in readers:
        reader.start()
    ready.wait()
    started = time.perf_counter()
    for reader in readers:
        reader.join()
    return {"seconds": time.perf_counter() - started, "each_seconds": each, "wrong": wrong}


def _read_parts(
    job: dict[str, Any], number: int, ready: threading.Barrier, each: list[float], wrong: list[str]
) -> None:
    chance = random.Random(number)
    with _connected(job) as connection:
        reader = _Reader(connection, job)
        ready.wait()
        for _ in range(job["count"]):
            first = chance.randrange(job["bytes"] - job["part_bytes"])
            started = time.perf_counter()
            try:
                status, got_bytes = reader.ask(f"Range: bytes={first}-{first + job['part_bytes'] - 1}\r\n")
            except OSError as error:
                wrong.append(repr(error))
                return
            each.append(time.perf_counter() - started)
            if (status, got_bytes) != (206, job["part_bytes"]):
                wrong.append(f"{status} with {got_bytes} bytes")


class _Reader:
    """One connection; the bodies that come over it are counted and thrown away."""

    def __init__(self, connection: socket.socket, job: dict[str, Any]) -> None:
        self._connection = connection
        sign_in = f"Authorization: Bearer {job['token']}\r\n" if job["token"] else ""
        self._head = f"GET {job['path']} HTTP/1.1\r\nHost: 127.0.0.1:{job['port']}\r\n{sign_in}"
        self._buffer = bytearray(_BUFFER_BYTES)

    def ask(self, header: str) -> tuple[int, int]:
        """The status, and how many bytes of a body came."""
        self._connection.sendall(f"{self._head}{header}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self._connection.recv(4096)
            if not piece:
                raise ConnectionError("closed before the answer")
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin1").lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        got = len(body)
        while got < length:
            more = self._connection.recv_into(self._buffer)
            if not more:
                break
            got += more
        return int(lines[0].split()[1]), got


def _connected(job: dict[str, Any]) -> socket.socket:
    return socket.create_connection(("127.0.0.1", job["port"]), timeout=_SECONDS)
