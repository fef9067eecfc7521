"""Judges what the VMS answered, or failed to answer: transient, permanent, or a person is needed. Pure.

An unknown answer is transient: trying again is harmless, giving up is not. Nothing that the VMS wrote is repeated
without being shortened and cleared of what looks like an address or a token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.errors import TargetError, TargetParked, TransientFailure


@dataclass(frozen=True)
class Answer:
    """What came back. `reason` is a word of ours; `status` None when nothing came; `message` the VMS's own words."""

    reason: str
    status: int | None = None
    message: str = ""
    retry_after_seconds: float | None = None


class VmsProblem(Exception):
    """An answer that is not success. Never leaves the target: `judge` says what it means."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.reason} (HTTP {answer.status})")
        self.answer = answer

    @property
    def status(self) -> int | None:
        return self.answer.status

    @property
    def answered(self) -> bool:
        """Whether the VMS said no, so that it certainly did not do what was asked.

        A 408 is a proxy's or gateway's: it waited too long, and what was asked for may be done all the same.
        """
        status = self.answer.status
        return status is not None and 400 <= status < 500 and status != 408


_PARKED = {
    "credentials": "does not accept the name and password ({message}). Correct MILESTONE_USERNAME and "
    "MILESTONE_PASSWORD (or username and password of the target): a basic user of the VMS, not one of Windows",
    "no-credentials": "cannot be asked: no user is configured. Set username and password of the target, or where it "
    "leaves out url or has that of MILESTONE_URL, MILESTONE_USERNAME and MILESTONE_PASSWORD: a basic user of the VMS "
    "with the role Administrators",
    "no-url": "cannot be asked: no address is configured. Set MILESTONE_URL to that of the management server",
    "no-edge": "cannot fetch anything: nothing says how it reaches this server. Set EDGE_ADDRESS, and EDGE_USERNAME "
    "and EDGE_PASSWORD if they are to be others than those made here",
    "unauthorized": "does not accept the token it gave ({message}). See whether its clock is right and whether the "
    "user may use the API Gateway",
    "forbidden": "does not let the user do that ({message}). Give the user the role Administrators in the VMS",
    "licence": "has no licence for it ({message}). In the Management Client, under Licence Information, see whether "
    "a hardware device licence is free, and activate",
    "redirect": "answers with a redirect, which is not followed: the password would go with it. Set MILESTONE_URL to "
    "the address that it leads to",
    "not-milestone": "does not answer like XProtect at this address ({message}). Set MILESTONE_URL to the management "
    "server with the API Gateway (XProtect 2025 R2 or later)",
    "no-recording-server": "shows the user no recording server ({message}). Correct recording_server, or give the "
    "user rights",
    "recording-servers": "has several recording servers: {message}. Name one in the target's option recording_server",
    "no-driver": "has no device driver {message} on its recording server. Install the device pack there, or correct "
    "the option driver",
    "edge-storage": "does not take recordings from a device's memory for this camera ({message}). That needs XProtect "
    "2025 R2 or later, an edition with edge storage, and recording enabled for the camera",
    "device-refused": "cannot add our edge device as hardware ({message}). See whether the edge process runs, whether "
    "the recording server reaches EDGE_ADDRESS and both its ports, and whether EDGE_USERNAME and EDGE_PASSWORD fit",
    "edge-user": "signs in to our edge device as “{message}”, which is not the name it wants. In the Management "
    "Client, right-click the hardware, choose Edit Hardware, and give it EDGE_USERNAME and EDGE_PASSWORD",
    "edge-other": "would find something else than our edge device at {message}. Correct EDGE_ADDRESS and EDGE_PORT",
    "no-camera": "does not show camera {message} of our edge device. In the Management Client, right-click the "
    "hardware, choose Replace Hardware and keep driver and address: the VMS then sees the new cameras",
    "no-bookmarks": "does not take bookmarks ({message}). Give the user rights to them, or set bookmark = false",
    "no-event": "has no user-defined event “{message}”. Make it in the Management Client, or correct the option event",
    "no-locks": "does not take evidence locks ({message}). They are part of XProtect Corporate alone; set "
    "evidence_lock = false to do without",
    "lock-unsure": "was asked for an evidence lock and did not tell whether it made one; nor does it list them. See "
    "in the Smart Client's list of evidence locks whether {message} is there (reference, description) and remove it. "
    "Then release the hold here, wait for what is told of that, and hold again",
    "lock-left": "may still have an evidence lock of a hold that is over; it does not list them. See in the Smart "
    "Client's list of evidence locks whether {message} is there (reference, description) and remove it. Then hold the "
    "video here once more and release it, and this is settled",
    "tls": "was reached but its certificate is not accepted ({message}). Name the certificate that signed it in the "
    "option ca_file, and see whether this server's clock is right",
    "ca-file": "cannot be asked: the file of the option ca_file holds no certificates. Correct it",
}
_TRANSIENT = {
    "unknown-host": "could not be found: its host name is unknown here. See to this server's name service (DNS) and to "
    "MILESTONE_URL",
    "refused": "refused the connection. See whether it runs, to the firewall, and to MILESTONE_URL",
    "no-tls": "does not speak TLS at this address. See to MILESTONE_URL",
    "timeout": "did not answer in time. See to the network and the VMS's load if that goes on",
    "connection": "broke the connection ({message})",
    "garbled": "gave an answer that could not be read ({message}). See to proxies in between",
    "too-large": "gave an answer larger than any that is expected. See to MILESTONE_URL and to proxies in between",
    "busy": "asks to slow down",
    "edge-down": "has nothing to fetch from: our edge device does not answer at {message}. See whether the edge "
    "process runs (Procfile, its log), what it listens on (EDGE_HOST), and to EDGE_ADDRESS and EDGE_PORT",
    "fault": "could not say what it has ({message})",
    "recorder": "says of its recording server nothing that leads there ({message})",
    "task-failed": "could not fetch the recording: {message}. If that goes on, see whether the edge process runs, and "
    "in the Management Client (Edit Hardware) whether the VMS signs in to it with EDGE_USERNAME and EDGE_PASSWORD",
    "task-gone": "knows nothing any more of the retrieval it was about; it starts anew",
    "task-late": "did not finish the retrieval within {message} (option task_hours); it was stopped and starts anew",
    "task-stays": "was told to stop a task that took longer than {message}, and still shows it; no other is begun "
    "meanwhile. If that goes on, see in the Smart Client (Server Jobs) whether it can be stopped there, and to the "
    "recording server",
    "task-unsure": "was asked for the retrieval and did not tell its number; {message}",
    "camera-gone": "has no longer the camera that was to fetch ({message}); our edge device is looked for anew",
    "hardware-late": "did not finish with our edge device within {message}; the task was stopped. See in the "
    "Management Client whether it answers",
    "lock-raced": "was asked for this evidence lock by two workers at once; one of them goes on",
    "incomplete": "says it fetched the recording, and has not all of it: {message}",
}
_UNSPEAKABLE = re.compile(
    r"\w+://\S+|\S*(?:password|passwd|token|secret)\w*\s*[=:]\s*\S+|\bBearer\s+\S+|TOKEN#\S+|\beyJ\S*|[\w.~+/-]{41,}",
    re.IGNORECASE,
)
_LICENCE = re.compile(r"\blicen[cs]", re.IGNORECASE)
_MESSAGE_LENGTH = 200


def judge(answer: Answer) -> TargetError:
    """The error to raise for this answer, in words that name the VMS and what to do."""
    reason = "licence" if _is_about_licence(answer) else answer.reason
    detail = {"vms_reason": reason, "status": answer.status}
    told = speakable(answer.message) or (f"HTTP {answer.status}" if answer.status else "no reason given")
    if reason in _PARKED:
        words = _PARKED[reason].format(message=told)
        return TargetParked(f"Milestone {words}.", retry_after_seconds=answer.retry_after_seconds, detail=detail)
    words = _TRANSIENT.get(reason, "refused what was asked ({message})").format(message=told)
    return TransientFailure(
        f"Milestone {words.removesuffix('.')}. It is tried again.",
        retry_after_seconds=answer.retry_after_seconds,
        detail=detail,
    )


def speakable(text: str) -> str:
    """The VMS's own words, in one short line, without what nobody may read."""
    return _UNSPEAKABLE.sub("(left out)", " ".join(text.split()))[:_MESSAGE_LENGTH].removesuffix(".")


def _is_about_licence(answer: Answer) -> bool:
    return bool(_LICENCE.search(answer.message)) and (answer.status is not None or answer.reason == "device-refused")
