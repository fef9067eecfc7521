"""What stands in the VMS already: which recording server is meant, its driver, and where its footage is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Object, Rest, id_of, path_id, text_of

_MOST_NAMED = 8
# As Milestone's device pack calls the driver for devices that speak ONVIF and are nothing special.
_ONVIF = ("onvif", "onvif conformant device")


@dataclass(frozen=True)
class RecordingServer:
    """`url`: where its RecorderCommandService is, with a slash at the end."""

    id: str
    name: str
    url: str


@dataclass(frozen=True)
class Site:
    """`server_name`, `driver_name`: as configured, or ""."""

    rest: Rest
    server_name: str
    driver_name: str

    def server(self) -> RecordingServer:
        """The configured recording server, or the only one. Raises VmsProblem."""
        servers = list(self.rest.every("recordingServers"))
        wanted = self.server_name.strip().casefold()
        fitting = [one for one in servers if not wanted or wanted in (_name(one), _host(one))]
        if not fitting:
            told = f"“{self.server_name}”; it shows {_named(servers) or 'none'}" if wanted else "none at all"
            raise VmsProblem(Answer("no-recording-server", message=told))
        if len(fitting) > 1:
            raise VmsProblem(Answer("recording-servers", message=_named(fitting)))
        return _server(fitting[0])

    def server_of(self, hardware: Object) -> RecordingServer:
        """Where this hardware is."""
        relations = hardware.get("relations")
        parent = path_id(relations.get("parent") if isinstance(relations, dict) else None, "recordingServers")
        return _server(self.rest.get("recordingServers", parent)) if parent else self.server()

    def driver_id(self, server: RecordingServer) -> str:
        """The configured driver's, or that for ONVIF. Raises VmsProblem."""
        drivers = list(self.rest.every("recordingServers", server.id, "hardwareDrivers"))
        wanted = self.driver_name.strip().casefold()
        fitting = [one for one in drivers if wanted and wanted in (_name(one), str(one.get("number", "")))]
        if not wanted:
            fitting = _for_onvif(drivers)
        if not fitting:
            raise VmsProblem(Answer("no-driver", message=f"“{self.driver_name or 'ONVIF'}”"))
        if len(fitting) > 1:
            raise VmsProblem(Answer("no-driver", message=f"that is meant alone; these fit: {_named(fitting)}"))
        return id_of(fitting[0])


def _for_onvif(drivers: list[Object]) -> list[Object]:
    for name in _ONVIF:
        if exact := [one for one in drivers if _name(one) == name]:
            return exact[:1]
    return [one for one in drivers if "onvif" in _name(one)]


def _server(found: Object) -> RecordingServer:
    url, name = text_of(found, "webServerUri"), text_of(found, "name")
    if not id_of(found) or not _is_address(url):
        raise VmsProblem(Answer("recorder", message=f"“{name}” has no webServerUri that is an address"))
    return RecordingServer(id_of(found), name, url.rstrip("/") + "/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and len(url) < 500
    except ValueError:
        return False


def _name(found: Object) -> str:
    return (text_of(found, "name") or text_of(found, "displayName")).strip().casefold()


def _host(found: Object) -> str:
    return text_of(found, "hostName").strip().casefold()


def _named(found: list[Object]) -> str:
    names = [f"“{text_of(one, 'name')[:60]}”" for one in found[:_MOST_NAMED]]
    return ", ".join(names) + (" and more" if len(found) > _MOST_NAMED else "")
