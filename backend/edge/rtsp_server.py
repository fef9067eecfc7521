"""The RTSP server: connections, their limits, and the streams interleaved in them (RFC 2326 section 10.12)."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.edge.digest_auth import DigestAuth, Verdict, parameters
from backend.edge.footage import Footage, Recording
from backend.edge.playing import Playing
from backend.edge.rtp import Packetiser
from backend.edge.rtsp_messages import Malformed, Request, Response, parse_head
from backend.edge.rtsp_session import SESSION_SECONDS, Session
from backend.errors import HoldfastError
from backend.log import UploadLog

MOST_CLIENTS = 64
# A client that takes nothing for so long is gone.
STALLED_SECONDS = 60.0
# Whoever shows a wrong password waits, and after a few times has to connect again.
_WRONG_PAUSE_SECONDS = 0.5
_MOST_WRONG = 8
# So long a connection may be silent before it has shown a password.
_STRANGER_SECONDS = 15.0
_BUFFER_BYTES = 512 * 1024
_REPORT_SECONDS = 5.0
# The goodbye comes a little after the last frame: who knows the terminal mark asks for the next span at once and never
# sees it, and GStreamer loses what it has not yet put in order when it comes on the heels of a short stream.
_GOODBYE_SECONDS = 1.0


@dataclass
class RtspServer:
    """One per device. Reading blocks, so it happens in `readers`' threads; all else in the loop."""

    footage: Footage
    auth: DigestAuth
    log: UploadLog
    readers: Executor
    stalled_seconds: float = STALLED_SECONDS
    idle_seconds: float = SESSION_SECONDS * 1.5
    _clients: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """For asyncio.start_server, with `limit=` rtsp_messages.HEAD_BYTES."""
        if len(self._clients) >= MOST_CLIENTS:
            writer.write(Response(453).as_bytes())
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await _Connection(self, reader, writer).serve()
        except (OSError, TimeoutError, EOFError):
            pass  # the client went, or fell silent
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    async def stop(self) -> None:
        """Ends all connections."""
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def tell(self, camera_token: str, recording: Recording, error: HoldfastError) -> None:
        self.log.write("warning", "edge_unreadable", camera=camera_token, id=recording.id, error=error.message)


class _Connection:
    def __init__(self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._session = Session(server.footage, server.tell)
        self._sending: asyncio.Task[None] | None = None
        self._nonce = ""
        self._wrong = 0
        peer = writer.get_extra_info("peername") or ("",)
        self._client = str(peer[0])
        writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)

    async def serve(self) -> None:
        try:
            while not self._session.over and self._wrong < _MOST_WRONG:
                try:
                    request = await self._request()
                except Malformed as error:
                    await self._send(Response(error.status).as_bytes())
                    return
                await self._answer(request)
        finally:
            await self._halt()
            self._session.close()

    async def _request(self) -> Request:
        """The next request; what the client sends within the stream (RTCP) is passed over. While it plays it may be
        silent: whether it is there shows when sending."""
        while True:
            playing = self._sending is not None and not self._sending.done()
            idle = self._server.idle_seconds if self._nonce else min(_STRANGER_SECONDS, self._server.idle_seconds)
            async with asyncio.timeout(None if playing else idle) as patience:
                first = await self._reader.readexactly(1)
                patience.reschedule(asyncio.get_running_loop().time() + self._server.stalled_seconds)
                if first == b"$":
                    _, length = struct.unpack(">BH", await self._reader.readexactly(3))
                    await self._reader.readexactly(length)
                elif first not in b"\r\n":
                    return await self._rest_of_request(first)

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
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._server.readers, self._safely, request)
        head = [("CSeq", str(request.number))] if request.number >= 0 else []
        head.append(("Date", datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")))
        await self._send(response.with_headers(head).as_bytes())
        playing = self._session.playing
        if playing is not None and not self._session.paused and self._sending is None:
            if begins:
                at = playing.next_frame_at
                self._server.log.write("info", "edge_play", client=self._client, path=request.url, at=at)
            self._sending = asyncio.create_task(self._stream(playing))

    def _safely(self, request: Request) -> Response:
        if request.number < 0:
            return Response(400)
        try:
            return self._session.answer(request)
        except HoldfastError as error:
            self._server.log.write("error", "edge_failed", method=request.method, error=error.message)
            return Response(503)

    async def _authorised(self, request: Request) -> Response | None:
        """None when it may go on. OPTIONS needs nothing, as some clients ask it before anything else."""
        if request.method == "OPTIONS":
            return None
        shown = request.header("authorization")
        verdict = self._server.auth.check(request.method, request.url, shown, seen=self._nonce)
        if verdict is Verdict.PASSED:
            self._nonce = parameters(shown)["nonce"]
            return None
        if verdict is Verdict.WRONG:
            self._wrong += 1
            self._server.log.write("warning", "edge_refused", client=self._client, path=request.url)
            await asyncio.sleep(_WRONG_PAUSE_SECONDS)
        challenges = self._server.auth.challenges(stale=verdict is Verdict.STALE)
        return Response(401, tuple(("WWW-Authenticate", one) for one in challenges))

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(self._server.stalled_seconds):
            await self._writer.drain()

    async def _halt(self) -> None:
        """End the sending, between two frames."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _stream(self, playing: Playing) -> None:
        """Send all frames, and a goodbye. Ends the connection when the client takes nothing."""
        try:
            await self._frames(playing)
        except (OSError, TimeoutError):
            self._server.log.write("warning", "edge_client_lost", client=self._client)
            self._writer.transport.abort()
        except HoldfastError as error:
            self._server.log.write("error", "edge_failed", client=self._client, error=error.message)
            self._writer.transport.abort()

    async def _frames(self, playing: Playing) -> None:
        loop = asyncio.get_running_loop()
        packets = self._session.packets()
        began, first = loop.time(), None
        reported = -_REPORT_SECONDS
        while True:
            if not playing.waiting and not playing.done:
                # Shielded: a thread that reads goes on when this is cancelled, and nobody else may read meanwhile.
                reading = loop.run_in_executor(self._server.readers, playing.read_ahead)
                try:
                    await asyncio.shield(reading)
                except asyncio.CancelledError:
                    await asyncio.wait([reading])
                    raise
            if not playing.waiting:
                break
            one = playing.upcoming()
            at = one.frame.at
            first = first or one.frame.order_at
            if playing.paced and (early := playing.due(one, first) - (loop.time() - began)) > 0:
                await asyncio.sleep(early)
            playing.sent()
            timestamp = playing.timestamp(at)
            if loop.time() - reported >= _REPORT_SECONDS:
                reported = loop.time()
                self._write(1, [packets.sender_report(at, timestamp)])
            made = packets.packets_of(one.frame.units, timestamp, at, one.marks, playing.request_number)
            self._write(0, made)
            await self._send(b"")
            if one.marks.terminal:
                await asyncio.sleep(_GOODBYE_SECONDS)
                self._goodbye(packets, at, timestamp)
                await self._send(b"")

    def _goodbye(self, packets: Packetiser, at: datetime, timestamp: int) -> None:
        self._write(1, [packets.goodbye(at, timestamp)])

    def _write(self, which: int, made: list[bytes]) -> None:
        """Whole frames at once: a stream that is cut between its packets cannot be taken up again."""
        assert self._session.channels is not None
        channel = self._session.channels[which]
        self._writer.write(b"".join(struct.pack(">BBH", 0x24, channel, len(one)) + one for one in made))
