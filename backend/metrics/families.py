"""What is counted: each counter and histogram that processes keep. Importing this imports prometheus-client.

Names and labels of seed 001 are kept exactly. Labels have few values: doors, outcomes, kinds, configured targets.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.registry import CollectorRegistry

_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600)
_SHORT_SECONDS = (0.01, 0.03, *_SECONDS[:-1])


class Families:
    """All of them, in one registry. Make one per process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_seed()
        self._make_uploads()
        self._make_copies()
        self._make_housekeeping()

    def _make_seed(self) -> None:
        self.segments_stored = self._counter(
            "storage_segments_stored", "Segments stored, at whichever door they came", "backend", "mode"
        )
        self.segments_retrieved = self._counter("storage_segments_retrieved", "Segments listed by time", "backend")
        self.segments_deleted = self._counter("storage_segments_deleted", "Segments put into the trash", "backend")
        self.exports_created = self._counter(
            "storage_exports_created", "Exports that came to this status; PENDING: that were asked for", "status"
        )
        self.export_seconds = self._histogram(
            "storage_export_duration_seconds", "From an export's beginning to its end", _SECONDS, "status"
        )
        self.errors = self._counter(
            "storage_errors", "Operations that failed by a fault of ours or of a target", "operation", "backend"
        )

    def _make_uploads(self) -> None:
        self.uploads = self._counter("holdfast_uploads", "Uploads that ended", "door", "outcome")
        self.received_bytes = self._counter(
            "holdfast_upload_received_bytes", "Bytes of uploads that came whole", "door"
        )
        self.upload_seconds = self._histogram(
            "holdfast_upload_duration_seconds", "From an upload's first byte, or last resumption, to its answer",
            _SHORT_SECONDS, "door",
        )  # fmt: skip

    def _make_copies(self) -> None:
        self.attempts = self._counter("holdfast_delivery_attempts", "Attempts to deliver that began", "target")
        self.attempts_ended = self._counter(
            "holdfast_delivery_attempts_ended", "Attempts to deliver that ended", "target", "outcome"
        )
        self.delivered_bytes = self._counter(
            "holdfast_delivered_bytes", "Bytes of copies that were read back and are right", "target"
        )
        self.delivery_seconds = self._histogram(
            "holdfast_delivery_duration_seconds", "An attempt that ended with a verified copy", _SECONDS, "target"
        )
        self.restores = self._counter("holdfast_restores", "Videos fetched back from a copy", "outcome")

    def _make_housekeeping(self) -> None:
        self.media_ended = self._counter(
            "holdfast_media_jobs_ended", "Pictures and playable copies: attempts that ended", "kind", "outcome"
        )
        self.media_seconds = self._histogram(
            "holdfast_media_job_duration_seconds", "A media job that was done", _SECONDS, "kind"
        )
        self.scrubbed = self._counter("holdfast_scrub_checked_files", "Files here that were read again", "result")
        self.scrubbed_bytes = self._counter("holdfast_scrub_read_bytes", "Bytes of files here that were read again")
        self.webhooks = self._counter("holdfast_webhook_attempts", "Events sent to webhooks", "outcome")
        self.log_lines = self._counter("holdfast_log_lines", "What the log was told", "level")
        self.heartbeat = Gauge(
            "holdfast_worker_heartbeat_timestamp_seconds", "When the worker last gave a sign of life; 0: never",
            registry=self.registry, multiprocess_mode="max",
        )  # fmt: skip

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, f"{meaning}.", labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, f"{meaning}, in seconds.", labels, buckets=buckets, registry=self.registry)
