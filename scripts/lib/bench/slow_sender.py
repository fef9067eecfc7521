"""Many slow uploads at once from one process: `slow_sender.py JOB.json`, with "port", "token", "door" and "count".

Each is a tus upload whose one PATCH trickles. Prints a line when all are on their way; at the end of standard input
(or after two minutes) it closes all connections and prints JSON: how many the server had cut, and bytes sent and kept.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scripts.lib.bench.resumable_sender import head, request

_LENGTH_BYTES = 8 * 1024 * 1024
_CRUMB = bytes(1024)
_PAUSE_SECONDS = 0.25  # with the line above: 4 kB/s each
_LONGEST_SECONDS = 120.0
_KEPT_SECONDS = 20.0
_TUS = {"Tus-Resumable": "1.0.0"}


def main(job: dict[str, Any]) -> None:
    places = [_create(job) for _ in range(job["count"])]
    connections = [_patch(job, place) for place in places]
    sent = dict.fromkeys(places, 0)
    cut: set[str] = set()
    until = time.monotonic() + _LONGEST_SECONDS
    is_told = False
    while time.monotonic() < until:
        for place, connection in zip(places, connections, strict=True):
            if place not in cut:
                sent[place] += _crumb(connection, cut, place)
        if not is_told:
            print("on their way", flush=True)
            is_told = True
        if select.select([sys.stdin], [], [], _PAUSE_SECONDS)[0]:
            break
    for connection in connections:
        connection.close()
    print(json.dumps({"cut": len(cut), "sent": sum(sent.values()), "kept": _kept(job, sent)}), flush=True)


def _create(job: dict[str, Any]) -> str:
    headers = _TUS | {"Upload-Length": str(_LENGTH_BYTES), "Upload-Metadata": "filename c2xvdy5tcDQ="}
    status, place = request(job, "POST", job["door"], headers)
    if status != 201:
        raise SystemExit(f"A slow upload was not created: {status}")
    return urlsplit(place).path


def _patch(job: dict[str, Any], place: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", job["port"]), timeout=10)
    headers = _TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    connection.sendall(head(job, "PATCH", place, headers, _LENGTH_BYTES))
    connection.setblocking(False)
    return connection


def _crumb(connection: socket.socket, cut: set[str], place: str) -> int:
    """Bytes sent: none where the server does not read, or has closed."""
    try:
        return connection.send(_CRUMB)
    except BlockingIOError:
        return 0
    except OSError:
        cut.add(place)
        return 0


def _kept(job: dict[str, Any], sent: dict[str, int]) -> int:
    """What the server has of it, once it knows that the connections are closed."""
    until = time.monotonic() + _KEPT_SECONDS
    while True:
        kept = sum(_offset(job, place) for place in sent)
        if kept >= sum(sent.values()) or time.monotonic() > until:
            return kept


def _offset(job: dict[str, Any], place: str) -> int:
    connection = HTTPConnection("127.0.0.1", job["port"], timeout=10)
    with suppress(OSError, ValueError):
        connection.request("HEAD", place, headers=_TUS | {"Authorization": f"Bearer {job['token']}"})
        return int(connection.getresponse().headers["Upload-Offset"] or 0)
    return 0


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
