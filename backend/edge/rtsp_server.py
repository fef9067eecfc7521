"""The RTSP server: connections, their requests, and the streams interleaved in them (RFC 2326 section 10.12)."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.edge.clients import Client, Clients, Patience, Reader
from backend.edge.digest_auth import DigestAuth, Verdict, parameters
from backend.edge.footage import Footage, NotYet, Recording
from backend.edge.pace import Pace
from backend.edge.playing import Playing
from backend.edge.rtsp_messages import Malformed, Request, Response, parse_head
from backend.edge.rtsp_session import Session
from backend.edge.sending import Line, Sending
from backend.errors import HoldfastError
from backend.log import UploadLog

# Whoever shows a wrong password waits, and after a few times has to connect again.
_WRONG_PAUSE_SECONDS = 0.5
_MOST_WRONG = 8


@dataclass
class RtspServer:
    """One per device. Reading blocks, so it happens in `readers`' threads; all else in the loop."""

    footage: Footage
    auth: DigestAuth
    log: UploadLog
    readers: Executor
    clients: Clients
    patience: Patience
    pace: Pace

    async def accept(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        """For each connection, with a `reader` of rtsp_messages.HEAD_BYTES."""
        with self.clients.seated(writer) as client:
            if client is None:
                writer.write(Response(453).as_bytes())
                return
            with suppress(OSError, TimeoutError, EOFError):  # the client went, or fell silent
                await _Connection(self, reader, writer, client).serve()

    def tell(self, camera_token: str, recording: Recording, error: HoldfastError) -> None:
        self.log.write("warning", "edge_unreadable", camera=camera_token, id=recording.id, error=error.message)


class _Connection:
    def __init__(self, server: RtspServer, reader: Reader, writer: asyncio.StreamWriter, client: Client) -> None:
        self._server, self._reader, self._client = server, reader, client
        self._line = Line(writer, server.patience.stalled)
        self._session = Session(server.footage, server.tell)
        self._sending: asyncio.Task[None] | None = None
        self._active_at = asyncio.get_running_loop().time()  # when it last asked for something, or was sent something
        self._nonce = ""
        self._wrong = 0
        self._address = str((writer.get_extra_info("peername") or ("",))[0])

    async def serve(self) -> None:
        try:
            while not self._session.over and self._wrong < _MOST_WRONG:
                try:
                    request = await self._request()
                except Malformed as error:
                    await self._line.send(Response(error.status).as_bytes())
                    break
                await self._answer(request)
            await self._halt()
            await self._line.flush()
        finally:
            await self._halt()
            self._session.close()

    async def _request(self) -> Request:
        """The next request; what the client sends within the stream (RTCP) is passed over."""
        while True:
            first = await self._first_byte()
            async with asyncio.timeout(self._server.patience.stalled):
                if first == b"$":
                    _, length = struct.unpack(">BH", await self._reader.readexactly(3))
                    await self._reader.readexactly(length)
                elif first not in b"\r\n":
                    return await self._rest_of_request(first)

    async def _first_byte(self) -> bytes:
        """While it plays a client may be silent: whether it is there shows when sending. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        self._active_at = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(self._active_at + self._server.patience.silent):
                    return await self._reader.readexactly(1)
            except TimeoutError:
                if self._sending is not None and not self._sending.done():
                    self._active_at = loop.time()
                elif loop.time() - self._active_at >= self._server.patience.silent:
                    raise

    async def _rest_of_request(self, first: bytes) -> Request:
        try:
            head = first + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise Malformed(413) from None
        request, length = parse_head(head)
        body = await self._reader.readexactly(length) if length else b""
        return Request(request.method, request.url, request.headers, body)

    async def _answer(self, request: Request) -> None:
        response = await self._authorised(request)
        begins = request.method == "PLAY" and response is None
        if response is None:
            if request.method in ("PLAY", "PAUSE", "TEARDOWN", "SETUP"):
                await self._halt()  # nobody reads the frames beside the session; what goes on begins again below
            response = await self._answered(request)
        head = [("CSeq", str(request.number))] if request.number >= 0 else []
        head.append(("Date", datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")))
        await self._line.send(response.with_headers(head).as_bytes())
        playing = self._session.playing
        if playing is not None and not self._session.paused and self._sending is None:
            if begins:
                at = playing.next_frame_at
                self._server.log.write("info", "edge_play", client=self._address, path=request.url, at=at)
            self._sending = asyncio.create_task(self._stream(playing))

    async def _answered(self, request: Request) -> Response:
        """After what has to be waited for, which holds no thread. Raises EOFError when the client goes meanwhile."""
        while True:
            try:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._server.readers, self._safely, request)
            except NotYet as wait:
                done = asyncio.wrap_future(wait.done)
                gone = asyncio.create_task(self._reader.gone())
                try:
                    await asyncio.wait([done, gone], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    gone.cancel()
                if not done.done():
                    raise EOFError from None

    def _safely(self, request: Request) -> Response:
        if request.number < 0:
            return Response(400)
        try:
            return self._session.answer(request)
        except HoldfastError as error:
            self._server.log.write("error", "edge_failed", method=request.method, error=error.message)
            return Response(503)
        except NotYet:
            raise
        except Exception as error:
            # A bug, told with its trace: let through, it would end the connection as if the client had gone.
            self._server.log.broke("edge_broke", error, method=request.method)
            return Response(500)

    async def _authorised(self, request: Request) -> Response | None:
        """None when it may go on. OPTIONS needs nothing, as some clients ask it before anything else."""
        if request.method == "OPTIONS":
            return None
        shown = request.header("authorization")
        verdict = self._server.auth.check(request.method, request.url, shown, seen=self._nonce)
        if verdict is Verdict.PASSED:
            self._nonce = parameters(shown)["nonce"]
            self._client.known = True
            return None
        if verdict is Verdict.WRONG:
            self._wrong += 1
            self._server.log.write("warning", "edge_refused", client=self._address, path=request.url)
            await asyncio.sleep(_WRONG_PAUSE_SECONDS)
        challenges = self._server.auth.challenges(stale=verdict is Verdict.STALE)
        return Response(401, tuple(("WWW-Authenticate", one) for one in challenges))

    async def _halt(self) -> None:
        """End the sending, between two frames."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
            self._sending = None

    async def _stream(self, playing: Playing) -> None:
        """Send what is played. Ends the connection when the client takes nothing."""
        assert self._session.channels is not None
        packets, server = self._session.packets(), self._server
        sending = Sending(self._line, self._session.channels, playing, packets, server.readers, server.pace)
        try:
            await sending.run()
        except (OSError, TimeoutError):
            self._server.log.write("warning", "edge_client_lost", client=self._address)
            self._client.transport.abort()
        except HoldfastError as error:
            self._server.log.write("error", "edge_failed", client=self._address, error=error.message)
            self._client.transport.abort()
        except Exception as error:
            # A bug: nobody else waits for this task, and the client would wait for frames.
            self._server.log.broke("edge_broke", error, client=self._address)
            self._client.transport.abort()
        finally:
            self._active_at = asyncio.get_running_loop().time()
