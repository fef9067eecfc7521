"""A SOAP 1.2 request and its answers: which operation is meant, who asks, and faults in ONVIF's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from backend.edge.soap_xml import NAMESPACES, Xml, element, envelope, named, parsed, text
from backend.errors import BadField

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


class Fault(Exception):
    """What cannot be done. `codes` are ONVIF's, without their prefix, the general one first."""

    def __init__(self, words: str, *codes: str, sender: bool = True, status: int = 400) -> None:
        super().__init__(words)
        self.words, self.codes, self.sender, self.status = words, codes, sender, status

    def as_bytes(self) -> bytes:
        inner: Xml = Xml()
        for code in reversed(self.codes):
            inner = element("s:Subcode", element("s:Value", f"ter:{code}"), inner)
        value = element("s:Value", "s:Sender" if self.sender else "s:Receiver")
        reason = element("s:Reason", element("s:Text", self.words, attributes={"xml:lang": "en"}))
        return envelope(element("s:Fault", element("s:Code", value, inner), reason))


@dataclass(frozen=True)
class Call:
    """One operation asked for. `host` is how the client reaches us: addresses that we give begin with it."""

    operation: Element
    security: Element | None  # UsernameToken
    host: str  # name or address, IPv6 in brackets
    port: int

    @property
    def name(self) -> tuple[str, str]:
        """(prefix, name); the prefix is "" for a namespace that we do not know."""
        uri, _, local = self.operation.tag.removeprefix("{").rpartition("}")
        return _PREFIXES.get(uri, ""), local

    def text(self, path: str) -> str:
        return text(self.operation, path)


# Answers one operation with what stands in the response's element; raises Fault.
Operation = Callable[[Call], tuple[Xml, ...]]


def read(body: bytes, host: str, port: int) -> Call:
    """Raises Fault."""
    try:
        root = parsed(body)
    except BadField as error:
        raise Fault(error.message, "WellFormed") from None
    content = root.find("s:Body", NAMESPACES)
    if root.tag != named("s", "Envelope") or content is None or len(content) != 1:
        raise Fault("A SOAP 1.2 envelope with one operation is needed.", "WellFormed")
    token = root.find("s:Header/wsse:Security/wsse:UsernameToken", NAMESPACES)
    return Call(content[0], token, host, port)


def response(call: Call, inner: tuple[Xml, ...]) -> bytes:
    prefix, name = call.name
    return envelope(element(f"{prefix}:{name}Response", inner))


def address(call: Call, service: str) -> str:
    return f"http://{call.host}:{call.port}/onvif/{service}"
