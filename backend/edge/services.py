"""The device's operations by name, and who may call them."""

from __future__ import annotations

from dataclasses import dataclass

from backend.edge import device_service, media2_service, media_service, recording_service, search_service
from backend.edge.device_service import DeviceService, Identity
from backend.edge.digest_auth import DigestAuth, Verdict
from backend.edge.footage import Footage
from backend.edge.soap import Call, Fault, Operation, response
from backend.edge.username_token import UsernameTokens

# ONVIF's access class PRE_AUTH: what a client must know before it can sign anything.
_OPEN = frozenset(
    ("tds", name)
    for name in ("GetSystemDateAndTime", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname")
)


class NotSignedIn(Exception):
    """HTTP digest is needed. `stale`: the password was right."""

    def __init__(self, *, stale: bool, wrong: bool) -> None:
        super().__init__()
        self.stale, self.wrong = stale, wrong


@dataclass(frozen=True)
class Services:
    operations: dict[tuple[str, str], Operation]
    auth: DigestAuth
    tokens: UsernameTokens

    @classmethod
    def of(cls, footage: Footage, identity: Identity, auth: DigestAuth, rtsp_port: int) -> Services:
        capabilities = {
            "tds": device_service.service_capabilities(),
            "trt": media_service.service_capabilities(),
            "tr2": media2_service.service_capabilities(),
            "trc": recording_service.recording_capabilities(),
            "tse": search_service.search_capabilities(),
            "trp": recording_service.replay_capabilities(),
        }
        served = {
            "tds": DeviceService(identity, capabilities).operations(),
            "trt": media_service.MediaService(footage, rtsp_port).operations(),
            "tr2": media2_service.Media2Service(footage, rtsp_port).operations(),
            "trc": recording_service.RecordingService(footage).operations(),
            "tse": search_service.SearchService(footage).operations(),
            "trp": recording_service.ReplayService(footage, rtsp_port).operations(),
        }
        every = {(prefix, name): one for prefix, names in served.items() for name, one in names.items()}
        return cls(every, auth, UsernameTokens(auth.credentials))

    def signed(self, call: Call, path: str, authorization: str) -> bool:
        """Whether the one who calls has shown the password; not asked for what is open to all. Raises Fault or
        NotSignedIn."""
        if call.name in _OPEN:
            return False
        if call.security is not None:
            if not self.tokens.passes(call.security):
                raise Fault("The user name token is not accepted.", "NotAuthorized")
            return True
        verdict = self.auth.check("POST", path, authorization)
        if verdict is not Verdict.PASSED:
            raise NotSignedIn(stale=verdict is Verdict.STALE, wrong=verdict is Verdict.WRONG)
        return True

    def answer(self, call: Call) -> bytes:
        """Of a call that may be made. Blocks while it reads. Raises Fault."""
        operation = self.operations.get(call.name)
        if operation is None:
            raise Fault(f"{call.name[1][:100]} is not done here.", "ActionNotSupported", sender=False, status=500)
        return response(call, operation(call))
