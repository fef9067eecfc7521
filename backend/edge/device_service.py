"""ONVIF's device service: who we are, what time it is, which services there are. Nothing can be changed by it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from backend.edge.soap import Call, Operation, address
from backend.edge.soap_xml import NAMESPACES, Xml, element

# Our own, in the order of GetServices: prefix, the path's last part, the version whose operations we know.
SERVICES = (
    ("tds", "device", (2, 60)),
    ("trt", "media", (2, 60)),
    ("tr2", "media2", (16, 6)),
    ("trc", "recording", (2, 60)),
    ("tse", "search", (2, 40)),
    ("trp", "replay", (2, 21)),
)
_NO = "false"


@dataclass(frozen=True)
class Identity:
    """How the device names itself. `serial` never changes: a VMS knows the hardware by it, and by the address."""

    serial: str
    version: str
    name: str = "Holdfast"

    @property
    def hardware_address(self) -> str:
        """In the form of a network card's, made of the serial number: locally administered, nobody's card."""
        digits = hashlib.sha256(self.serial.encode()).hexdigest()[:10]
        return ":".join(["02", *(digits[place : place + 2] for place in range(0, 10, 2))])


@dataclass(frozen=True)
class DeviceService:
    identity: Identity
    capabilities: dict[str, Xml]  # of each service by prefix, for GetServices

    def operations(self) -> dict[str, Operation]:
        return {
            "GetSystemDateAndTime": lambda _: (_date_and_time(datetime.now(UTC)),),
            "GetDeviceInformation": self._information,
            "GetServices": self._services,
            "GetServiceCapabilities": lambda _: (service_capabilities(),),
            "GetCapabilities": _capabilities,
            "GetScopes": self._scopes,
            "GetHostname": self._hostname,
            "GetNetworkInterfaces": self._interfaces,
        }

    def _information(self, _: Call) -> tuple[Xml, ...]:
        known = {
            "Manufacturer": "Holdfast",
            "Model": self.identity.name,
            "FirmwareVersion": self.identity.version,
            "SerialNumber": self.identity.serial,
            "HardwareId": "edge-1",
        }
        return tuple(element(f"tds:{name}", value) for name, value in known.items())

    def _services(self, call: Call) -> tuple[Xml, ...]:
        wanted = call.text("tds:IncludeCapability") in ("true", "1")
        return tuple(
            element(
                "tds:Service",
                element("tds:Namespace", NAMESPACES[prefix]),
                element("tds:XAddr", address(call, path)),
                [element("tds:Capabilities", self.capabilities[prefix])] if wanted else [],
                _version("tds:Version", version),
            )
            for prefix, path, version in SERVICES
        )

    def _scopes(self, _: Call) -> tuple[Xml, ...]:
        told = (
            "type/video_encoder",
            f"name/{quote(self.identity.name, safe='')}",
            f"hardware/{quote(self.identity.name, safe='')}",
        )
        return tuple(
            element(
                "tds:Scopes",
                element("tt:ScopeDef", "Fixed"),
                element("tt:ScopeItem", f"onvif://www.onvif.org/{one}"),
            )
            for one in told
        )

    def _hostname(self, _: Call) -> tuple[Xml, ...]:
        inner = (element("tt:FromDHCP", _NO), element("tt:Name", "holdfast"))
        return (element("tds:HostnameInformation", inner),)

    def _interfaces(self, _: Call) -> tuple[Xml, ...]:
        info = element("tt:Info", element("tt:Name", "edge"), element("tt:HwAddress", self.identity.hardware_address))
        enabled = element("tt:Enabled", "true")
        return (element("tds:NetworkInterfaces", enabled, info, attributes={"token": "edge"}),)


def service_capabilities() -> Xml:
    security = {"UsernameToken": "true", "HttpDigest": "true", "TLS1.0": _NO, "TLS1.1": _NO, "TLS1.2": _NO}
    return element(
        "tds:Capabilities",
        element("tds:Network", attributes={"IPFilter": _NO, "ZeroConfiguration": _NO, "DynDNS": _NO}),
        element("tds:Security", attributes=security),
        element("tds:System", attributes={"DiscoveryResolve": _NO, "DiscoveryBye": _NO, "RemoteDiscovery": _NO}),
    )


def _capabilities(call: Call) -> tuple[Xml, ...]:
    """The older question, whose answer has a place for each service that there was then."""
    wanted = {(one.text or "").strip() for one in call.operation.findall("tds:Category", NAMESPACES)} or {"All"}
    parts: list[Xml] = []
    if wanted & {"All", "Device"}:
        system = element(
            "tt:System",
            (
                element(f"tt:{name}", _NO)
                for name in (
                    "DiscoveryResolve",
                    "DiscoveryBye",
                    "RemoteDiscovery",
                    "SystemBackup",
                    "SystemLogging",
                    "FirmwareUpgrade",
                )
            ),
            _version("tt:SupportedVersions", (2, 60)),
        )
        parts.append(element("tt:Device", element("tt:XAddr", address(call, "device")), system))
    if wanted & {"All", "Media"}:
        parts.append(element("tt:Media", element("tt:XAddr", address(call, "media")), _streaming()))
    if "All" in wanted:
        parts.append(element("tt:Extension", _extension(call)))
    return (element("tds:Capabilities", parts),)


def _streaming() -> Xml:
    able = {"RTPMulticast": _NO, "RTP_TCP": _NO, "RTP_RTSP_TCP": "true"}
    return element("tt:StreamingCapabilities", (element(f"tt:{name}", value) for name, value in able.items()))


def _extension(call: Call) -> list[Xml]:
    recording = {
        "ReceiverSource": _NO,
        "MediaProfileSource": _NO,
        "DynamicRecordings": _NO,
        "DynamicTracks": _NO,
        "MaxStringLength": "64",
    }
    return [
        element(
            "tt:Recording",
            element("tt:XAddr", address(call, "recording")),
            (element(f"tt:{name}", value) for name, value in recording.items()),
        ),
        element("tt:Search", element("tt:XAddr", address(call, "search")), element("tt:MetadataSearch", _NO)),
        element("tt:Replay", element("tt:XAddr", address(call, "replay"))),
    ]


def _version(name: str, version: tuple[int, int]) -> Xml:
    return element(name, element("tt:Major", str(version[0])), element("tt:Minor", f"{version[1]:02}"))


def _date_and_time(now: datetime) -> Xml:
    def part(name: str, *fields: str) -> Xml:
        return element(f"tt:{name}", (element(f"tt:{f}", str(getattr(now, f.lower()))) for f in fields))

    return element(
        "tds:SystemDateAndTime",
        element("tt:DateTimeType", "NTP"),
        element("tt:DaylightSavings", _NO),
        element("tt:TimeZone", element("tt:TZ", "UTC0")),
        element("tt:UTCDateTime", part("Time", "Hour", "Minute", "Second"), part("Date", "Year", "Month", "Day")),
    )
