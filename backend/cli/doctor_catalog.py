"""What `doctor` asks of the database, the targets and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.catalog import media_list, stats
from backend.catalog.clock import Clock
from backend.catalog.condition import Condition, clock_ahead_seconds, condition_of
from backend.catalog.database import Database
from backend.catalog.models import NO_COPY_LEFT, JobState
from backend.catalog.videos import EVERYTHING
from backend.cli.findings import Finding, notice, well, wrong
from backend.cli.opened import way_back
from backend.cli.states import unwell
from backend.disk.layout import Layout
from backend.errors import HoldfastError, SettingsError, StorageError
from backend.installation import what_is_missing
from backend.log import UploadLog
from backend.media import room
from backend.media.missing import Missing
from backend.outbox.desk import Desk
from backend.outbox.places import open_places
from backend.settings import Settings, read_environment

_CLOCK_SLACK_SECONDS = 2.0
_FUTURE_SLACK = timedelta(minutes=1)
# The worker looks twice a second; what is due for minutes and not even tried has nobody to try it.
_IDLE_WORKER = timedelta(minutes=5)


def catalog(settings: Settings, layout: Layout) -> tuple[list[Finding], Database | None]:
    """What is to say of the database, and the way into it when it can be used."""
    try:
        condition = condition_of(settings.catalog_url)
        if condition is not Condition.CURRENT:
            says = what_is_missing(layout, condition) or "The database is not ready."
            return [wrong("database", says)], None
        database = Database(settings.catalog_url)
        return [*_database(database), *_time(layout, database)], database
    except StorageError as error:
        return [wrong("database", error.message, way_back(settings.catalog_url))], None


def media(settings: Settings, layout: Layout, database: Database) -> Iterator[Finding]:
    """What could not be made from videos, or was and is gone: they are safe all the same."""
    with database.read() as session:
        broken = media_list.listed(session, (JobState.FAILED, JobState.SET_ASIDE))
        items = tuple(f"{j.video_id} {j.video.original_filename}, {j.kind}: {j.error}" for j in broken)
    if items:
        says = f"{len(items)}{' or more' if len(items) == 200 else ''} pictures or playable copies could not be made."
        remedy = "The videos are safe. When the reason is mended: video_manager media retry --all-failed"
        yield notice("media", says, remedy, items)
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    gone = tuple(
        f"{g.video_id} {g.original_filename}, {g.kind} {g.parameters}".rstrip()
        for g in Missing(database, layout, log).look()
    )
    if gone:
        says = f"{len(gone)} pictures or copies were made, and are gone from the disk."
        remedy = "The videos are safe, and the worker makes them again within the hour; now: video_manager doctor --fix"
        yield wrong("media", says, remedy, gone)
    if differ := tuple(room.differences(layout, database).values()):
        says = f"{len(differ)} videos have other pictures or copies on the disk than the storage figures say."
        yield wrong("media", says, "video_manager doctor --fix measures them anew.", differ)


def _database(database: Database) -> Iterator[Finding]:
    with database.read() as session:
        newest = stats.totals(session, EVERYTHING).newest_at
        ahead = clock_ahead_seconds(session)
    yield well("database", f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, reachable and up to date.")
    if abs(ahead) > _CLOCK_SLACK_SECONDS:
        says = f"The database server's clock is {ahead:+.0f} s off this machine's."
        yield wrong("clock", says, "Set both by NTP: workers measure their leases by it.")
    if newest is not None and newest > datetime.now(UTC) + _FUTURE_SLACK:
        yield wrong(
            "clock",
            f"The newest video was saved in the future ({newest:%Y-%m-%d %H:%M:%SZ}).",
            "The clock was or is wrong: set it by NTP. Videos of the future are never pruned.",
        )


def _time(layout: Layout, database: Database) -> Iterator[Finding]:
    try:
        time = Clock(layout, database).read()
    except StorageError as error:
        # Not the catalog's fault, and nothing is deleted meanwhile.
        remedy = "When the disk is well and it still cannot be read, remove metadata/clock.json: it is written anew."
        yield wrong("clock", error.message, remedy)
        return
    if time.doubt:
        says = f"No rule is applied, the trash is not emptied and no hold ends at present: {time.doubt}"
        yield wrong(
            "retention", says, "Set the clock by NTP; if it is right, say so: video_manager cleanup --trust-clock"
        )


def targets(settings: Settings, layout: Layout, database: Database) -> Iterator[Finding]:
    """Each target is asked to take, give back and remove a small file; then the ledger is asked what is stuck."""
    try:
        places = open_places(settings, read_environment())
    except SettingsError as error:
        yield wrong("targets", " ".join(error.problems), "Mend targets.toml or the settings; the server cannot start.")
        return
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    desk = Desk(database, layout, places, log)
    if all(place.config.ephemeral for place in places.by_name.values()):
        yield notice(
            "targets",
            "No target that lasts is configured: every video is on this one disk only.",
            "docs/VIDEO_STORAGE_GUIDE.md shows how to add a second disk, MinIO or S3.",
        )
    for name in places.by_name:
        yield _check(desk, name)
    yield from _ledger(desk)


def _check(desk: Desk, name: str) -> Finding:
    try:
        report = desk.check(name)
    except HoldfastError as error:
        return wrong(f"target {name}", error.message, f"Mend it, then: video_manager targets check {name}")
    if report.ok:
        return well(f"target {name}", report.message)
    return wrong(f"target {name}", report.message, f"Mend it, then: video_manager targets check {name}")


def _ledger(desk: Desk) -> Iterator[Finding]:
    found = desk.targets()
    for hint in unwell(found):
        yield notice("copies", hint)
    for state in ("failed", "parked"):
        stuck = desk.deliveries(state=state)
        if stuck:
            items = tuple(f"{d['video_id']} {d['filename']} to {d['target']}: {d['error']}" for d in stuck)
            says = f"{len(stuck)}{' or more' if len(stuck) == 200 else ''} copies are {state}."
            yield wrong("copies", says, "When the reason is mended: video_manager retry --all", items)
    yield from _lost(desk)
    for name, forgotten in desk.unknown_targets().items():
        says = f"{forgotten.count} wait for '{name}', which is not configured."
        if forgotten.alone:
            says += f" {forgotten.alone} of these videos have no other copy."
            yield wrong("copies", says, f"Configure '{name}' again, or: video_manager targets enqueue TARGET")
        else:
            yield notice("copies", says, "Configure it again, or leave them: they hold up nothing else.")
    if any(_seems_idle(target) for target in found):
        yield notice(
            "worker",
            "Copies have been waiting for minutes although their target answers.",
            "Is the worker running? scripts/serve starts it; so does `video_manager worker`.",
        )


def _lost(desk: Desk) -> Iterator[Finding]:
    lost = [d for d in desk.deliveries(state="damaged") if d["error_code"] == NO_COPY_LEFT]
    if lost:
        items = tuple(f"{d['video_id']} {d['filename']} on {d['target']}: {d['error']}" for d in lost)
        remedy = "Look in the remote's trash and in backups, and upload the same file again: that repairs it."
        yield wrong("copies", f"{len(lost)} damaged copies were the last ones of their videos.", remedy, items)


def _seems_idle(target: dict[str, Any]) -> bool:
    if target["state"] != "up" or not target["backlog"]["count"]:
        return False
    times = (target["oldest_waiting_at"], target["last_success_at"], target["last_error_at"])
    latest = max(datetime.fromisoformat(at) for at in times if at)
    return datetime.now(UTC) - latest > _IDLE_WORKER
