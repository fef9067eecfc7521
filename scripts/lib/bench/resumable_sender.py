"""How the sender speaks to the resumable doors: one file by tus or by the IETF's draft, raw socket and sendfile(2)."""

from __future__ import annotations

import os
import socket
import time
from base64 import b64encode
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

_ANSWER_SECONDS = 600
_NAME = "bench.mp4"
_TUS = {"Tus-Resumable": "1.0.0"}
_OCTETS = {"Content-Type": "application/offset+octet-stream"}
_NAMED = {"Upload-Metadata": f"filename {b64encode(_NAME.encode()).decode()}"}
_IETF = {
    "Upload-Draft-Interop-Version": "8",
    "Upload-Complete": "?1",
    "Content-Disposition": f'attachment; filename="{_NAME}"',
}


def send(job: dict[str, Any]) -> dict[str, Any]:
    """One file of `bytes` bytes by the way `way`: `source` sent as often as it takes. Seconds of all its requests."""
    length = {"Upload-Length": str(job["bytes"])}
    with Path(job["source"]).open("rb") as source:
        started = time.perf_counter()
        match job["way"]:
            case "tus":
                status, place = request(job, "POST", job["door"], _TUS | _NAMED | length)
                if status == 201:
                    headers = _TUS | _OCTETS | {"Upload-Offset": "0"}
                    status, _ = request(job, "PATCH", urlsplit(place).path, headers, source)
            case "tus, in the creation":
                status, _ = request(job, "POST", job["door"], _TUS | _NAMED | _OCTETS | length, source)
            case "IETF":
                status, _ = request(job, "POST", job["door"], _IETF, source)
            case "PUT":
                status, _ = request(job, "PUT", f"{job['door']}/{_NAME}", {}, source)
        return {"status": status, "seconds": time.perf_counter() - started}


def send_in_time(job: dict[str, Any]) -> dict[str, Any]:
    """The same; status 0 when no answer came within `limit_seconds`."""
    try:
        return send(job)
    except TimeoutError:
        return {"status": 0, "seconds": 0}


def gets(job: dict[str, Any]) -> dict[str, Any]:
    """`count` GETs of `path`, each on a connection of its own; one without an answer is the last."""
    each: list[float | None] = []
    for _ in range(job["count"]):
        started = time.perf_counter()
        try:
            status, _place = request(job, "GET", job["path"], {})
        except TimeoutError:
            return {"each_seconds": [*each, None]}
        if status != 200:
            raise SystemExit(f"GET {job['path']} was answered with {status}")
        each.append(time.perf_counter() - started)
    return {"each_seconds": each}


def request(
    job: dict[str, Any], method: str, path: str, headers: dict[str, str], source: BinaryIO | None = None
) -> tuple[int, str]:
    """One request on a connection of its own; the answer's status and Location."""
    address = ("127.0.0.1", job["port"])
    with socket.create_connection(address, timeout=job.get("limit_seconds", _ANSWER_SECONDS)) as connection:
        connection.sendall(head(job, method, path, headers, job["bytes"] if source else 0))
        if source:
            send_file(connection, source, job["bytes"])
        return _read_answer(connection)


def head(job: dict[str, Any], method: str, path: str, headers: dict[str, str], body_bytes: int) -> bytes:
    """A request's line and headers, on a connection that ends with it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{job['port']}", "Connection: close"]
    if job["token"]:
        lines.append(f"Authorization: Bearer {job['token']}")
    if body_bytes or method != "GET":
        lines.append(f"Content-Length: {body_bytes}")
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "\r\n"]).encode()


def send_file(connection: socket.socket, source: BinaryIO, wanted_bytes: int) -> None:
    """`wanted_bytes` of `source`, from its beginning as often as it takes."""
    source_bytes, sent_bytes = os.fstat(source.fileno()).st_size, 0
    while sent_bytes < wanted_bytes:
        sent_bytes += connection.sendfile(source, 0, min(source_bytes, wanted_bytes - sent_bytes))


def _read_answer(connection: socket.socket) -> tuple[int, str]:
    """The final answer's head is all that is waited for: each of these servers saves before it."""
    with connection.makefile("rb") as stream:
        while True:
            lines = list(iter(lambda: stream.readline().rstrip(b"\r\n").decode("latin1"), ""))
            if not lines:
                raise ConnectionError("the server closed the connection before its answer was whole")
            status = int(lines[0].split()[1])
            if status >= 200:
                break
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return status, headers.get("location", "")
