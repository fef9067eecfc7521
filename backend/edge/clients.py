"""Who is connected to a server: so many at most, and whoever has not shown the password only for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.edge.rtsp_session import SESSION_SECONDS
from backend.log import UploadLog

MOST_CLIENTS = 64
_TOLD_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Patience:
    """How long the servers wait for their clients, in seconds."""

    stranger: float = 20.0  # for the password, from the connection's beginning, whatever else is said meanwhile
    request: float = 20.0  # SOAP: for all of a request, and for the answer to be taken
    silent: float = 1.5 * SESSION_SECONDS  # RTSP: for a request, since the last one and since the stream's end
    stalled: float = 60.0  # RTSP: for the rest of a request, and for what is sent to be taken


class Reader(asyncio.StreamReader):
    """Tells that the client went as soon as it did, however much of what it sent is not read yet."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit, asyncio.get_running_loop())
        self._ended = asyncio.Event()

    async def gone(self) -> None:
        """Returns when the client has."""
        await self._ended.wait()

    def feed_eof(self) -> None:
        super().feed_eof()
        self._ended.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._ended.set()


@dataclass(eq=False)
class Client:
    """One connection. `known`: it has shown the password; any thread may say so."""

    transport: asyncio.WriteTransport
    task: asyncio.Task[None]
    known: bool = False

    def drop(self) -> None:
        self.transport.abort()
        self.task.cancel()


@dataclass
class Clients:
    """Those of one server. When there is no room, the stranger who came first makes it: nobody who knows no password
    can keep others out by staying."""

    log: UploadLog
    stranger_seconds: float
    _here: dict[Client, asyncio.TimerHandle] = field(default_factory=dict)
    _told_at: float | None = None

    @contextmanager
    def seated(self, writer: asyncio.StreamWriter) -> Iterator[Client | None]:
        """For the task that serves a connection, which ends with the block. None: there is no room."""
        client = self._taken_in(writer)
        try:
            yield client
        finally:
            if client is not None:
                self._forget(client)
            writer.transport.abort()

    async def stop(self) -> None:
        """Ends all connections."""
        tasks = [one.task for one in self._here]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _taken_in(self, writer: asyncio.StreamWriter) -> Client | None:
        if len(self._here) >= MOST_CLIENTS:
            first = next((one for one in self._here if not one.known), None)
            self._tell(strangers=sum(not one.known for one in self._here))
            if first is None:
                return None
            self._drop(first)
        task = asyncio.current_task()
        assert task is not None
        client = Client(writer.transport, task)
        later = asyncio.get_running_loop().call_later(self.stranger_seconds, self._overdue, client)
        self._here[client] = later
        return client

    def _overdue(self, client: Client) -> None:
        if not client.known:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        self._forget(client)
        client.drop()

    def _forget(self, client: Client) -> None:
        if later := self._here.pop(client, None):
            later.cancel()

    def _tell(self, *, strangers: int) -> None:
        """Now and then: whoever knocks a thousand times must not fill the log."""
        now = asyncio.get_running_loop().time()
        if self._told_at is None or now - self._told_at >= _TOLD_AGAIN_SECONDS:
            self._told_at = now
            self.log.write("warning", "edge_full", clients=len(self._here), strangers=strangers)
