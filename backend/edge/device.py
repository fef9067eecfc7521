"""The edge device: both servers, their threads, started and stopped together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from backend.edge.clients import Clients, Patience, Reader
from backend.edge.device_service import Identity
from backend.edge.digest_auth import Credentials, DigestAuth
from backend.edge.footage import Footage
from backend.edge.pace import Pace
from backend.edge.rtsp_messages import HEAD_BYTES
from backend.edge.rtsp_server import RtspServer
from backend.edge.services import Services
from backend.edge.soap_server import SoapServer
from backend.errors import SettingsError
from backend.log import UploadLog

# More clients than these read by turns; a read is short.
_READERS = 16
_REQUEST_BYTES = 64 * 1024  # read at once
Accept = Callable[[Reader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Listening:
    soap_port: int
    rtsp_port: int


@dataclass(frozen=True)
class EdgeDevice:
    """`async with device.listening():` serves until the block ends. Port 0 takes any that is free."""

    footage: Footage
    identity: Identity
    credentials: Credentials
    log: UploadLog
    host: str = "0.0.0.0"
    soap_port: int = 8080
    rtsp_port: int = 8554
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Pace)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listening]:
        """Raises SettingsError when a port cannot be had. Its end closes all connections, and waits for reads under
        way."""
        auth = DigestAuth(self.credentials)
        readers = ThreadPoolExecutor(_READERS, thread_name_prefix="edge")
        try:
            rtsp = RtspServer(self.footage, auth, self.log, readers, self._clients(), self.patience, self.pace)
            async with await self._bound("EDGE_RTSP_PORT", self.rtsp_port, rtsp.accept, HEAD_BYTES) as streams:
                rtsp_port = int(streams.sockets[0].getsockname()[1])
                services = Services.of(self.footage, self.identity, auth, rtsp_port)
                soap = SoapServer(services, self.log, readers, self._clients(), self.patience)
                async with await self._bound("EDGE_PORT", self.soap_port, soap.accept) as calls:
                    listening = Listening(int(calls.sockets[0].getsockname()[1]), rtsp_port)
                    ports = {"soap_port": listening.soap_port, "rtsp_port": rtsp_port}
                    limit = self.pace.mib_per_second
                    self.log.write("info", "edge_listening", host=self.host, **ports, max_mib_per_second=limit)
                    try:
                        yield listening
                    finally:
                        calls.close()
                        streams.close()
                        await asyncio.gather(rtsp.clients.stop(), soap.clients.stop())
        finally:
            await asyncio.to_thread(readers.shutdown, cancel_futures=True)

    def _clients(self) -> Clients:
        return Clients(self.log, self.patience.stranger)

    async def _bound(self, setting: str, port: int, accept: Accept, limit: int = _REQUEST_BYTES) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        serving: set[asyncio.Task[None]] = set()  # the loop itself would let them go

        def begun() -> asyncio.StreamReaderProtocol:
            reader = Reader(limit)

            # Not a coroutine: asyncio would tell of each that is cancelled as of a fault, so strangers fill the log.
            def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = loop.create_task(accept(reader, writer))
                serving.add(task)
                task.add_done_callback(serving.discard)

            return asyncio.StreamReaderProtocol(reader, connected, loop)

        try:
            return await loop.create_server(begun, self.host, port)
        except OSError as error:
            number = error.errno or 0  # that of an unknown name is below 0, and its words are good
            why = os.strerror(number) if number > 0 else error.strerror
            remedy = "Stop what has it, or choose another port or address."
            raise SettingsError([f"{setting}={port} cannot be listened on at {self.host}: {why}. {remedy}"]) from error
