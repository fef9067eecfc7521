"""The history of a video: what its rows say, in order, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.catalog.history import Event, history
from backend.catalog.models import AuditLine, Delivery, DeliveryState, JobState, MediaJob, Video
from backend.catalog.videos import row_of
from tests.unit.catalog.test_listing import NOON, document


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def video(local: str = "present", **facts: Any) -> Video:
    return row_of(document(0, local, **({"updated_at": NOON, "saved_at": NOON} | facts)))


def delivery(state: DeliveryState, minutes: float, **values: Any) -> Delivery:
    values = {"error": "", "error_code": "", "verified_at": None, **values}
    return Delivery(target="nas", state=state, updated_at=at(minutes), created_at=NOON, **values)


def job(kind: str, state: JobState, minutes: float, **values: Any) -> MediaJob:
    values = {"parameters": "", "error": "", **values}
    return MediaJob(kind=kind, state=state, updated_at=at(minutes), finished_at=at(minutes), **values)


def told(row: Video) -> list[tuple[str, str]]:
    return [(event.what, event.words) for event in history(row, {"nas": "NAS"})]


def test_a_fresh_upload_has_one_thing_to_tell() -> None:
    found = history(video(uploaded_by="ann", door="tus"), {})
    assert found == [Event(NOON, "saved", "Uploaded in resumable parts (tus) and saved", "ann")]


def test_a_door_that_nobody_knows_is_not_named() -> None:
    assert told(video(door="old")) == [("saved", "Uploaded and saved")]


def test_newest_comes_first_and_of_one_instant_the_later_step() -> None:
    row = video(trashed_at=at(9), updated_at=at(3), duplicate_of="x")
    row.deliveries = [delivery(DeliveryState.DELIVERED, 1, verified_at=at(1))]
    row.media_jobs = [job("probe", JobState.DONE, 0), job("pictures", JobState.DONE, 2)]
    assert told(row) == [
        ("trashed", "Moved to the trash"),
        ("edited", "Title, description or tags were changed"),
        ("made", "Pictures were made"),
        ("verified", "Copied to NAS and verified"),
        ("made", "Length, size and formats were read"),
        ("saved", "Uploaded and saved, with the same content as an earlier video"),
    ]


def test_a_copy_that_was_looked_at_again_keeps_the_instant_it_was_made() -> None:
    row = video()
    row.deliveries = [delivery(DeliveryState.DELIVERED, 1, verified_at=at(60))]
    found = history(row, {"nas": "NAS"})
    assert [(e.at, e.what) for e in found] == [(at(60), "checked"), (at(1), "verified"), (NOON, "saved")]


def test_after_a_rebuild_only_what_the_sidecar_knows_is_told() -> None:
    """A rebuilt ledger row carries the video's own instant, at which no delivery happened."""
    row = video(updated_at=at(5))
    row.deliveries = [
        delivery(DeliveryState.DELIVERED, 5, verified_at=at(2)),
        delivery(DeliveryState.FAILED, 5, error="Too big."),
    ]
    assert [(e.at, e.what) for e in history(row, {})] == [(at(5), "edited"), (at(2), "verified"), (NOON, "saved")]


def test_each_trouble_of_a_copy_is_told_with_its_reason() -> None:
    for state in DeliveryState:
        row = video()
        row.deliveries = [delivery(state, 1, error="No room.", verified_at=None)]
        events = history(row, {"nas": "NAS"})
        assert len(events) == 2
        if state not in (DeliveryState.DELIVERED, DeliveryState.DELETED, DeliveryState.DELETING):
            assert events[0].words.endswith(": No room.")
        assert "NAS" in events[0].words


def test_a_copy_that_waits_for_its_first_attempt_is_no_event() -> None:
    row = video()
    row.deliveries = [delivery(DeliveryState.PENDING, 1), delivery(DeliveryState.IN_PROGRESS, 1)]
    assert [event.what for event in history(row, {})] == ["saved"]


def test_what_could_not_be_made_says_why_and_what_waits_says_nothing() -> None:
    row = video()
    row.media_jobs = [
        job("convert", JobState.FAILED, 1, parameters="mp4-720", error="It took too long."),
        job("convert", JobState.CANCELLED, 2, parameters="webm-480", error="Cancelled by ann."),
        job("preview", JobState.WAITING, 3),
        job("convert", JobState.DONE, 4, parameters="hls-720"),
    ]
    assert told(row)[:3] == [
        ("made", "Converted (hls-720)"),
        ("cancelled", "Could not be converted (webm-480): Cancelled by ann."),
        ("not-made", "Could not be converted (mp4-720): It took too long."),
    ]


def test_local_bytes_that_were_removed_say_whether_for_good() -> None:
    for local, what in (("pruned", "pruned"), ("purged", "purged")):
        row = video(local)
        row.pruned_at = at(7)
        assert [e.what for e in history(row, {})] == [what, "saved"]
    back = video()
    back.pruned_at = at(7)
    assert [e.what for e in history(back, {})] == ["saved"]


def line(action: str, minutes: float, who: str = "ann", **what: Any) -> AuditLine:
    return AuditLine(at=at(minutes), who=who, action=action, what=what)


def test_the_audit_tells_who_did_each_step_and_the_rows_the_rest() -> None:
    row = video(trashed_at=at(9), updated_at=at(5), uploaded_by="bob")
    row.deliveries = [delivery(DeliveryState.DELIVERED, 3, verified_at=at(3))]
    lines = [
        line("video.trashed", 9),
        line("video.edited", 5, "cid", title={"from": "a", "to": "b"}),
        line("video.edited", 4),
        line("video.saved", 0, "bob"),
    ]
    assert [(e.what, e.words, e.by) for e in history(row, {"nas": "NAS"}, lines)] == [
        ("trashed", "Moved to the trash", "ann"),
        ("edited", "Title changed to “b”", "cid"),
        ("edited", "Title, description or tags were changed", "ann"),
        ("verified", "Copied to NAS and verified", ""),
        ("saved", "Uploaded and saved", "bob"),
    ]


def test_what_the_audit_lost_is_told_by_the_rows() -> None:
    row = video(trashed_at=at(9), updated_at=at(5))
    told = [(e.what, e.by) for e in history(row, {}, [line("video.trashed", 9)])]
    assert told == [("trashed", "ann"), ("edited", ""), ("saved", "")]


def test_an_action_of_a_later_version_is_told_too() -> None:
    events = history(video(), {}, [line("video.set-to_music", 1)])
    assert (events[0].what, events[0].words) == ("set-to_music", "Video: set-to music")
