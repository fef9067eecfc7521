"""The edge device: both servers, their threads, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.edge.device_service import Identity
from backend.edge.digest_auth import Credentials, DigestAuth
from backend.edge.footage import Footage
from backend.edge.rtsp_messages import HEAD_BYTES
from backend.edge.rtsp_server import STALLED_SECONDS, RtspServer
from backend.edge.services import Services
from backend.edge.soap_server import SoapServer
from backend.log import UploadLog

# More clients than these read by turns; a read is short, but for the first look at a long file.
_READERS = 16


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
    stalled_seconds: float = STALLED_SECONDS  # a client that takes nothing for so long is let go

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listening]:
        """Raises OSError when a port is taken. Its end closes all connections, and waits for reads under way."""
        auth = DigestAuth(self.credentials)
        readers = ThreadPoolExecutor(_READERS, thread_name_prefix="edge")
        try:
            rtsp = RtspServer(self.footage, auth, self.log, readers, self.stalled_seconds)
            async with await asyncio.start_server(rtsp.accept, self.host, self.rtsp_port, limit=HEAD_BYTES) as streams:
                rtsp_port = int(streams.sockets[0].getsockname()[1])
                soap = SoapServer(Services.of(self.footage, self.identity, auth, rtsp_port), self.log, readers)
                async with await asyncio.start_server(soap.accept, self.host, self.soap_port) as calls:
                    listening = Listening(int(calls.sockets[0].getsockname()[1]), rtsp_port)
                    self.log.write("info", "edge_listening", soap_port=listening.soap_port, rtsp_port=rtsp_port)
                    try:
                        yield listening
                    finally:
                        calls.close()
                        streams.close()
                        await asyncio.gather(rtsp.stop(), soap.stop())
        finally:
            await asyncio.to_thread(readers.shutdown, cancel_futures=True)
