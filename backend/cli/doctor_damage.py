"""What `doctor` tells of files here that are not what was saved, and of the scrub that looks for them."""

from __future__ import annotations

from collections.abc import Iterator

from backend.catalog import damages, scrubs
from backend.catalog.database import Database
from backend.catalog.models import Damage
from backend.catalog.videos import EVERYTHING
from backend.cli.findings import Finding, notice, well, wrong
from backend.outbox.clock import instant
from backend.settings import Settings

_MOST = 1000
# A file that waits so many times longer than it should says that the scrub cannot keep up.
_TOO_LATE = 2


def damage(settings: Settings, database: Database) -> Iterator[Finding]:
    with database.read() as session:
        found = [(d.no_copy, _item(d)) for d in damages.listed(session, EVERYTHING, _MOST)]
        oldest = scrubs.figures(session, None, EVERYTHING).oldest_check_at
        now = instant(session)
        halted = {run.name: run.halted for run in scrubs.runs(session).values() if run.halted}
    hopeless, others = [item for no_copy, item in found if no_copy], [item for no_copy, item in found if not no_copy]
    if hopeless:
        says = f"{_files(hopeless)} here not what was saved, and there is no good copy anywhere."
        remedy = "Send the same file again if anybody has it. What is left of it stays where it is, and is not served."
        yield wrong("integrity", says, remedy, tuple(hopeless))
    if others:
        says = f"{_files(others)} here not what was saved, and not repaired yet."
        yield wrong("integrity", says, "It is tried again by itself; now: video_manager scrub.", tuple(others))
    for name, reason in halted.items():
        yield wrong("integrity", f"The last scrub ({name}) ended early: {reason}", "Look at that disk.")
    if not settings.scrub_days:
        yield notice("integrity", "Files here are never read again: SCRUB_DAYS is 0.", "Set it, or run scrub yourself.")
    elif oldest is not None and (now - oldest).days > _TOO_LATE * settings.scrub_days:
        says = f"The file that waits longest was last read {(now - oldest).days} days ago; SCRUB_DAYS is "
        remedy = "Is the worker running? Else give it more: SCRUB_MIB_PER_SECOND, or video_manager scrub --for 8h."
        yield notice("integrity", f"{says}{settings.scrub_days:g}.", remedy)
    if not found:
        yield well("integrity", "Nothing here is known to be damaged.")


def _files(items: list[str]) -> str:
    return "1 file is" if len(items) == 1 else f"{len(items)} files are"


def _item(damage: Damage) -> str:
    return f"{damage.video_id} {damage.video.original_filename}: {damage.reason}"
