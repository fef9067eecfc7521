"""The VMS as tests use it: what stands in it, what reached it, and how to make it misbehave."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.services.drive.replies import Reply, json_reply
from tests.services.drive.wire import Call, Dropped, HttpServer
from tests.services.vms import rest
from tests.services.vms.faults import Drop, Fault, Faults, Slow, Status
from tests.services.vms.footage import Frame
from tests.services.vms.hardware import HardwareTasks, new_hardware
from tests.services.vms.jobs import Jobs
from tests.services.vms.keeping import aged, set_retention
from tests.services.vms.model import Item, World
from tests.services.vms.objects import footage_of, new_camera, new_recording_server
from tests.services.vms.onvif_client import Look, OnvifClient
from tests.services.vms.pulling import Pulls
from tests.services.vms.recorder import SoapServices, operation_name
from tests.services.vms.refusal import Refused
from tests.services.vms.rest import Rest
from tests.services.vms.tokens import Idp, RecorderTokens

_LOGIN = "/managementserver/servercommandserviceoauth.svc"
_RECORDER = "/recordercommandservice/recordercommandservice.asmx"
_TOKEN = ("/api/idp/connect/token", "/idp/connect/token")
_SECRET = {"password", "token", "access_token", "currentToken"}


@dataclass
class Seen:
    """One request that came, without secrets. `operation` is what faults choose by: "POST bookmarks", "token",
    "uris", "Login", "SequencesGet", "GET tasks/{id}", "PATCH cameras/{id}", "POST bookmarks?task=searchTime"…"""

    operation: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    status: int | None = None  # None: never answered


class Vms:
    """An XProtect on free ports of 127.0.0.1 with one recording server. Of any thread."""

    def __init__(
        self,
        username: str,
        password: str,
        token_seconds: float,
        recorder_token_seconds: float,
        certificate: Path | None,
    ) -> None:
        self.username, self.password = username, password
        self.world = World()
        self.faults = Faults()
        self.requests: list[Seen] = []
        self.crashes: list[str] = []
        self.wrap_errors = True  # as live servers do; False: as the schema says
        self.idp = Idp(self.world, username, password, token_seconds)
        self.recorder_tokens = RecorderTokens(self.world, recorder_token_seconds)
        self.jobs = Jobs(self.world, self.crashes)
        self.pulls = Pulls(self.world, self.jobs, self.faults)
        hardware = HardwareTasks(self.world, self.jobs, self.faults)
        self.rest = Rest(self.world, self.idp, self.jobs, hardware, self.pulls, self.faults)
        self._soap = SoapServices(self.world, self.idp, self.recorder_tokens, self.faults)
        self._lock = threading.Lock()
        self._certificate = certificate
        self._gateway = self._serving(0, self._gateway_work)
        self._recorder = self._serving(0, self._recorder_work)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self._gateway.server_address[1]}"
        self.recorder_url = f"{scheme}://127.0.0.1:{self._recorder.server_address[1]}/"
        self.recording_server = new_recording_server(self.world, "Recorder 1", self.recorder_url)

    def close(self) -> None:
        self.faults.clear()
        self.pulls.let_go.set()
        self.jobs.close()
        self._gateway.close()
        self._recorder.close()

    # What stands in it

    def frames(self, camera_id: str) -> list[Frame]:
        """Those that arrived and are still kept, by time."""
        return aged(self.world, self.world.get("cameras", camera_id)).frames()

    def every(self, kind: str) -> list[Item]:
        """cameras, hardware, tasks, bookmarks, evidenceLocks, events, userDefinedEvents, recordingServers…"""
        return self.world.every(kind)

    @property
    def cameras(self) -> list[Item]:
        """By channel."""
        return sorted(self.every("cameras"), key=lambda one: int(one.fields["channel"]))

    # What others do to it meanwhile

    def install(self, address: str = "http://127.0.0.1:9/", cameras: int = 1, *, enabled: bool = True) -> Item:
        """Hardware that an administrator added, where nobody answers; ready to be fetched from if `enabled`."""
        driver = next(one for one in self.every("hardwareDrivers") if one.name == "ONVIF")
        look = Look("Maker", "Model", "1", f"mac of {address}", ())
        made = new_hardware(self.world, driver, OnvifClient(address, "admin", "of the device"), look)
        made.fields["enabled"] = enabled
        for channel in range(cameras):
            camera = new_camera(self.world, made, channel, f"source-{channel}", f"profile-{channel}")
            camera.fields |= {"enabled": enabled, "edgeStorageEnabled": enabled}
        return made

    def record(self, camera_id: str, start: datetime, end: datetime, apart: timedelta = timedelta(seconds=1)) -> None:
        """Footage that came from elsewhere."""
        steps = range(int((end - start) / apart) + 1)
        made = [Frame(start + step * apart, 1, "elsewhere", is_keyframe=True) for step in steps]
        footage_of(self.world.get("cameras", camera_id)).keep(made)

    def lose_footage(self, camera_id: str, start: datetime, end: datetime) -> None:
        footage_of(self.world.get("cameras", camera_id)).remove(start, end)

    def retain(self, days: float, *archives: float) -> None:
        """For how long footage is kept from now on: in the storage, and with it in each of its archives, in days."""
        set_retention(self.world, days, archives)

    def pause(self) -> None:
        """Refuse connections, and break those that are open."""
        self._gateway.close()
        self._recorder.close()

    def resume(self) -> None:
        self._gateway = self._serving(self._gateway.server_address[1], self._gateway_work)
        self._recorder = self._serving(self._recorder.server_address[1], self._recorder_work)

    def advance(self, seconds: float) -> None:
        """The clock is put forward: tokens run out, footage ages."""
        self.world.ahead_seconds += seconds

    def expire_tokens(self) -> None:
        """The bearers that were given are no longer good, whatever `expires_in` said."""
        self.idp.expire()

    def expire_recorder_tokens(self) -> None:
        self.recorder_tokens.expire()

    def forget_tasks(self) -> None:
        """As after a restart of the management server."""
        for one in self.every("tasks"):
            self.world.remove(one)

    # What reached it

    def called(self, operation: str) -> list[Seen]:
        return [one for one in list(self.requests) if one.operation == operation]

    def _serving(self, port: int, work: Callable[[Call], Reply]) -> HttpServer:
        made = HttpServer(port, lambda call: self._answer(call, work), self.crashes)
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            made.socket = context.wrap_socket(made.socket, server_side=True)
        return made

    def _answer(self, call: Call, work: Callable[[Call], Reply]) -> Reply:
        content = call.body.read()
        call.body = _Read(content)  # type: ignore[assignment] # read already: it is looked at twice
        seen = _seen(call, content)
        with self._lock:
            self.requests.append(seen)
        fault = self.faults.take(seen.operation)
        try:
            reply = self._before(fault) or self._after(fault, work(call))
        except Refused as refusal:
            reply = self._after(fault, refusal.reply(wrapped=self.wrap_errors))
        seen.status = reply.status
        now = formatdate(self.world.clock(), usegmt=True)
        return replace(reply, headers={"Date": now, **reply.headers})

    def _before(self, fault: Fault | None) -> Reply | None:
        if isinstance(fault, Slow):
            fault.let_go.wait(fault.seconds)
        if isinstance(fault, Drop) and not fault.done:
            raise Dropped
        return self._status(fault) if isinstance(fault, Status) and not fault.done else None

    def _after(self, fault: Fault | None, reply: Reply) -> Reply:
        if isinstance(fault, Drop):
            raise Dropped
        return self._status(fault) if isinstance(fault, Status) else reply

    def _status(self, fault: Status) -> Reply:
        wait = fault.retry_after_seconds
        headers = {} if wait is None else {"Retry-After": str(wait)}
        if fault.html:
            page = b"<!DOCTYPE html><title>Error</title><h1>Service Unavailable</h1>"
            return Reply(fault.number, page, headers, content_type="text/html")
        refusal = Refused(fault.number, "It cannot be done now.", headers=headers)
        return refusal.reply(wrapped=self.wrap_errors)

    def _gateway_work(self, call: Call) -> Reply:
        path = call.request.path_without_query.lower()
        if path == "/api/.well-known/uris":
            return self._uris(call)
        if path in _TOKEN:
            return self.idp.token(call)
        if path == _LOGIN:
            return self._soap.login(call)
        if path.startswith("/api/"):
            return self.rest.answer(call)
        return Reply(404)

    def _recorder_work(self, call: Call) -> Reply:
        if call.request.path_without_query.lower() != _RECORDER:
            return Reply(404)
        return self._soap.recorder(call)

    def _uris(self, call: Call) -> Reply:
        """Open to all: it says where to sign in."""
        if call.request.method != "GET":
            return Reply(405, headers={"Allow": "GET"})
        gateways = [f"{self.url}/API/"]
        return json_reply(
            {
                "ProductVersion": "25.2.1.1",
                "UnsecureManagementServer": f"{self.url}/ManagementServer/",
                "SecureManagementServer": "",
                "IdentityProvider": f"{self.url}/IDP",
                "ApiGateways": gateways,
            }
        )


class _Read:
    """A body that was read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.drop_at_bytes: int | None = None

    def read(self) -> bytes:
        return self._content

    def drain(self) -> None:
        """Nothing is left."""


def _seen(call: Call, content: bytes) -> Seen:
    request = call.request
    path = request.path_without_query
    low = path.lower()
    named = {"/api/.well-known/uris": "uris"} | dict.fromkeys(_TOKEN, "token")
    body: dict[str, Any] = {}
    if low in (_LOGIN, _RECORDER):
        return Seen(operation_name(content), path, request.query, body)
    if low in _TOKEN:
        body = {key: values[0] for key, values in parse_qs(content.decode("utf-8", "replace")).items()}
    elif content:
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        body = found if isinstance(found, dict) else {}
    one = rest.asked(request.method, path, request.query)
    operation = named.get(low) or (rest.operation(one) if one else f"{request.method} {path}")
    return Seen(operation, path, request.query, {key: "***" if key in _SECRET else v for key, v in body.items()})


@contextmanager
def running_vms(
    username: str = "holdfast",
    password: str = 'pa"ss & wörd+%',
    *,
    token_seconds: float = 3600,
    recorder_token_seconds: float = 4 * 3600,
    certificate: Path | None = None,
) -> Iterator[Vms]:
    """With a `certificate` (PEM, its key in the same file) by TLS. AssertionError at the end of the block when the
    emulator itself failed."""
    vms = Vms(username, password, token_seconds, recorder_token_seconds, certificate)
    try:
        yield vms
    finally:
        vms.close()
    assert not vms.crashes, "the emulator itself failed:\n" + "\n".join(vms.crashes)
