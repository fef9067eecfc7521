"""`upload` and `import`: local files through the same intake as every other door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from backend.cli.batch import Batch, bar
from backend.cli.local_folder import FolderImport, OldNames, files_below, is_within
from backend.cli.main import CallersPath
from backend.cli.opened import caller, opened
from backend.errors import Refused
from backend.intake.checks import Facts, read_facts
from backend.intake.local_file import Way, take_in
from backend.outbox.enqueue import choose_targets
from backend.services import Services

Function = TypeVar("Function", bound=Callable[..., Any])


def fields(command: Function) -> Function:
    """The options of both commands: the form fields of the HTTP doors under handier names."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="for programs: an array, a file on each line"),
        click.option("--metadata", default="", help='a JSON object of your own fields: {"take": 3}'),
        click.option("--end-time", default="", help="end of the recording: 2026-01-31T13:00:00Z"),
        click.option("--start-time", default="", help="begin of the recording: 2026-01-31T12:00:00Z"),
        click.option("--camera-id", default="", help="camera of the recording"),
        click.option("--ttl-hours", default="", help="expires after so many hours"),
        click.option("--source", default="", help="where it comes from"),
        click.option("--target", "targets", multiple=True, help="copy to this target (again for more; else by rule)"),
        click.option("--tag", "tags", multiple=True, help="a tag (again for more)"),
        click.option("--description", default="", help="what it shows"),
        click.option("--title", default="", help="title"),
        click.option("--label", "content_type", default="", help="label such as Tutorial (content_type)"),
        click.option("--project", "project_id", default="", help="project [default: default]"),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("files", nargs=-1, required=True, type=CallersPath(), metavar="FILE...")
@fields
@click.option("--sha256", default="", help="refuse the file unless it has this digest (with one FILE)")
def upload(files: tuple[Path, ...], as_json: bool, **given: Any) -> int:
    """Save local files as videos.

    Each is durable when its id and digest are told. The files stay as they are. A plain line holds: saved, id,
    digest, file.
    """
    if given["sha256"] and len(files) > 1:
        raise click.UsageError("--sha256 belongs to one file.")
    with opened(make=True) as services:
        facts = _facts(services, given)
        batch = Batch(services, as_json)
        with bar(sum(map(_size, files)), as_json=as_json) as advance:
            for number, path in enumerate(files):
                if batch.hopeless:
                    return batch.end(len(files) - number)
                moved = partial(advance, path.name)
                way = Way(caller(), "cli-upload")
                batch.take(path, partial(take_in, services.intake, path, facts, way, moved))
        return batch.end(0)


@click.command("import")
@click.argument("folder", type=CallersPath(), metavar="DIR")
@fields
@click.option("--zone", default="", help="time zone of dates in names, such as Europe/Berlin [default: this machine's]")
@click.option("--plain-names", is_flag=True, help="read no dates and labels from names")
def import_folder(folder: Path, as_json: bool, zone: str, plain_names: bool, **given: Any) -> int:
    """Save every video file below DIR, such as an old uploaded_videos/.

    Again is fine: what its project holds already, by digest, is skipped, once the bytes here were read and found
    good. A name such as 20241112_143052_Tutorial_video.mp4 gives the date it was saved (a local time, see --zone),
    its label (unless --label) and the name video.mp4; other names stay as they are. The path below DIR, the file's
    own time and the moment of the import become the custom fields imported_path, modified_at and imported_at. Links,
    hidden, unfinished and other types of file are passed over with a sentence; nothing in DIR changes.

    Rules of age (retention.toml) count from the dates in the names: `cleanup --rules` shows what they would do.

    A plain line holds: saved or skipped, id, digest, file, reason.
    """
    with opened(make=True) as services:
        if not folder.is_dir():
            raise Refused(f"'{folder}' is not a folder.")
        if is_within(folder, services.layout.root):
            raise Refused(f"'{folder}' belongs to the storage of this server: `video_manager rebuild` lists it again.")
        batch = Batch(services, as_json)
        names = OldNames(not plain_names, _zone(zone))
        work = FolderImport(services, folder, _facts(services, given), caller(), batch, names)
        found = list(files_below(folder, services.layout.root))
        with bar(sum(entry.size_bytes for entry in found), as_json=as_json) as advance:
            for number, entry in enumerate(found):
                if batch.hopeless:
                    return batch.end(len(found) - number)
                work.take(entry, partial(advance, entry.path.name))
        return batch.end(0)


def _facts(services: Services, given: Mapping[str, Any]) -> Facts:
    """The fields, checked as every door checks them, before a byte is read."""
    texts: dict[str, Sequence[str]] = {
        name: [value] if isinstance(value, str) else value for name, value in given.items() if value
    }
    facts = read_facts(texts, datetime.now(UTC))
    choose_targets(
        services.places, facts.targets, facts.project_id, facts.content_type, is_recording=facts.is_recording
    )
    return facts


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"--zone {name}: there is no such time zone; name one such as Europe/Berlin.") from None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        # It is told when its turn comes.
        return 0
