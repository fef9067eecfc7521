"""XML in and out: foreign XML without a DTD or entities, ours with fixed prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import MINYEAR, UTC, datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from backend.errors import BadField

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "trc": "http://www.onvif.org/ver10/recording/wsdl",
    "tse": "http://www.onvif.org/ver10/search/wsdl",
    "trp": "http://www.onvif.org/ver10/replay/wsdl",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
}
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)?")
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Xml(str):
    """Text that is XML already."""

    __slots__ = ()


def element(name: str, *children: Xml | str | Iterable[Xml], attributes: Mapping[str, str] | None = None) -> Xml:
    """`name` with its prefix. Plain text is escaped."""
    inner: list[str] = []
    for child in children:
        if isinstance(child, Xml):
            inner.append(child)
        elif isinstance(child, str):
            inner.append(escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", child)))
        else:
            inner.extend(child)
    told = "".join(f" {key}={quoteattr(value)}" for key, value in (attributes or {}).items())
    return Xml(f"<{name}{told}>{''.join(inner)}</{name}>")


def envelope(body: Xml) -> bytes:
    declared = {f"xmlns:{prefix}": uri for prefix, uri in NAMESPACES.items()}
    whole = element("s:Envelope", element("s:Body", body), attributes=declared)
    return f'<?xml version="1.0" encoding="UTF-8"?>{whole}'.encode()


def parsed(data: bytes) -> Element:
    """Raises BadField."""
    try:
        found: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise BadField("That is no XML that is taken here.") from None
    return found


def named(prefix: str, name: str) -> str:
    """As ElementTree writes it."""
    return f"{{{NAMESPACES[prefix]}}}{name}"


def text(parent: Element | None, path: str) -> str:
    """What stands at `path` (prefixed names, by "/"), without the space around it; "" when it is not there."""
    found = None if parent is None else parent.find(path, NAMESPACES)
    return "" if found is None else (found.text or "").strip()


def moment(at: datetime) -> str:
    # Not strftime: it writes the year 1 as "1".
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant(written: str) -> datetime | None:
    """An xs:dateTime; one without a zone is UTC, as ONVIF's times are. What its zone takes out of the calendar, as
    with .NET's least and greatest times, is the nearest instant in it. None when it is none."""
    found = _INSTANT.fullmatch(written)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]}.{(found[2] or '0')[:6].ljust(6, '0')}{found[3] or 'Z'}")
    except ValueError:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return EARLIEST if at.year == MINYEAR else LATEST
