"""What happened to one video: from the audit where it has lines, and from the video's rows where it has none.

The audit does not know what was done before there was one, nor what a lost catalog took with it; and it keeps no
deliveries and pictures, which nobody does. A row keeps the latest of its kind only: the last change of words, the last
look at a copy, the last failure. Nothing is guessed, and who did it is told only where it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.catalog.audit_words import words
from backend.catalog.media import BROWSER, CONVERT, FINGERPRINT, PICTURES, PREVIEW, PROBE
from backend.catalog.models import PAST_RETENTION, AuditLine, Delivery, DeliveryState, JobState, MediaJob, Video
from backend.catalog.videos import GONE

_DOORS = {
    "form": "by a form",
    "tus": "in resumable parts (tus)",
    "rufh-6": "in resumable parts (IETF)",
    "rufh-8": "in resumable parts (IETF)",
    "put": "by PUT",
    "cli-upload": "on the command line",
    "import": "from a folder (import)",
}
_TROUBLE = {
    DeliveryState.PENDING: ("delivery-failed", "Could not be copied to {}; it is tried again"),
    DeliveryState.IN_PROGRESS: ("delivery-failed", "Could not be copied to {} at first; it is being tried again"),
    DeliveryState.PARKED: ("parked", "Waits until somebody mends {}"),
    DeliveryState.FAILED: ("failed", "Cannot be copied to {}"),
    DeliveryState.SKIPPED: ("skipped", "Was not copied to {}, which cannot take it"),
    DeliveryState.DAMAGED: ("damaged", "The copy on {} was found damaged or gone"),
}
_MADE = {
    PROBE: "Length, size and formats were read",
    PICTURES: "Pictures were made",
    PREVIEW: "The moving preview was made",
    BROWSER: "A copy that browsers play was made",
    CONVERT: "Converted",
    FINGERPRINT: "Its pictures were compared with those of other videos",
}
_NOT_MADE = {
    PROBE: "Length, size and formats could not be read",
    PICTURES: "Pictures could not be made",
    PREVIEW: "The moving preview could not be made",
    BROWSER: "A copy that browsers play could not be made",
    CONVERT: "Could not be converted",
    FINGERPRINT: "Its pictures could not be compared with those of other videos",
}
# What each action is called here; what a row tells of the same need not be told twice.
_ACTIONS = {
    "video.edited": "edited",
    "video.trashed": "trashed",
    "video.expired": "trashed",
    "video.untrashed": "untrashed",
    "video.purged": "purged",
    "video.pruned": "pruned",
    "video.restored": "restored",
    "video.held": "held",
    "video.released": "released",
    "video.moved": "moved",
    "share.created": "shared",
    "share.revoked": "unshared",
    "share.opened": "share-opened",
    "delivery.retried": "retried",
    "scrub.damage": "damage",
    "scrub.repaired": "repaired",
}
_SAVED = ("video.saved", "video.imported")


@dataclass(frozen=True)
class Event:
    """`what`: a stable word for programs; `words`: for people; `by`: who, "" where no row says so."""

    at: datetime
    what: str
    words: str
    by: str = ""


def history(video: Video, labels: Mapping[str, str], lines: Sequence[AuditLine] = ()) -> list[Event]:
    """Newest first. `labels`: what people call the targets, by name; `lines`: the audit's of this video."""
    written = [*_of_audit(reversed(lines))]
    known = {event.what for event in written}
    events = [event for event in _of_video(video) if event.what not in known] + written
    for delivery in video.deliveries:
        events += _of_delivery(delivery, labels.get(delivery.target, delivery.target), video)
    for job in video.media_jobs:
        events += _of_job(job)
    # What happens first was added first: of one instant the later step comes out on top.
    events.sort(key=lambda event: event.at)
    events.reverse()
    return events


def _of_audit(lines: Iterable[AuditLine]) -> Iterator[Event]:
    for line in lines:
        # That it was saved the row tells better: by which door, and when, also if the line was written after a crash.
        if line.action not in _SAVED:
            what = _ACTIONS.get(line.action, line.action.rpartition(".")[2])
            yield Event(line.at, what, words(line.action, line.what), line.who)


def _of_video(video: Video) -> Iterator[Event]:
    way = f" {_DOORS[video.door]}" if video.door in _DOORS else ""
    twin = ", with the same content as an earlier video" if video.duplicate_of else ""
    yield Event(video.created_at, "saved", f"Uploaded{way} and saved{twin}", video.uploaded_by)
    if video.updated_at > video.created_at:
        yield Event(video.updated_at, "edited", "Title, description or tags were changed")
    if video.trashed_at is not None:
        yield Event(video.trashed_at, "trashed", "Moved to the trash")
    if video.pruned_at is not None and video.local_state != "present":
        purged = video.local_state in GONE
        words = "Deleted at the end of its time in the trash" if purged else "Its file here was removed: copies hold it"
        yield Event(video.pruned_at, "purged" if purged else "pruned", words)


def _of_delivery(delivery: Delivery, label: str, video: Video) -> Iterator[Event]:
    # A catalog made anew from sidecars does not know when a delivery last changed, and says the video's own instant.
    told_at = delivery.updated_at if delivery.updated_at != video.updated_at else None
    state = DeliveryState(delivery.state)
    if state is DeliveryState.DELIVERED:
        if told_at is not None:
            yield Event(told_at, "verified", f"Copied to {label} and verified")
        if delivery.verified_at is not None and told_at is None:
            yield Event(delivery.verified_at, "verified", f"The copy on {label} was verified")
        elif delivery.verified_at is not None and told_at is not None and delivery.verified_at > told_at:
            yield Event(delivery.verified_at, "checked", f"The copy on {label} was looked at again and is right")
    elif told_at is None:
        return
    elif state in (DeliveryState.DELETING, DeliveryState.DELETED):
        words = f"The copy on {label} is being deleted"
        if state is DeliveryState.DELETED:
            words = f"The copy on {label} was deleted"
            if delivery.error_code == PAST_RETENTION:
                words = f"The copy on {label} is over: {delivery.error}"
        yield Event(told_at, str(state), words)
    elif delivery.error:
        what, words = _TROUBLE[state]
        yield Event(told_at, what, f"{words.format(label)}: {delivery.error}")


def _of_job(job: MediaJob) -> Iterator[Event]:
    which = f" ({job.parameters})" if job.parameters else ""
    if job.state == JobState.DONE and job.finished_at is not None:
        if job.kind != FINGERPRINT or job.result.get("frames"):
            yield Event(job.finished_at, "made", f"{_MADE.get(job.kind, job.kind)}{which}")
    elif job.state == JobState.CANCELLED:
        yield Event(job.updated_at, "cancelled", f"{_NOT_MADE.get(job.kind, job.kind)}{which}: {job.error}")
    elif job.error:
        yield Event(job.updated_at, "not-made", f"{_NOT_MADE.get(job.kind, job.kind)}{which}: {job.error}")
