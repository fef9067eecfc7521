"""The VMS's older services: SOAP 1.1 over HTTP, and the second token, which the recording servers ask for."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.idp import Kept, Token, lasting
from backend.targets.milestone.wire import Reply, Wire

LOGIN_PATH = "/ManagementServer/ServerCommandServiceOAuth.svc"
_SERVER = "http://videoos.net/2/XProtectCSServerCommand"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_MICROSECONDS = 1_000_000
_MOST_TOKEN = 4096


@dataclass(frozen=True)
class Operation:
    """One call: its namespace and name, and the action as the header has it."""

    namespace: str
    name: str
    action: str


_LOGIN = Operation(_SERVER, "Login", f"{_SERVER}/IServerCommandService/Login")


def call(wire: Wire, url: str, operation: Operation, values: Mapping[str, str], bearer: str = "") -> Element:
    """The answer's element within the body. Raises VmsProblem, with the reason “fault” for what the service says no
    to."""
    told = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    body = f'<{operation.name} xmlns="{operation.namespace}">{told}</{operation.name}>'
    document = f'<s:Envelope xmlns:s="{_ENVELOPE}"><s:Body>{body}</s:Body></s:Envelope>'
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    reply = wire.request("POST", url, headers, document.encode())
    found = _body(reply)
    if found is not None and local(found) == "Fault":
        raise VmsProblem(Answer("fault", reply.status, _fault(found), reply.retry_after_seconds))
    if reply.status != 200:
        raise VmsProblem(_refused(reply))
    if found is None or local(found) != f"{operation.name}Response":
        raise VmsProblem(Answer("garbled", reply.status, f"no answer to {operation.name}"))
    return found


def _refused(reply: Reply) -> Answer:
    reasons = {401: "unauthorized", 403: "forbidden", 404: "not-milestone", 429: "busy", 503: "busy"}
    return Answer(reasons.get(reply.status, "error"), reply.status, "", reply.retry_after_seconds)


def _body(reply: Reply) -> Element | None:
    """The first element within the envelope's body; None when that is no envelope."""
    try:
        envelope: Element = fromstring(reply.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    if envelope.tag != f"{{{_ENVELOPE}}}Envelope":
        return None
    body = envelope.find(f"{{{_ENVELOPE}}}Body")
    return None if body is None else next(iter(body), None)


def _fault(found: Element) -> str:
    return text(found, "faultstring") or text(found, "faultcode")


def local(found: Element) -> str:
    """The name without its namespace: those of answers differ between releases."""
    return str(found.tag).rpartition("}")[2]


def inside(parent: Element, name: str) -> list[Element]:
    """All elements of that local name, at any depth."""
    return [one for one in parent.iter() if local(one) == name]


def text(parent: Element, name: str) -> str:
    """What stands in the first element of that local name, "" when there is none."""
    found = next(iter(inside(parent, name)), None)
    return "" if found is None else (found.text or "").strip()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(written: str) -> datetime | None:
    """A time with its zone, of up to twelve decimals; None when it is none."""
    head, point, tail = written.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    if point and not 0 < digits <= 12:
        return None
    try:
        at = datetime.fromisoformat(f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}" if point else written)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


@dataclass
class Login:
    """Asks for the second token, with the first one (documented in Milestone's sample OauthLoginFlow)."""

    wire: Wire
    url: str
    tokens: Kept
    clock: Callable[[], float] = time.monotonic
    _instance: str = field(default_factory=lambda: str(uuid.uuid4()))

    def token(self) -> Token:
        """Raises VmsProblem."""
        asked_at = self.clock()
        bearer = self.tokens.current()
        try:
            found = self._ask(bearer)
        except VmsProblem as problem:
            if problem.status != 401:
                raise
            found = self._ask(self.tokens.instead_of(bearer))
        given, lives = text(found, "Token"), text(found, "MicroSeconds")
        if not 0 < len(given) <= _MOST_TOKEN or not lives.isascii() or not lives.isdecimal() or len(lives) > 18:
            raise VmsProblem(Answer("garbled", message="a token was expected from Login"))
        return lasting(given, int(lives) / _MICROSECONDS, asked_at)

    def _ask(self, bearer: str) -> Element:
        values = {"instanceId": self._instance, "currentToken": ""}
        return call(self.wire, self.url + LOGIN_PATH, _LOGIN, values, bearer)
