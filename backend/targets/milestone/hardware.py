"""Our edge device as the VMS's hardware: found by its address, else added; enabled; one camera for each of ours."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from backend.targets.base import Notes
from backend.targets.memory_notes import MemoryNotes
from backend.targets.milestone import tasks
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Object, Rest, as_id, id_of, text_of
from backend.targets.milestone.site import RecordingServer, Site
from backend.targets.milestone.tasks import Pause, Task

# What Management Client does not take in a name.
_NOT_IN_NAMES = re.compile(r"[<>&'\"\\/:*?|\[\]\x00-\x1f]")
_NAME_LENGTH = 100
# Taking a device in is a matter of seconds, or of a few minutes where it has many cameras.
TASK_SECONDS = 900.0
_TURN_SECONDS = 1.0


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
    """Knows what it found; used by several threads at once. Each call raises VmsProblem, and what `pause` raises.

    `notes`: which task of the VMS is at it, so that after a restart no second one is begun. `task_seconds`: how long it
    may be. `now`: seconds since 1970.
    """

    rest: Rest
    site: Site
    edge: Edge
    notes: Notes = field(default_factory=MemoryNotes)
    task_seconds: float = TASK_SECONDS
    now: Callable[[], float] = time.time
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
        with self._turn(pause):
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

    @contextmanager
    def _turn(self, pause: Pause) -> Iterator[None]:
        """One at a time. Who has it may have to wait for the VMS; the others hear their own word to stop meanwhile."""
        while not self._lock.acquire(timeout=_TURN_SECONDS):
            pause(0)
        try:
            yield
        finally:
            self._lock.release()

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
        note = f"task {task} {path[-1]}"
        try:
            running, began_at = self._noted(note) or self._begun(note, path, task, body)
            ended = tasks.finish(self.rest, running, self._limited(pause, running, began_at, note))
        except VmsProblem as problem:
            if problem.status not in (400, 404, 409):
                raise
            return problem.answer.message or f"HTTP {problem.status}"
        self._note(note, "")
        return "" if ended.is_good else ended.error or "no reason given"

    def _begun(self, note: str, path: tuple[str, ...], task: str, body: dict[str, Any]) -> tuple[Task, float]:
        began_at = self.now()
        made = tasks.start(self.rest, *path, task=task, body=body)
        self._note(note, f"{made.id} {began_at:.0f}")
        return made, began_at

    def _noted(self, note: str) -> tuple[Task, float] | None:
        """The one that was begun before and still runs. How an older one ended says nothing about now."""
        task_id, _, began = (self.notes.get(note) or "").partition(" ")
        found = tasks.look(self.rest, as_id(task_id)) if as_id(task_id) else None
        if found is not None and not found.is_over:
            # By a clock that was set back since it would have all the time to come.
            return found, min(float(began), self.now()) if began.isascii() and began.isdecimal() else self.now()
        tasks.clean_up(self.rest, found.id if found else "")
        return None

    def _limited(self, pause: Pause, task: Task, began_at: float, note: str) -> Pause:
        def limited(percent: int) -> None:
            if self.now() - began_at > self.task_seconds:
                is_gone, most = tasks.stop(self.rest, task.id, pause, self.now), f"{self.task_seconds / 60:g} minutes"
                if not is_gone:
                    raise VmsProblem(Answer("task-stays", message=most))
                self._note(note, "")
                raise VmsProblem(Answer("hardware-late", message=most))
            pause(percent)

        return limited

    def _note(self, name: str, value: str) -> None:
        self.notes.put(name, value, instead_of=self.notes.get(name))

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
        """Enabled first, and only then told to use its edge storage: a VMS may refuse that of what is disabled."""
        lacking: dict[str, Any] = {key: True for key in ("enabled", "recordingEnabled") if camera.get(key) is not True}
        if "enabled" in lacking and (shown := _NOT_IN_NAMES.sub("_", name).strip()[:_NAME_LENGTH]):
            lacking["name"] = shown
        if lacking:
            self.rest.patch("cameras", id_of(camera), body=lacking)
        if camera.get("edgeStorageEnabled") is not True:
            self._use_edge_storage(camera)

    def _use_edge_storage(self, camera: Object) -> None:
        try:
            self.rest.patch("cameras", id_of(camera), body={"edgeStorageEnabled": True})
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
