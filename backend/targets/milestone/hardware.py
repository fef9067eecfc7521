"""Our edge device as the VMS's hardware: found by its address, else added; enabled; one camera for each of ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from backend.targets.milestone import tasks
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Object, Rest, id_of, text_of
from backend.targets.milestone.site import RecordingServer, Site
from backend.targets.milestone.tasks import Pause

# What Management Client does not take in a name.
_NOT_IN_NAMES = re.compile(r"[<>&'\"\\/:*?|\[\]\x00-\x1f]")
_NAME_LENGTH = 100


@dataclass(frozen=True)
class Edge:
    """How the VMS reaches our device."""

    address: str
    username: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.address}/"


@dataclass(frozen=True)
class Seat:
    """A camera of the VMS that stands for one of ours, and the server that has its footage."""

    camera_id: str
    server: RecordingServer


@dataclass
class Hardware:
    """Knows what it found; used by several threads at once. Each call raises VmsProblem, and what `pause` raises."""

    rest: Rest
    site: Site
    edge: Edge
    _id: str = ""
    _seats: dict[int, Seat] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seat(self, number: int) -> Seat | None:
        """The camera of that channel if it is there, without changing anything in the VMS."""
        if known := self._known(number):
            return known
        device = self.device()
        camera = None if device is None else self._camera(id_of(device), number)
        return None if device is None or camera is None else self._keep(number, device, camera)

    def take_seat(self, number: int, name: str, pause: Pause) -> Seat:
        """The camera of that channel, made ready to be fetched from: added, enabled, with edge storage."""
        with self._lock:
            device = self.device() or self._add(pause)
            self._enable(device)
            camera = self._camera(id_of(device), number)
            if camera is None:
                self._look_again(device, pause)
                camera = self._camera(id_of(device), number)
            if camera is None:
                raise VmsProblem(Answer("no-camera", message=str(number + 1)))
            self._make_ready(camera, name)
            return self._keep(number, device, camera)

    def device(self) -> Object | None:
        """The hardware that stands at our address."""
        if self._id and (found := self.rest.find("hardware", self._id)) and self._is_ours(found):
            return found
        self._id = ""
        found = next((one for one in self.rest.every("hardware", query="disabled") if self._is_ours(one)), None)
        if found is not None:
            self._id = id_of(found)
        return found

    def cameras(self, device: Object) -> Iterator[Object]:
        return self.rest.every("hardware", id_of(device), "cameras", query="disabled")

    def forget(self) -> None:
        """Look everything up again."""
        self._id = ""
        self._seats.clear()

    def _known(self, number: int) -> Seat | None:
        seat = self._seats.get(number)
        if seat is None or self.rest.find("cameras", seat.camera_id) is None:
            self._seats.pop(number, None)
            return None
        return seat

    def _keep(self, number: int, device: Object, camera: Object) -> Seat:
        known = self._seats.get(number)
        if known is None or known.camera_id != id_of(camera):
            known = self._seats[number] = Seat(id_of(camera), self.site.server_of(device))
        return known

    def _is_ours(self, hardware: Object) -> bool:
        return bool(id_of(hardware)) and _place(text_of(hardware, "address")) == _place(self.edge.url)

    def _add(self, pause: Pause) -> Object:
        server = self.site.server()
        body = self._credentials() | {"hardwareDriverPath": _driver(self.site.driver_id(server))}
        error = self._run(("recordingServers", server.id), "AddHardware", body, pause)
        # Looked up even after a failure: somebody else may have added it at the same moment.
        found = self.device()
        if found is None:
            raise VmsProblem(Answer("device-refused", message=error or "it is not there afterwards"))
        return found

    def _look_again(self, device: Object, pause: Pause) -> None:
        """Let the VMS see cameras that our device has got since it was added, by whichever task this release has."""
        offered = self.rest.tasks("hardware", id_of(device))
        if "UpdateHardware" in offered:
            error = self._run(("hardware", id_of(device)), "UpdateHardware", {}, pause)
        elif "ReplaceHardware" in offered:
            # Never with the leave to delete: what the VMS has of a camera would go with it.
            kept = {"hardwareDriverPath": device.get("hardwareDriverPath"), "allowDeletingDisabledDevices": False}
            error = self._run(("hardware", id_of(device)), "ReplaceHardware", self._credentials() | kept, pause)
        else:
            return
        if error:
            raise VmsProblem(Answer("device-refused", message=error))

    def _run(self, path: tuple[str, ...], task: str, body: dict[str, Any], pause: Pause) -> str:
        """What it failed by, "" when it did not."""
        try:
            ended = tasks.finish(self.rest, tasks.start(self.rest, *path, task=task, body=body), pause)
        except VmsProblem as problem:
            if problem.status not in (400, 404, 409):
                raise
            return problem.answer.message or f"HTTP {problem.status}"
        return "" if ended.is_good else ended.error or "no reason given"

    def _credentials(self) -> dict[str, Any]:
        edge = self.edge
        return {"hardwareAddress": edge.url, "userName": edge.username, "password": edge.password}

    def _enable(self, device: Object) -> None:
        if device.get("enabled") is not True:
            self.rest.patch("hardware", id_of(device), body={"enabled": True})

    def _camera(self, hardware_id: str, number: int) -> Object | None:
        cameras = self.rest.every("hardware", hardware_id, "cameras", query="disabled")
        return next((one for one in cameras if one.get("channel") == number and id_of(one)), None)

    def _make_ready(self, camera: Object, name: str) -> None:
        wanted: dict[str, Any] = {"enabled": True, "recordingEnabled": True, "edgeStorageEnabled": True}
        lacking = {key: value for key, value in wanted.items() if camera.get(key) is not value}
        if not lacking:
            return
        if "enabled" in lacking and (shown := _NOT_IN_NAMES.sub("_", name).strip()[:_NAME_LENGTH]):
            lacking["name"] = shown
        try:
            self.rest.patch("cameras", id_of(camera), body=lacking)
        except VmsProblem as problem:
            if problem.status == 400 and "edgestorage" in problem.answer.message.replace(" ", "").lower():
                raise VmsProblem(Answer("edge-storage", 400, problem.answer.message)) from None
            raise
        if self.rest.get("cameras", id_of(camera)).get("edgeStorageEnabled") is not True:
            raise VmsProblem(Answer("edge-storage", message="edgeStorageEnabled cannot be switched on"))


def _driver(driver_id: str) -> dict[str, str]:
    return {"type": "hardwareDrivers", "id": driver_id}


def _place(address: str) -> tuple[str, int] | None:
    """Host and port: addresses come with and without the port that goes without saying."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        return ((parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80))
    except ValueError:
        return None
