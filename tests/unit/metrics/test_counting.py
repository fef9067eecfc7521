"""From the log's steps to counters: each upload, delivery and export once, and nothing that names anybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from backend.log import UploadLog
from backend.metrics.counting import Counting
from backend.metrics.families import Families

# Seed 001, section Metrics, word for word: what processes count of it.
SEED = {
    "storage_segments_stored_total": {"backend", "mode"},
    "storage_segments_retrieved_total": {"backend"},
    "storage_segments_deleted_total": {"backend"},
    "storage_exports_created_total": {"status"},
    "storage_export_duration_seconds": {"status"},
    "storage_errors_total": {"operation", "backend"},
}


class Told:
    """A log and what was counted of it."""

    def __init__(self, folder: Path) -> None:
        self.families = Families()
        self.log = UploadLog(folder, "error")
        kinds = {"nas": "folder", "far": "minio"}
        self.log.tell(Counting(self.families, "LOCAL", "MINIO", kinds).hear)

    def value(self, name: str, **labels: str) -> float | None:
        return self.families.registry.get_sample_value(name, labels)

    def text(self) -> str:
        return generate_latest(self.families.registry).decode()


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_the_seeds_names_and_labels_are_there_from_the_start_at_0(told: Told) -> None:
    found: dict[str, set[str]] = {}
    for name, labels, value in re.findall(r"^(storage_\w+?)(?:_bucket|_sum|_count)?\{(.*)\} (\S+)$", told.text(), re.M):
        if "_created" in name and not name.endswith("_total"):
            continue
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
        assert float(value) == 0
    found["storage_export_duration_seconds"].discard("le")
    assert found == SEED


def test_lines_below_the_logs_level_count_too(told: Told) -> None:
    told.log.write("info", "saved", door="form", seconds=1.0)
    assert not told.log.path.exists()
    assert told.value("holdfast_uploads_total", door="form", outcome="saved") == 1
    assert told.value("holdfast_log_lines_total", level="info") == 1


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("too-large", "refused"),
        ("forbidden", "refused"),
        ("duplicate", "refused"),
        ("incomplete-body", "cut"),
        ("body-timeout", "cut"),
        ("disk-full", "failed"),
        ("catalog-damaged", "failed"),
        (None, "failed"),
    ],
)
def test_a_refusal_is_the_clients_or_ours(told: Told, code: str | None, outcome: str) -> None:
    told.log.write("warning", "refused", door="tus", code=code, error="…")
    assert told.value("holdfast_uploads_total", door="tus", outcome=outcome) == 1
    ours = told.value("storage_errors_total", operation="store", backend="FILESYSTEM")
    assert ours == (1 if outcome == "failed" else 0)


def test_a_segment_is_counted_at_whichever_door_it_comes(told: Told) -> None:
    for door in ("form", "segment", "rufh-8"):
        told.log.write("info", "saved", door=door, seconds=0.1, segment="MINIO")
    told.log.write("info", "saved", door="form", seconds=0.1)
    told.log.write("info", "trashed", segment="MINIO")
    told.log.write("info", "trashed", segment=None)
    told.log.write("debug", "segment_retrieved", backend="MINIO", count=7)
    assert told.value("storage_segments_stored_total", backend="MINIO", mode="LOCAL") == 3
    assert told.value("storage_segments_deleted_total", backend="MINIO") == 1
    assert told.value("storage_segments_retrieved_total", backend="MINIO") == 7
    assert told.value("holdfast_uploads_total", door="rufh", outcome="saved") == 1


def test_a_delivery_is_an_attempt_and_its_end(told: Told) -> None:
    told.log.write("info", "attempt", target="far", upload="id")
    told.log.write("warning", "pending", target="far", upload="id", error="away")
    told.log.write("info", "attempt", target="far", upload="id")
    told.log.write("info", "verified", target="far", upload="id", bytes=5000, seconds=2.5)
    assert told.value("holdfast_delivery_attempts_total", target="far") == 2
    assert told.value("holdfast_delivery_attempts_ended_total", target="far", outcome="retry") == 1
    assert told.value("holdfast_delivery_attempts_ended_total", target="far", outcome="delivered") == 1
    assert told.value("holdfast_delivered_bytes_total", target="far") == 5000
    assert told.value("holdfast_delivery_duration_seconds_sum", target="far") == 2.5
    assert told.value("storage_errors_total", operation="deliver", backend="MINIO") == 1


def test_an_export_is_counted_by_each_status_it_comes_to(told: Told) -> None:
    told.log.write("info", "export_created", export="id")
    told.log.write("info", "export_created", export="id")
    told.log.write("info", "export_completed", export="id", seconds=12.0)
    told.log.write("error", "export_failed", export="id", seconds=1.0)
    assert told.value("storage_exports_created_total", status="PENDING") == 2
    assert told.value("storage_exports_created_total", status="COMPLETED") == 1
    assert told.value("storage_exports_created_total", status="FAILED") == 1
    assert told.value("storage_export_duration_seconds_sum", status="COMPLETED") == 12
    assert told.value("storage_export_duration_seconds_count", status="FAILED") == 1
    assert told.value("storage_errors_total", operation="export", backend="FILESYSTEM") == 1


def test_an_export_of_a_time_without_footage_failed_but_is_no_error(told: Told) -> None:
    told.log.write("error", "export_failed", export="id", seconds=1.0, code="nothing-recorded")
    assert told.value("storage_exports_created_total", status="FAILED") == 1
    assert told.value("storage_errors_total", operation="export", backend="FILESYSTEM") == 0


def test_each_operation_that_fails_is_an_error_of_its_backend(told: Told) -> None:
    told.log.write("warning", "restore_failed", upload="id", target="far", error="…")
    told.log.write("warning", "delete_failed", upload="id", target="nas", error="…")
    told.log.write("warning", "export_copy_failed", export="id", target="far", error="…")
    assert told.value("storage_errors_total", operation="retrieve", backend="MINIO") == 1
    assert told.value("storage_errors_total", operation="delete", backend="FILESYSTEM") == 1
    assert told.value("storage_errors_total", operation="export", backend="MINIO") == 1


def test_the_rest_of_the_house_is_counted(told: Told) -> None:
    told.log.write("info", "media_made", kind="pictures", seconds=3.0)
    told.log.write("warning", "media_put_off", kind="pictures", code="x")
    told.log.write("info", "scrubbed", right=8, repaired=1, damaged=2, bytes=4096)
    told.log.write("warning", "webhook_pending", webhook="id")
    told.log.write("info", "restored", upload="id", target="far")
    assert told.value("holdfast_media_jobs_ended_total", kind="pictures", outcome="made") == 1
    assert told.value("holdfast_media_jobs_ended_total", kind="pictures", outcome="retry") == 1
    assert told.value("holdfast_media_job_duration_seconds_sum", kind="pictures") == 3
    assert told.value("holdfast_scrub_checked_files_total", result="damaged") == 2
    assert told.value("holdfast_scrub_read_bytes_total") == 4096
    assert told.value("holdfast_webhook_attempts_total", outcome="retry") == 1
    assert told.value("holdfast_restores_total", outcome="restored") == 1


def test_no_name_of_anything_and_no_unknown_word_becomes_a_label(told: Told) -> None:
    secret = "hf_0123456789"
    facts = {"upload": secret, "name": secret, "user": secret, "error": secret, "key": secret}
    before = len(told.text().splitlines())
    for step in ("saved", "refused", "received", "replayed", "trashed", "attempt", "verified", "restored"):
        told.log.write("info", step, door=secret, target=secret, code=secret, **facts)
    assert secret not in told.text()
    assert len(told.text().splitlines()) - before < 40
