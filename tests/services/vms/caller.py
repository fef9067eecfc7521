"""A plain caller of the VMS, for tests of the emulator itself and for what an administrator does beside Holdfast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import httpx

from tests.services.vms.model import instant, written
from tests.services.vms.recorder import RECORDER_COMMAND, RECORDING_SEQUENCE, SERVER_COMMAND
from tests.services.vms.server import Vms
from tests.services.waiting import wait_until

_ENTRY = re.compile(r"<TimeBegin>([^<]+)</TimeBegin>.*?<TimeEnd>([^<]+)</TimeEnd>")


@dataclass
class Caller:
    """Signs in once; `rest` gives the answer as it is."""

    vms: Vms
    bearer: str = ""
    # One for all: each new one would read the machine's certificates again.
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(verify=False, trust_env=False), repr=False)

    def close(self) -> None:
        self._http.close()

    def sign_in(self, **changed: str) -> httpx.Response:
        form = {"grant_type": "password", "username": self.vms.username, "password": self.vms.password}
        form |= {"client_id": "GrantValidatorClient"} | changed
        answer = self._http.post(f"{self.vms.url}/API/IDP/connect/token", data=form)
        self.bearer = answer.json().get("access_token", "")
        return answer

    def rest(self, method: str, path: str, body: Any = None, bearer: str | None = None) -> httpx.Response:
        if bearer is None and not self.bearer:
            self.sign_in()
        shown = self.bearer if bearer is None else bearer
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        address = f"{self.vms.url}/api/rest/v1/{path}"
        return self._http.request(
            method, address, headers=headers, json=body if method not in ("GET", "DELETE") else None
        )

    def data(self, path: str) -> dict[str, Any]:
        answer = self.rest("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    def ids(self, path: str) -> list[str]:
        answer = self.rest("GET", path)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["array"]]

    def soap(self, url: str, action: str, body: str, bearer: str = "") -> httpx.Response:
        whole = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
        headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self._http.post(url, content=f"{whole}<s:Body>{body}</s:Body></s:Envelope>", headers=headers)

    def login(self) -> httpx.Response:
        if not self.bearer:
            self.sign_in()
        inner = "<instanceId>00000000-0000-0000-0000-000000000000</instanceId><currentToken></currentToken>"
        action = f"{SERVER_COMMAND}/IServerCommandService/Login"
        body = f'<Login xmlns="{SERVER_COMMAND}">{inner}</Login>'
        return self.soap(f"{self.vms.url}/ManagementServer/ServerCommandServiceOAuth.svc", action, body, self.bearer)

    def recorder_token(self) -> str:
        found = re.search(r"<Token>([^<]+)</Token>", self.login().text)
        assert found
        return found[1]

    def recorder(self, name: str, token: str, *inner: tuple[str, str]) -> httpx.Response:
        body = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in (("token", token), *inner))
        url = f"{self.vms.recorder_url}RecorderCommandService/RecorderCommandService.asmx"
        action = f"{RECORDER_COMMAND}/{name}"
        return self.soap(url, action, f'<{name} xmlns="{RECORDER_COMMAND}">{body}</{name}>')

    def sequences(self, camera_id: str, start: datetime, end: datetime, most: int = 100) -> list[tuple[datetime, ...]]:
        """Begin and end of each."""
        inner = (("deviceId", camera_id), ("sequenceType", RECORDING_SEQUENCE), ("minTime", written(start)))
        more = (("maxTime", written(end)), ("maxCount", str(most)))
        answer = self.recorder("SequencesGet", self.recorder_token(), *inner, *more)
        assert answer.status_code == 200, answer.text
        found = [tuple(map(instant, pair)) for pair in _ENTRY.findall(answer.text)]
        return [tuple(one for one in pair if one) for pair in found]

    def finished(self, started: httpx.Response) -> dict[str, Any]:
        """The task that an answer began, at its end."""
        assert started.status_code == 201, started.text
        told = started.json()["result"]
        assert told["state"] == "InProgress"
        assert told["path"]["type"] == "tasks"
        path = f"tasks/{told['path']['id']}"
        return wait_until(lambda: (t := self.data(path)) and t["progress"] == 100 and t, "the task", seconds=30) or {}

    def add_hardware(self, port: int, user: str, password: str, driver: str = "ONVIF") -> dict[str, Any]:
        server = self.ids("recordingServers")[0]
        body = {"hardwareAddress": f"http://127.0.0.1:{port}", "userName": user, "password": password}
        drivers = self.ids(f"recordingServers/{server}/hardwareDrivers?name='{driver}'")
        body |= {"hardwareDriverPath": {"type": "hardwareDrivers", "id": drivers[0]}}  # type: ignore[dict-item]
        return self.finished(self.rest("POST", f"recordingServers/{server}?task=AddHardware", body))

    def enable(self, hardware_id: str) -> list[str]:
        """The hardware and its cameras, edge storage too. The cameras' ids by channel."""
        assert self.rest("PATCH", f"hardware/{hardware_id}", {"enabled": True}).status_code == 200
        cameras = self.ids(f"hardware/{hardware_id}/cameras?disabled")
        for one in cameras:
            for name in ("enabled", "edgeStorageEnabled"):  # in this order, one by one
                changed = self.rest("PATCH", f"cameras/{one}", {name: True})
                assert changed.status_code == 200, changed.text
        return sorted(cameras, key=lambda one: int(self.data(f"cameras/{one}")["channel"]))

    def retrieve(self, camera_id: str, start: datetime, end: datetime) -> httpx.Response:
        span = {"startTime": written(start), "endTime": written(end)}
        return self.rest("POST", f"cameras/{camera_id}?task=RetrieveEdgeStorage", span)

    def bookmark(self, camera_id: str, start: datetime, end: datetime, reference: str) -> httpx.Response:
        body: dict[str, Any] = {"header": "A recording", "reference": reference}
        body |= {"timeBegin": written(start), "timeTriggered": written(start), "timeEnd": written(end)}
        return self.rest("POST", "bookmarks", body | {"devicePath": {"type": "cameras", "id": camera_id}})

    def lock(self, camera_ids: Sequence[str], start: datetime, end: datetime) -> httpx.Response:
        body: dict[str, Any] = {"header": "Held", "devicePaths": [{"type": "cameras", "id": one} for one in camera_ids]}
        body |= {"startTime": written(start), "tagTime": written(start), "endTime": written(end)}
        body |= {"retentionOption": {"retentionType": "Indefinite", "retentionUnits": -1}}
        return self.rest("POST", "evidenceLocks", body)
