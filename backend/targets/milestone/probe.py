"""The check of a VMS: the whole way but for the footage, each step in words when it does not go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from backend.targets.base import CheckReport
from backend.targets.milestone.events import Events
from backend.targets.milestone.failures import Answer, VmsProblem, judge, speakable
from backend.targets.milestone.hardware import Hardware
from backend.targets.milestone.idp import Kept
from backend.targets.milestone.keeping import Keeping
from backend.targets.milestone.rest import Object, Rest, id_of, text_of
from backend.targets.milestone.retrieval import RETRIEVE
from backend.targets.milestone.sequences import Recorder
from backend.targets.milestone.site import RecordingServer
from backend.targets.milestone.wire import Wire

_UNTRIED = (
    "It is handed the picture alone, without sound. Follows the documented interface; not yet tried against a real VMS."
)
_ASK_EDGE = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)


@dataclass
class Probe:
    """For one call of `check`. Changes nothing in the VMS."""

    wire: Wire
    url: str
    rest: Rest
    hardware: Hardware
    recorder: Recorder
    second: Kept
    event: str
    watch_url: str
    details: dict[str, Any] = field(default_factory=dict)

    def run(self) -> CheckReport:
        """Never raises for what it can explain."""
        try:
            said = self._walk()
        except VmsProblem as problem:
            return CheckReport.failed(judge(problem.answer), **self.details)
        return CheckReport(ok=True, message=f"{' '.join(said)} {_UNTRIED}", details=self.details)

    def _walk(self) -> list[str]:
        self.hardware.forget()
        self._discover()
        self.rest.tokens.current()
        self.details["signed_in"] = True
        device = self.hardware.device()
        server = self.hardware.site.server() if device is None else self.hardware.site.server_of(device)
        self.details["recording_server"] = server.name
        self.second.current()
        said = [f"Milestone lets us in; recordings go to the recording server “{server.name}”."]
        said += self._unprotected(server)
        said.append(self._edge())
        said.append(self._not_added(server) if device is None else self._added(device, server))
        if self.event:
            self.details["event"] = Events(self.rest, self.event).type_id()
        if not self.watch_url:
            said.append(
                "No watch_url is set, so no video leads to its footage there; set later, it holds for all of them."
            )
        return said

    def _unprotected(self, server: RecordingServer) -> list[str]:
        """What travels in the open, or to whoever answers."""
        said = []
        if self.url.startswith("https:") and not self.wire.verify_tls:
            said.append("Its certificate is not looked at (verify_tls = false).")
        if self.url.startswith("https:") and server.url.startswith("http:"):
            said.append("Its recording server is asked without TLS: switch encryption on there.")
        return said

    def _discover(self) -> None:
        """What the VMS says of itself to everybody. Nothing in it decides where the password goes."""
        reply = self.wire.request("GET", f"{self.url}/api/.well-known/uris", {"Accept": "application/json"})
        try:
            found = json.loads(reply.body) if reply.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            # Not of every release, and not needed: signing in tells more.
            self.details["discovery"] = f"HTTP {reply.status}"
            return
        self.details["version"] = speakable(text_of(found, "ProductVersion"))

    def _edge(self) -> str:
        """Whether our device answers at the address that the VMS is told. From here, not from there."""
        url = f"{self.hardware.edge.url}onvif/device_service"
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        try:
            reply = self.wire.request("POST", url, headers, _ASK_EDGE)
        except VmsProblem as problem:
            if problem.answer.reason == "refused":
                raise VmsProblem(Answer("edge-down", message=self.hardware.edge.address)) from None
            self.details["edge"] = problem.answer.reason
            unseen = f"Our edge device could not be looked at from here at {self.hardware.edge.address}"
            return f"{unseen}: see that the VMS reaches it there (EDGE_ADDRESS)."
        if reply.status != 200 or b"GetSystemDateAndTimeResponse" not in reply.body:
            raise VmsProblem(Answer("edge-other", message=self.hardware.edge.address))
        self.details["edge"] = "answers"
        return f"Our edge device answers at {self.hardware.edge.address}."

    def _not_added(self, server: RecordingServer) -> str:
        self.hardware.site.driver_id(server)
        self.details["hardware"] = "none yet"
        return "It is added there with the first recording."

    def _added(self, device: Object, server: RecordingServer) -> str:
        cameras = list(self.hardware.cameras(device))
        self.details |= {"hardware": id_of(device), "cameras": len(cameras)}
        if cameras:
            self.recorder.kind(server.url, id_of(cameras[0]))
        self._demand_retrieval(cameras)
        user = text_of(device, "userName")
        if user and user != self.hardware.edge.username:
            raise VmsProblem(Answer("edge-user", message=user))
        said = f"It stands there as hardware with {len(cameras)} camera{'' if len(cameras) == 1 else 's'}."
        return f"{said} {self._kept(id_of(cameras[0]))}" if cameras else said

    def _demand_retrieval(self, cameras: list[Object]) -> None:
        """A release that cannot fetch is not well: a target that is parked for it would open, and be parked again."""
        ready = next((id_of(one) for one in cameras if one.get("edgeStorageEnabled") is True), "")
        offered = self.rest.tasks("cameras", ready) if ready else []
        if offered and RETRIEVE not in offered:
            raise VmsProblem(Answer("edge-storage", message=f"its cameras have no task {RETRIEVE}"))

    def _kept(self, camera_id: str) -> str:
        kept = Keeping(self.rest).retention(camera_id)
        self.details["retention_minutes"] = kept.lasts and int(kept.lasts.total_seconds() // 60)
        return kept.words
