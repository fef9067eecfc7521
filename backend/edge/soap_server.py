"""The HTTP server of the SOAP services: h11 for the protocol, asyncio for the connections, limits for both."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

import h11

from backend.edge.clients import Client, Clients, Patience
from backend.edge.services import NotSignedIn, Services
from backend.edge.soap import Fault, read
from backend.errors import HoldfastError
from backend.log import UploadLog

BODY_BYTES = 128 * 1024
_HEAD_BYTES = 16 * 1024
_WRONG_PAUSE_SECONDS = 0.5
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_WHOLE = re.compile(r"^https?://[^/]*", re.IGNORECASE)
_SOAP = "application/soap+xml; charset=utf-8"


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class SoapServer:
    """One per device."""

    services: Services
    log: UploadLog
    readers: Executor
    clients: Clients
    patience: Patience

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """For each connection. Its end is an abort: what a client does not take must not keep the connection here."""
        with self.clients.seated(writer) as client:
            if client is None:
                return
            # An answer is sent when the system has all of it.
            writer.transport.set_write_buffer_limits(high=0)
            # The client went, fell silent, takes nothing, or speaks something else.
            with suppress(OSError, TimeoutError, h11.ProtocolError):
                await self._serve(reader, writer, client)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client) -> None:
        speech = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        while True:
            try:
                async with asyncio.timeout(self.patience.request):
                    request = await _request(speech, reader, writer)
            except h11.RemoteProtocolError as error:
                if speech.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                    status = error.error_status_hint
                    await self._send(speech, writer, _Answer(status, b"", (("Connection", "close"),)))
                return
            if request is None:
                return
            await self._send(speech, writer, await self._answer(request, writer, client))
            if speech.our_state is not h11.DONE or speech.their_state is not h11.DONE:
                return
            speech.start_next_cycle()

    async def _answer(self, request: _Request, writer: asyncio.StreamWriter, client: Client) -> _Answer:
        if request.method != "POST" or not request.path.startswith("/onvif/"):
            status = 404 if request.method == "POST" else 405
            return _Answer(status, b"", (("Allow", "POST"),) if status == 405 else ())
        host, port = _reached(request.headers.get("host", ""), writer)
        loop = asyncio.get_running_loop()
        try:
            body = await loop.run_in_executor(self.readers, self._called, request, host, port, client)
        except NotSignedIn as error:
            if error.wrong:
                self._refused(writer, request)
                await asyncio.sleep(_WRONG_PAUSE_SECONDS)
            fault = Fault("Sign in by digest, or with a user name token.", "NotAuthorized")
            challenges = self.services.auth.challenges(stale=error.stale)
            return _Answer(401, fault.as_bytes(), tuple(("WWW-Authenticate", one) for one in challenges))
        except Fault as fault:
            if "NotAuthorized" in fault.codes:
                self._refused(writer, request)
                await asyncio.sleep(_WRONG_PAUSE_SECONDS)
            return _Answer(fault.status, fault.as_bytes())
        except HoldfastError as error:
            self.log.write("error", "edge_failed", path=request.path, error=error.message)
            return _failed()
        except Exception as error:
            # A bug, told with its trace: a client whose connection ended without a word would only ask again.
            self.log.broke("edge_broke", error, path=request.path)
            return _failed()
        return _Answer(200, body)

    def _called(self, request: _Request, host: str, port: int, client: Client) -> bytes:
        call = read(request.body, host, port)
        if self.services.signed(call, request.path, request.headers.get("authorization", "")):
            client.known = True
        return self.services.answer(call)

    def _refused(self, writer: asyncio.StreamWriter, request: _Request) -> None:
        peer = writer.get_extra_info("peername") or ("",)
        self.log.write("warning", "edge_refused", client=str(peer[0]), path=request.path)

    async def _send(self, speech: h11.Connection, writer: asyncio.StreamWriter, answer: _Answer) -> None:
        kind = [("Content-Type", _SOAP)] if answer.body else []
        headers = [*answer.headers, *kind, ("Content-Length", str(len(answer.body)))]
        for event in (
            h11.Response(status_code=answer.status, headers=headers),
            h11.Data(data=answer.body),
            h11.EndOfMessage(),
        ):
            writer.write(speech.send(event) or b"")
        async with asyncio.timeout(self.patience.request):
            await writer.drain()


def _failed() -> _Answer:
    return _Answer(500, Fault("It cannot be looked up now.", "Action", sender=False).as_bytes())


async def _request(
    speech: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> _Request | None:
    """None when the client went. Raises h11.RemoteProtocolError, also for a body that is too long."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = speech.next_event()
        if event is h11.NEED_DATA:
            if speech.they_are_waiting_for_100_continue:
                writer.write(speech.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            speech.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > BODY_BYTES:
                raise h11.RemoteProtocolError("too long", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
            # Whole addresses are taken too, as proxies send them (RFC 9112 section 3.2.2).
            target = _WHOLE.sub("", head.target.decode("latin-1"))
            return _Request(head.method.decode("latin-1"), target, headers, bytes(body))
        else:
            return None


def _reached(host: str, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The name and port that the client knows us by; else those it connected to."""
    here = writer.get_extra_info("sockname") or ("127.0.0.1", 80)
    found = _HOST.fullmatch(host)
    port = host.removeprefix(found[1]).removeprefix(":") if found else ""
    if found is None or int(port or 80) not in range(1, 65536):
        return (f"[{here[0]}]" if ":" in here[0] else here[0]), int(here[1])
    return found[1], int(port or 80)
