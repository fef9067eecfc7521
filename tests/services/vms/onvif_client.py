"""The driver's SOAP half: signs in to a device, and asks what it is before it is taken in."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from tests.services.vms.digest_client import DigestClient
from tests.services.vms.model import written

NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "trc": "http://www.onvif.org/ver10/recording/wsdl",
    "tse": "http://www.onvif.org/ver10/search/wsdl",
    "trp": "http://www.onvif.org/ver10/replay/wsdl",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
}
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_SECONDS = 10.0
_DATE = "tds:SystemDateAndTime/tt:UTCDateTime/tt"


class DeviceTrouble(Exception):
    """The device does not answer, refuses us, or says what makes no sense."""


@dataclass(frozen=True)
class Look:
    """What a device says of itself; `sources` are pairs of tokens: video source, profile."""

    manufacturer: str
    model: str
    serial: str
    mac: str
    sources: tuple[tuple[str, str], ...]


@dataclass
class OnvifClient:
    """For one pull or one look; not thread-safe. `by_digest`: signs in by HTTP digest, else by user name token.
    `reads_media2`: looks for encoders in the second media service too, else in the first one alone."""

    address: str
    user: str
    password: str = field(repr=False)
    by_digest: bool = False
    reads_media2: bool = False
    _ahead: timedelta = field(default_factory=timedelta)  # the device's clock, against ours
    _services: dict[str, str] = field(default_factory=dict)

    def look(self) -> Look:
        """All that is asked before hardware is taken in, streams included."""
        self.connect()
        info = self.ask("tds", "GetDeviceInformation")
        interfaces = self.ask("tds", "GetNetworkInterfaces")
        self.ask("tds", "GetCapabilities", "<tds:Category>All</tds:Category>")
        sources = [
            one.get("token", "") for one in self.ask("trt", "GetVideoSources").findall("trt:VideoSources", NAMES)
        ]
        self.ask("trt", "GetAudioSources")
        profiles = self._profiles()
        for source in sources:
            if source not in profiles:
                raise DeviceTrouble(f"The device has no profile for its video source {source}.")
            self._stream_uri(profiles[source])
        if not sources:
            raise DeviceTrouble("The device has no video source.")
        mac = text(interfaces, "tds:NetworkInterfaces/tt:Info/tt:HwAddress")
        if not mac:
            raise DeviceTrouble("The device has no hardware address.")
        maker, model, serial = (text(info, f"tds:{name}") for name in ("Manufacturer", "Model", "SerialNumber"))
        return Look(maker, model, serial, mac, tuple((one, profiles[one]) for one in sources))

    def connect(self) -> None:
        """Reckon with the device's clock, and learn where its services are."""
        now = self.ask("tds", "GetSystemDateAndTime", sign=False)
        names = ("Date/tt:Year", "Date/tt:Month", "Date/tt:Day", "Time/tt:Hour", "Time/tt:Minute", "Time/tt:Second")
        try:
            parts = [int(text(now, f"{_DATE}:{name}")) for name in names]
            told = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=UTC)
        except ValueError:
            raise DeviceTrouble("The device's time makes no sense.") from None
        self._ahead = told - datetime.now(UTC)
        found = self.ask("tds", "GetServices", "<tds:IncludeCapability>true</tds:IncludeCapability>", sign=False)
        known = {uri: prefix for prefix, uri in NAMES.items()}
        for one in found.findall("tds:Service", NAMES):
            if prefix := known.get(text(one, "tds:Namespace")):
                self._services[prefix] = text(one, "tds:XAddr")

    def _profiles(self) -> dict[str, str]:
        found = self.ask("trt", "GetProfiles").findall("trt:Profiles", NAMES)
        encoded = {one.get("token", "") for one in found if text(one, "tt:VideoEncoderConfiguration/tt:Encoding")} | (
            self._encoded_by_media2() if self.reads_media2 else set()
        )
        for one in found:
            if one.get("token", "") not in encoded:
                raise DeviceTrouble(f"The device's profile {one.get('token', '')} has no video encoder.")
        return {text(one, "tt:VideoSourceConfiguration/tt:SourceToken"): one.get("token", "") for one in found}

    def _encoded_by_media2(self) -> set[str]:
        """Profiles by their tokens, which are the same in both services."""
        told = self.ask("tr2", "GetProfiles", "<tr2:Type>VideoEncoder</tr2:Type>").findall("tr2:Profiles", NAMES)
        encoding = "tr2:Configurations/tr2:VideoEncoder/tt:Encoding"
        return {one.get("token", "") for one in told if text(one, encoding)}

    def _stream_uri(self, profile: str) -> None:
        transport = "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        setup = f"<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>{transport}</trt:StreamSetup>"
        asked = f"{setup}<trt:ProfileToken>{escape(profile)}</trt:ProfileToken>"
        if not text(self.ask("trt", "GetStreamUri", asked), "trt:MediaUri/tt:Uri").startswith("rtsp://"):
            raise DeviceTrouble("A profile has no stream.")

    def ask(self, prefix: str, name: str, inner: str = "", *, sign: bool = True) -> Element:
        """The response's element."""
        url = self._services.get(prefix) or f"{self.address}onvif/device_service"
        head = self._security() if sign and not self.by_digest else ""
        spaces = "".join(f' xmlns:{key}="{uri}"' for key, uri in NAMES.items())
        body = f"<s:Body><{prefix}:{name}>{inner}</{prefix}:{name}></s:Body>"
        sent = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope{spaces}>{head}{body}</s:Envelope>'.encode()
        action = f'application/soap+xml; charset=utf-8; action="{NAMES[prefix]}/{name}"'
        status, content = self._post(url, sent, action, sign=sign)
        try:
            answer = fromstring(content, forbid_dtd=True).find("s:Body", NAMES)
        except ParseError:
            raise DeviceTrouble(f"{name} was answered with {status} and no XML.") from None
        expected = f"{{{NAMES[prefix]}}}{name}Response"
        if status != 200 or answer is None or len(answer) != 1 or answer[0].tag != expected:
            reason = "" if answer is None else " ".join("".join(answer.itertext()).split())[:200]
            raise DeviceTrouble(f"{name} was answered with {status}: {reason}")
        found: Element = answer[0]
        return found

    def _post(self, url: str, sent: bytes, kind: str, *, sign: bool) -> tuple[int, bytes]:
        parts = urlsplit(url)
        digest = DigestClient(self.user, self.password)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
        try:
            for _ in range(2):
                headers = {"Content-Type": kind}
                if shown := digest.header("POST", parts.path):
                    headers["Authorization"] = shown
                line.request("POST", parts.path, sent, headers)
                answer = line.getresponse()
                content = answer.read()
                if answer.status != 401 or not (sign and self.by_digest):
                    break
                if shown or not digest.take(answer.headers.get_all("WWW-Authenticate") or []):
                    break
            return answer.status, content
        except (OSError, http.client.HTTPException) as error:
            raise DeviceTrouble(f"The device at {parts.netloc} does not answer ({type(error).__name__}).") from None
        finally:
            line.close()

    def _security(self) -> str:
        nonce, created = os.urandom(16), written(datetime.now(UTC) + self._ahead)
        summed = hashlib.sha1(nonce + created.encode() + self.password.encode(), usedforsecurity=False).digest()
        token = f"<wsse:Username>{escape(self.user)}</wsse:Username>"
        token += f'<wsse:Password Type="{_DIGEST}">{base64.b64encode(summed).decode()}</wsse:Password>'
        token += f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce><wsu:Created>{created}</wsu:Created>"
        inner = f"<wsse:UsernameToken>{token}</wsse:UsernameToken>"
        return f'<s:Header><wsse:Security xmlns:wsse="{_WSSE}" xmlns:wsu="{_WSU}">{inner}</wsse:Security></s:Header>'


def text(parent: Element, path: str) -> str:
    return (parent.findtext(path, "", NAMES) or "").strip()
