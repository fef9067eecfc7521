"""The tables, and the words they use."""

from backend.catalog.models.base import Base
from backend.catalog.models.cameras import Camera, Export, ExportStatus, Segment
from backend.catalog.models.deliveries import (
    LOCAL_DAMAGE,
    LOCAL_FAILURES,
    LOCAL_MISSING,
    NO_COPY_LEFT,
    PAST_RETENTION,
    Delivery,
    DeliveryState,
    TargetNote,
    TargetRow,
)
from backend.catalog.models.events import Event, Webhook, WebhookDelivery, WebhookState
from backend.catalog.models.finding import Count, CountChange, VideoWords
from backend.catalog.models.integrity import FILE, SIDECAR, Damage, Restore, ScrubRun
from backend.catalog.models.likeness import Fingerprint, Likeness, Vector
from backend.catalog.models.media import JobState, MadeFiles, MediaJob
from backend.catalog.models.people import AuditLine, KeyedAnswer, ShareLink, Token
from backend.catalog.models.videos import Hold, MediaState, Video, VideoTag

__all__ = [
    "FILE",
    "LOCAL_DAMAGE",
    "LOCAL_FAILURES",
    "LOCAL_MISSING",
    "NO_COPY_LEFT",
    "PAST_RETENTION",
    "SIDECAR",
    "AuditLine",
    "Base",
    "Camera",
    "Count",
    "CountChange",
    "Damage",
    "Delivery",
    "DeliveryState",
    "Event",
    "Export",
    "ExportStatus",
    "Fingerprint",
    "Hold",
    "JobState",
    "KeyedAnswer",
    "Likeness",
    "MadeFiles",
    "MediaJob",
    "MediaState",
    "Restore",
    "ScrubRun",
    "Segment",
    "ShareLink",
    "TargetNote",
    "TargetRow",
    "Token",
    "Vector",
    "Video",
    "VideoTag",
    "VideoWords",
    "Webhook",
    "WebhookDelivery",
    "WebhookState",
]
