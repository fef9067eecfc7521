"""The two SOAP services: `Login` on the management server, and what a recorder says of the footage that it has."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from tests.services.drive.replies import Reply
from tests.services.drive.wire import Call
from tests.services.vms.faults import Faults
from tests.services.vms.keeping import aged
from tests.services.vms.model import Item, World, instant, written
from tests.services.vms.tokens import Idp, RecorderTokens

SERVER_COMMAND = "http://videoos.net/2/XProtectCSServerCommand"
RECORDER_COMMAND = "http://videoos.net/2/XProtectCSRecorderCommand"
RECORDING_SEQUENCE = "f9c62604-d0c5-4050-ae25-72de51639b14"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XML = "text/xml; charset=utf-8"
_TYPES = (
    ("0601d294-b7e5-4d93-9614-9658561ad5e4", "RecordingWithTriggerSequence"),
    (RECORDING_SEQUENCE, "RecordingSequence"),
    ("53cb5e33-2183-44bd-9491-8364d2457480", "MotionSequence"),
)


class _Fault(Exception):
    def __init__(self, text: str, number: int, sub_number: int = 0) -> None:
        super().__init__(text)
        self.text, self.number, self.sub_number = text, number, sub_number

    def reply(self) -> Reply:
        detail = f"<ErrorNumber>{self.number}</ErrorNumber><SubErrorNumber>{self.sub_number}</SubErrorNumber>"
        fault = f"<faultcode>soap:Server</faultcode><faultstring>{escape(self.text)}</faultstring>"
        return _envelope(f"<soap:Fault>{fault}<detail>{detail}</detail></soap:Fault>", 500)


@dataclass
class SoapServices:
    world: World
    idp: Idp
    tokens: RecorderTokens
    faults: Faults

    def login(self, call: Call) -> Reply:
        if not self.idp.is_valid(call.header("Authorization")):
            return Reply(401, headers={"WWW-Authenticate": "Bearer"})
        try:
            asked = _operation(call, SERVER_COMMAND, {"Login"}, "IServerCommandService/")
            if not _is_guid(_text(asked, SERVER_COMMAND, "instanceId")):
                raise _Fault("instanceId is no GUID", 40001)
        except _Fault as fault:
            return fault.reply()
        seconds = self.tokens.token_seconds
        told = f"<RegistrationTime>{written(self.world.now())}</RegistrationTime>"
        told += f"<TimeToLive><MicroSeconds>{int(seconds * 1_000_000)}</MicroSeconds></TimeToLive>"
        told += f"<TimeToLiveLimited>false</TimeToLiveLimited><Token>{self.tokens.new()}</Token>"
        return _answer("Login", SERVER_COMMAND, told)

    def recorder(self, call: Call) -> Reply:
        """The token stands in the body; what stands in the head does not matter here."""
        operations: dict[str, Callable[[Element], str]] = {
            "SequencesGetTypes": self._types,
            "SequencesGet": self._sequences,
        }
        try:
            asked = _operation(call, RECORDER_COMMAND, set(operations))
            token = _text(asked, RECORDER_COMMAND, "token")
            if not token:
                raise _Fault("No token supplied", 20000, 1)
            if not self.tokens.is_valid(token):
                raise _Fault("Token invalid", 20000, 2)
            name = asked.tag.rpartition("}")[2]
            return _answer(name, RECORDER_COMMAND, operations[name](asked))
        except _Fault as fault:
            return fault.reply()

    def _types(self, asked: Element) -> str:
        self._camera(asked)
        return "".join(f"<SequenceType><Id>{i}</Id><Name>{name}</Name></SequenceType>" for i, name in _TYPES)

    def _sequences(self, asked: Element) -> str:
        footage = aged(self.world, self._camera(asked))
        kind = _text(asked, RECORDER_COMMAND, "sequenceType").lower()
        if kind not in dict(_TYPES):
            raise _Fault("Unknown sequence type", 40001)
        first, last = _time(asked, "minTime"), _time(asked, "maxTime")
        most = _text(asked, RECORDER_COMMAND, "maxCount")
        if not most.isascii() or not most.isdigit() or last < first:
            raise _Fault("maxCount, minTime or maxTime makes no sense", 40001)
        found = footage.sequences(first, last, int(most)) if kind == RECORDING_SEQUENCE else []
        if self.faults.late_sequences > 0:
            self.faults.late_sequences -= 1
            found = []
        return "".join(
            f"<SequenceEntry><TimeBegin>{written(one.begin)}</TimeBegin><TimeTrigged>{written(one.begin)}</TimeTrigged>"
            f"<TimeEnd>{written(one.end)}</TimeEnd></SequenceEntry>"
            for one in found
        )

    def _camera(self, asked: Element) -> Item:
        found = self.world.find("cameras", _text(asked, RECORDER_COMMAND, "deviceId"))
        if found is None:
            raise _Fault("Unknown device", 40001)
        return found


def operation_name(body: bytes) -> str:
    """What a body asks for, by its name alone; "?" when nobody can tell."""
    try:
        content = fromstring(body, forbid_dtd=True).find(f"{{{_SOAP}}}Body")
    except ParseError:
        return "?"
    return "?" if content is None or len(content) != 1 else str(content[0].tag).rpartition("}")[2]


def _operation(call: Call, namespace: str, names: set[str], interface: str = "") -> Element:
    if (call.header("Content-Type") or "").partition(";")[0].strip() != "text/xml":
        raise _Fault("The content type must be text/xml", 40002)
    try:
        content = fromstring(call.body.read(), forbid_dtd=True).find(f"{{{_SOAP}}}Body")
    except ParseError:
        raise _Fault("The body is no XML", 40002) from None
    if content is None or len(content) != 1:
        raise _Fault("The body has no operation", 40002)
    asked: Element = content[0]
    uri, _, name = asked.tag.removeprefix("{").rpartition("}")
    if uri != namespace or name not in names:
        raise _Fault(f"Method '{name}' not supported", 40000)
    if (call.header("SOAPAction") or "").strip('"') != f"{namespace}/{interface}{name}":
        raise _Fault("SOAPAction does not name the operation", 40002)
    return asked


def _text(asked: Element, namespace: str, name: str) -> str:
    return (asked.findtext(f"{{{namespace}}}{name}") or "").strip()


def _time(asked: Element, name: str) -> datetime:
    found = instant(_text(asked, RECORDER_COMMAND, name))
    if found is None:
        raise _Fault(f"{name} is no time", 40001)
    return found


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _answer(name: str, namespace: str, inner: str) -> Reply:
    result = f"<{name}Result>{inner}</{name}Result>"
    return _envelope(f'<{name}Response xmlns="{namespace}">{result}</{name}Response>')


def _envelope(body: str, status: int = 200) -> Reply:
    whole = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{_SOAP}"><soap:Body>{body}</soap:Body>'
    return Reply(status, f"{whole}</soap:Envelope>".encode(), content_type=_XML)
