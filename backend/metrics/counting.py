"""From the log's steps to counters. The log is told of each step of each upload and delivery already; so are we.

A step that a table here does not know is no figure. Facts that name people, files or keys never become labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backend import errors
from backend.catalog.media import BROWSER, CONVERT, FINGERPRINT, PICTURES, PREVIEW, PROBE
from backend.catalog.models import ExportStatus
from backend.metrics.families import Families

DOORS = ("form", "project-form", "put", "tus", "rufh", "inbox", "segment")
UPLOAD_OUTCOMES = ("saved", "repeated", "refused", "cut", "failed")
OPERATIONS = ("store", "retrieve", "delete", "deliver", "export")
OWN_DISK = "FILESYSTEM"
_OTHER = "other"
_CUT = {errors.IncompleteBody.code, errors.BodyTimeout.code}
_DELIVERY_OUTCOMES = {
    "verified": "delivered",
    "pending": "retry",
    "parked": "parked",
    "failed": "failed",
    "skipped": "skipped",
    "given_back": "given_back",
    "lease_lost": "lost",
}
_BLAMED = ("retry", "parked", "failed")
_MEDIA = (PROBE, PICTURES, PREVIEW, BROWSER, CONVERT, FINGERPRINT)
_MEDIA_OUTCOMES = {
    "media_made": "made",
    "media_failed": "failed",
    "media_put_off": "retry",
    "media_given_back": "given_back",
    "media_set_aside": "set_aside",
}
_WEBHOOK_OUTCOMES = {"webhook_delivered": "delivered", "webhook_pending": "retry", "webhook_failed": "failed"}
# `code` of an export that was asked of a time in which no camera recorded: nobody's fault.
_NO_FOOTAGE = "nothing-recorded"
_EXPORT_STEPS = {
    "export_created": ExportStatus.PENDING,
    "export_completed": ExportStatus.COMPLETED,
    "export_failed": ExportStatus.FAILED,
    "export_cancelled": ExportStatus.CANCELLED,
}
_SCRUBBED = ("right", "repaired", "damaged")
_LEVELS = ("debug", "info", "warning", "error")

Facts = Mapping[str, Any]


def backend_of(kind: str) -> str:
    """Seed 001's word for a kind of target."""
    return OWN_DISK if kind == "folder" else kind.upper()


def _refusals(base: type[errors.HoldfastError]) -> set[str]:
    return {base.code}.union(*(_refusals(kind) for kind in base.__subclasses__()))


class Counting:
    """Counts what the log is told of, for one process. `kinds`: of each target, by its name."""

    def __init__(self, families: Families, mode: str, backend: str, kinds: Mapping[str, str]) -> None:
        """`mode` is STORAGE_MODE, `backend` where segments are bound for."""
        self._families = families
        self._mode = mode
        self._backends = {name: backend_of(kind) for name, kind in kinds.items()}
        self._refused = _refusals(errors.Refused) | _refusals(errors.AccessError)
        self._steps = self._table()
        self._begin(backend)

    def hear(self, level: str, step: str, facts: Facts) -> None:
        """One line of the log, whether or not its level is written."""
        self._families.log_lines.labels(level).inc()
        count = self._steps.get(step)
        if count is not None:
            count(step, facts)

    def _table(self) -> dict[str, Callable[[str, Facts], None]]:
        table: dict[str, Callable[[str, Facts], None]] = {
            "received": self._received,
            "saved": self._saved,
            "replayed": self._repeated,
            "refused": self._refused_one,
            "trashed": self._trashed,
            "expired": self._trashed,
            "segment_retrieved": self._retrieved,
            "attempt": self._attempt,
            "scrubbed": self._scrubbed,
            "restored": self._restored,
            "restore_failed": self._not_restored,
            "delete_failed": self._not_deleted,
            "export_copy_failed": self._export_not_copied,
        }
        table |= dict.fromkeys(_DELIVERY_OUTCOMES, self._attempt_ended)
        table |= dict.fromkeys(_MEDIA_OUTCOMES, self._media)
        table |= dict.fromkeys(_WEBHOOK_OUTCOMES, self._webhook)
        table |= dict.fromkeys(_EXPORT_STEPS, self._export)
        return table

    def _received(self, _: str, facts: Facts) -> None:
        self._families.received_bytes.labels(_door(facts)).inc(facts.get("bytes") or 0)

    def _saved(self, _: str, facts: Facts) -> None:
        self._families.uploads.labels(_door(facts), "saved").inc()
        if (seconds := facts.get("seconds")) is not None:
            self._families.upload_seconds.labels(_door(facts)).observe(seconds)
        if backend := facts.get("segment"):
            self._families.segments_stored.labels(backend, self._mode).inc()

    def _repeated(self, _: str, facts: Facts) -> None:
        self._families.uploads.labels(_door(facts), "repeated").inc()

    def _refused_one(self, _: str, facts: Facts) -> None:
        code = facts.get("code")
        outcome = "cut" if code in _CUT else "refused" if code in self._refused else "failed"
        self._families.uploads.labels(_door(facts), outcome).inc()
        if outcome == "failed":
            self._families.errors.labels("store", OWN_DISK).inc()

    def _trashed(self, _: str, facts: Facts) -> None:
        if backend := facts.get("segment"):
            self._families.segments_deleted.labels(backend).inc()

    def _retrieved(self, _: str, facts: Facts) -> None:
        self._families.segments_retrieved.labels(facts.get("backend", OWN_DISK)).inc(facts.get("count", 1))

    def _attempt(self, _: str, facts: Facts) -> None:
        if (target := facts.get("target")) in self._backends:
            self._families.attempts.labels(target).inc()

    def _attempt_ended(self, step: str, facts: Facts) -> None:
        target = facts.get("target")
        if target not in self._backends:
            return
        outcome = _DELIVERY_OUTCOMES[step]
        self._families.attempts_ended.labels(target, outcome).inc()
        if outcome == "delivered":
            self._families.delivered_bytes.labels(target).inc(facts.get("bytes") or 0)
            self._families.delivery_seconds.labels(target).observe(facts.get("seconds") or 0)
        if outcome in _BLAMED:
            self._families.errors.labels("deliver", self._backends[target]).inc()

    def _restored(self, *_: object) -> None:
        self._families.restores.labels("restored").inc()

    def _not_restored(self, _: str, facts: Facts) -> None:
        # One that has a target is told again when no other had it either.
        if target := facts.get("target"):
            self._families.errors.labels("retrieve", self._backends.get(target, _OTHER)).inc()
        else:
            self._families.restores.labels("failed").inc()
            self._families.errors.labels("retrieve", OWN_DISK).inc()

    def _not_deleted(self, _: str, facts: Facts) -> None:
        self._families.errors.labels("delete", self._backends.get(facts.get("target", ""), OWN_DISK)).inc()

    def _media(self, step: str, facts: Facts) -> None:
        kind = facts.get("kind", _OTHER)
        self._families.media_ended.labels(kind, _MEDIA_OUTCOMES[step]).inc()
        if step == "media_made" and (seconds := facts.get("seconds")) is not None:
            self._families.media_seconds.labels(kind).observe(seconds)

    def _scrubbed(self, _: str, facts: Facts) -> None:
        for result in _SCRUBBED:
            self._families.scrubbed.labels(result).inc(facts.get(result) or 0)
        self._families.scrubbed_bytes.inc(facts.get("bytes") or 0)

    def _webhook(self, step: str, _: Facts) -> None:
        self._families.webhooks.labels(_WEBHOOK_OUTCOMES[step]).inc()

    def _export(self, step: str, facts: Facts) -> None:
        status = _EXPORT_STEPS[step]
        self._families.exports_created.labels(status.value).inc()
        if status is not ExportStatus.PENDING and (seconds := facts.get("seconds")) is not None:
            self._families.export_seconds.labels(status.value).observe(seconds)
        if status is ExportStatus.FAILED and facts.get("code") != _NO_FOOTAGE:
            self._families.errors.labels("export", OWN_DISK).inc()

    def _export_not_copied(self, _: str, facts: Facts) -> None:
        self._families.errors.labels("export", self._backends.get(facts.get("target", ""), OWN_DISK)).inc()

    def _begin(self, backend: str) -> None:
        """Every series whose labels are known is there from the start, at 0: a rate needs a value before the first."""
        families, targets = self._families, list(self._backends)
        backends = sorted({OWN_DISK, backend, *self._backends.values()})
        families.segments_stored.labels(backend, self._mode)
        for counter in (families.segments_retrieved, families.segments_deleted):
            counter.labels(backend)
        _each(families.exports_created, [(status.value,) for status in _EXPORT_STEPS.values()])
        _each(families.export_seconds, [(ExportStatus.COMPLETED.value,), (ExportStatus.FAILED.value,)])
        _each(families.errors, [(operation, name) for operation in OPERATIONS for name in backends])
        _each(families.uploads, [(door, outcome) for door in DOORS for outcome in UPLOAD_OUTCOMES])
        for by_door in (families.received_bytes, families.upload_seconds):
            _each(by_door, [(door,) for door in DOORS])
        outcomes = _DELIVERY_OUTCOMES.values()
        _each(families.attempts_ended, [(target, outcome) for target in targets for outcome in outcomes])
        for by_target in (families.attempts, families.delivered_bytes, families.delivery_seconds):
            _each(by_target, [(target,) for target in targets])
        _each(families.media_ended, [(kind, outcome) for kind in _MEDIA for outcome in _MEDIA_OUTCOMES.values()])
        _each(families.media_seconds, [(kind,) for kind in _MEDIA])
        _each(families.restores, [("restored",), ("failed",)])
        _each(families.scrubbed, [(result,) for result in _SCRUBBED])
        _each(families.webhooks, [(outcome,) for outcome in _WEBHOOK_OUTCOMES.values()])
        _each(families.log_lines, [(level,) for level in _LEVELS])


def _door(facts: Facts) -> str:
    # A protocol's version says nothing of how well it goes.
    door = str(facts.get("door") or "").removesuffix("-6").removesuffix("-8")
    return door if door in DOORS else _OTHER


def _each(family: Any, labels: Iterable[tuple[str, ...]]) -> None:
    for values in labels:
        family.labels(*values)
