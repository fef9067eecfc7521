"""What is so just now, from the catalog and the disk: asked when somebody looks, and kept for a few seconds.

It is the same whoever answers, so it is never added up over processes.
"""

from __future__ import annotations

import platform
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.catalog.condition import known_versions
from backend.catalog.figures import UNDONE, WAITING, Picture, picture
from backend.catalog.models import DeliveryState, ExportStatus
from backend.errors import HoldfastError
from backend.media.kinds import KINDS
from backend.metrics.counting import OWN_DISK, backend_of
from backend.services import Services

_KEPT_SECONDS = 5.0
# Whatever the catalog's answer cost, asking takes a tenth of the time at most.
_REST = 10
_MOST_CAMERAS = 10_000
_OTHERS = "(others)"
_API_VERSION = "1"
_STATES = {"closed": "up", "open": "degraded", "parked": "parked", "paused": "paused"}


@dataclass(eq=False)  # known by itself: a registry keeps it in a dict
class State(Collector):
    """Collects for one process."""

    services: Services
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: Picture | None = None
    _until: float = 0.0
    _took_seconds: float = 0.0

    def collect(self) -> Iterable[Metric]:
        yield from self._always()
        seen = self._look()
        up = _gauge("holdfast_catalog_up", "1 when the catalog answers; without it there are no figures of state.")
        up.add_metric([], seen is not None)
        yield up
        if seen is not None:
            yield from self._of(seen)

    def _always(self) -> Iterator[Metric]:
        info = InfoMetricFamily("holdfast_build", "What runs here: `catalog` is the catalog's version it knows.")
        facts = {"version": _API_VERSION, "python": platform.python_version(), "catalog": known_versions()[-1]}
        info.add_metric([], facts)
        yield info
        with suppress(OSError):  # a disk that is away has no figures
            disk = shutil.disk_usage(self.services.layout.root)
            yield _one("holdfast_disk_free_bytes", "Free on the disk of STORAGE_PATH, in bytes.", disk.free)
            yield _one("holdfast_disk_size_bytes", "Size of the disk of STORAGE_PATH, in bytes.", disk.total)
        reserve = self.services.settings.min_free_bytes
        yield _one("holdfast_disk_reserve_bytes", "What uploads never touch (MIN_FREE_BYTES), in bytes.", reserve)

    def _look(self) -> Picture | None:
        """The catalog's answer, at most a few seconds old. None: it does not answer."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._seen
            started, places = time.monotonic(), self.services.places
            try:
                names, database = sorted(places.by_name), self.services.database
                demanded = places.required, places.passing, _MOST_CAMERAS, places.required_of_recordings
                self._seen = picture(database, names, *demanded)
            except HoldfastError:
                self._seen = None
            self._took_seconds = time.monotonic() - started
            self._until = time.monotonic() + max(_KEPT_SECONDS, _REST * self._took_seconds)
            return self._seen

    def _of(self, seen: Picture) -> Iterator[Metric]:
        kinds = self.services.places.kinds
        yield _one("holdfast_catalog_query_seconds", "What these figures took to ask for.", self._took_seconds)
        yield _one("holdfast_catalog_size_bytes", "Size of the catalog, in bytes.", seen.catalog_bytes)
        yield from _of_videos(seen)
        yield from _of_copies(seen, kinds)
        yield from _of_work(seen)
        yield from self._of_storage(seen, kinds)

    def _of_storage(self, seen: Picture, kinds: Mapping[str, str]) -> Iterator[Metric]:
        used = _gauge("storage_bytes_used", "What videos and exports take, in bytes.", "backend", "bucket")
        here = {"uploads": seen.physical_bytes, **seen.made_bytes}
        exports = {stored.target: stored.bytes for stored in seen.stored_exports}
        for bucket, size in sorted((here | {"exports": exports.pop("", 0)}).items()):
            used.add_metric([OWN_DISK, bucket], size)
        # Several targets may have one bucket, each below a prefix of its own.
        sizes: dict[tuple[str, str], int] = {}
        for target, kind in kinds.items():
            delivered = seen.copies.get(target, {}).get(DeliveryState.DELIVERED)
            buckets = [(self._bucket(target, "bucket"), delivered.bytes if delivered else 0)]
            if target in exports:
                buckets.append((self._bucket(target, "bucket_exports"), exports[target]))
            for bucket, size in buckets:
                key = (backend_of(kind), bucket)
                sizes[key] = sizes.get(key, 0) + size
        for (backend, bucket), size in sorted(sizes.items()):
            used.add_metric([backend, bucket], size)
        yield used
        cameras = _gauge("storage_segments_count", "Segments that are listed.", "camera_id")
        for camera_id, count in seen.segments.items():
            cameras.add_metric([camera_id or _OTHERS], count)
        yield cameras

    def _bucket(self, target: str, option: str) -> str:
        """A bucket's name; a place without buckets has the target's own."""
        config = next(c for c in self.services.places.configs if c.name == target)
        return str(config.options.get(option) or target)


def _of_videos(seen: Picture) -> Iterator[Metric]:
    count = _gauge("holdfast_videos", "Videos.", "state")
    size = _gauge("holdfast_videos_bytes", "Videos, in bytes by their own word.", "state")
    for state in ("present", "pruned", "trashed"):
        amount = seen.videos.get(state)
        count.add_metric([state], amount.count if amount else 0)
        size.add_metric([state], amount.bytes if amount else 0)
    yield count
    yield size
    meaning = (
        "Listed videos that are not verified at every target required of them, but for those that ended there by the "
        "VMS's own retention; 0 where no target is required."
    )
    yield _one("holdfast_videos_unsafe", meaning, seen.unsafe)
    yield _one("holdfast_damages_open", "Files and sidecars here that are known to be damaged.", seen.damages)
    checks = _gauge(
        "holdfast_oldest_check_age_seconds", "Since what was looked at longest ago was; `place`: here, or a target.",
        "place",
    )  # fmt: skip
    for place, at in sorted(seen.oldest_check_at.items()):
        checks.add_metric([place or "here"], _age(at))
    yield checks


def _of_copies(seen: Picture, kinds: Mapping[str, str]) -> Iterator[Metric]:
    copies = _gauge("holdfast_deliveries", "Copies of listed videos.", "target", "state")
    count = _gauge("holdfast_delivery_backlog_videos", "Copies of listed videos still to be made.", "target")
    size = _gauge("holdfast_delivery_backlog_bytes", "Copies still to be made, in bytes.", "target")
    oldest = _gauge(
        "holdfast_delivery_backlog_age_seconds", "How long the oldest of these waits; 0: none does.", "target"
    )
    states = _gauge("holdfast_target_state", "1 for the state that a target is in.", "target", "state")
    for target in sorted(kinds):
        found = seen.copies.get(target, {})
        for state in DeliveryState:
            copies.add_metric([target, state], found[state].count if state in found else 0)
        waiting = [found[state] for state in WAITING if state in found]
        count.add_metric([target], sum(amount.count for amount in waiting))
        size.add_metric([target], sum(amount.bytes for amount in waiting))
        at = seen.oldest_waiting_at.get(target)
        oldest.add_metric([target], _age(at) if at else 0)
        now = _STATES[seen.targets.get(target, "closed")]
        for name in _STATES.values():
            states.add_metric([target, name], name == now)
    yield from (copies, count, size, oldest, states)


def _of_work(seen: Picture) -> Iterator[Metric]:
    jobs = _gauge("holdfast_media_jobs", "Media jobs that are not done.", "kind", "state")
    for kind in KINDS:
        for state in UNDONE:
            jobs.add_metric([kind, state], seen.jobs.get((kind, state), 0))
    yield jobs
    exports = _gauge("holdfast_exports", "Exports.", "status")
    for status in ExportStatus:
        exports.add_metric([status], seen.exports.get(status, 0))
    yield exports
    yield _one("holdfast_webhooks_stopped", "Webhooks that are told nothing for now.", seen.webhooks_stopped)
    yield _one("holdfast_webhook_backlog_events", "Events that wait for a webhook.", seen.webhooks_waiting)


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def _one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _age(at: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - at).total_seconds())
