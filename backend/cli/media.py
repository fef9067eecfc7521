"""`media`: pictures and copies in other forms: what is being made, what failed, once more, and conversions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress

import click

from backend.catalog import lookup
from backend.catalog.describe_media import describe_job
from backend.catalog.media_list import NOT_DONE, describe_listed, listed
from backend.catalog.models import JobState, MediaJob
from backend.catalog.videos import EVERYTHING
from backend.cli.opened import caller, opened
from backend.cli.terminal import Cell, Column, on_terminal, say, short_id, show_json, show_rows, time_cell
from backend.errors import Conflict, NotFound
from backend.media.conversion import FORMATS
from backend.media.publish import is_whole
from backend.services import Services

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_COLUMNS = (
    Column("job", "right", whole=True),
    Column("video", whole=True),
    Column("what", whole=True),
    Column("state", whole=True),
    Column("since", whole=True),
    Column("name"),
    Column("reason"),
)
_BROKEN = (JobState.FAILED, JobState.SET_ASIDE, JobState.CANCELLED)
_MOST = 1_000_000


@click.group()
def media() -> None:
    """Show and steer what is made from videos: pictures, playable copies, conversions."""


@media.command("list")
@click.option(
    "--state",
    type=click.Choice([str(state) for state in JobState]),
    help="in this state (default: all that are not done)",
)
@click.option("-n", "--limit", type=click.IntRange(1), default=200, show_default=True, help="at most so many")
@_AS_JSON
def list_jobs(state: str | None, limit: int, as_json: bool) -> None:
    """Show the jobs, the latest change first.

    A plain line holds: job, video, what it makes, state, last change, name, reason, progress, attempts.
    """
    with opened() as services, services.database.read() as session:
        found = listed(session, (state,) if state else NOT_DONE, EVERYTHING, limit)
        if as_json:
            show_json([describe_listed(job) for job in found])
        else:
            show_rows(_COLUMNS, map(_row, found), "No jobs." if state else "Everything is made.")


@media.command()
@click.argument("video", default="", metavar="[VIDEO")
@click.argument("job", type=int, required=False, metavar="[JOB]]")
@click.option("--all-failed", is_flag=True, help="all that failed, of every video; what was cancelled stays so")
@click.option("--missing", is_flag=True, help="all whose files are gone from the disk, of every video")
@_AS_JSON
def retry(video: str, job: int | None, all_failed: bool, missing: bool, as_json: bool) -> None:
    """Begin anew what failed, was cancelled or is missing.

    Everything of VIDEO, or only JOB of it, or of every video what failed or whose files are gone.
    """
    if bool(video) == (all_failed or missing):
        raise click.UsageError("Name a video (and a job, if you like), or say --all-failed, --missing or both.")
    with opened() as services:
        begun = []
        found = _of_one(services, video, job) if video else _failed(services) if all_failed else iter(())
        for video_id, job_id in found:
            # Of many, some may be retried or removed by somebody else meanwhile.
            with nullcontext() if video else suppress(Conflict, NotFound):
                begun.append(services.media.retry(video_id, job_id, EVERYTHING, caller().name))
        if missing:
            begun += services.missing.begin_each()
    if as_json:
        show_json([describe_job(one) for one in begun])
        return
    jobs = "job waits" if len(begun) == 1 else "jobs wait"
    say(f"{len(begun)} {jobs} for the worker now." if begun else "There is nothing to begin anew.")


@media.command()
@click.argument("video")
@click.argument("job", type=int)
@_AS_JSON
def cancel(video: str, job: int, as_json: bool) -> None:
    """End JOB of VIDEO; of a conversion that is made, remove what it made.

    The video itself, its pictures and the copy made for browsers are never touched.
    """
    with opened() as services:
        ended = services.media.cancel(_id(services, video), job, EVERYTHING, caller().name)
    became = "cancelled" if ended.state == JobState.CANCELLED else "removed"
    if as_json:
        show_json({"job": job, "became": became})
    else:
        say(f"{_what(ended)} is {became}.")


@media.command()
@click.argument("video")
@click.option("--format", "form", type=click.Choice(FORMATS), help="default: VIDEO_OUTPUT_FORMAT")
@click.option("--height", "heights", type=int, multiple=True, required=True, help="lines, such as 720; repeat for more")
@_AS_JSON
def convert(video: str, form: str | None, heights: tuple[int, ...], as_json: bool) -> None:
    """Make copies of VIDEO in another form or size.

    mp4 and webm: a file for each height. hls: one stream of all heights. The worker makes them; `info` shows them.
    """
    with opened() as services:
        asked = services.media.convert(_id(services, video), EVERYTHING, caller().name, form, heights)
    if as_json:
        show_json([describe_job(job) for job in asked])
        return
    for job in asked:
        say(f"{_what(job)}: {'is made already' if job.state == JobState.DONE else job.state} (job {job.id}).")


def _id(services: Services, word: str) -> str:
    with services.database.read() as session:
        return lookup.one(session, word).id


def _failed(services: Services) -> Iterator[tuple[str, int]]:
    with services.database.read() as session:
        found = listed(session, (JobState.FAILED, JobState.SET_ASIDE), EVERYTHING, _MOST)
    yield from ((job.video_id, job.id) for job in found)


def _of_one(services: Services, word: str, job_id: int | None) -> Iterator[tuple[str, int]]:
    with services.database.read() as session:
        video = lookup.one(session, word)
    if job_id is not None:
        yield video.id, job_id
        return
    if not video.media_jobs:
        raise Conflict("Nothing was planned for this video yet: the worker does that by itself.")
    for job in video.media_jobs:
        lost = job.state == JobState.DONE and not is_whole(services.layout, video.relative_path, job)
        if job.state in _BROKEN or lost:
            yield video.id, job.id


def _row(job: MediaJob) -> list[Cell | str]:
    moving = job.state == JobState.RUNNING
    row: list[Cell | str] = [
        str(job.id),
        short_id(job.video_id),
        _what(job),
        Cell(job.state, f"{100 * job.progress:.0f} %" if moving else job.state),
        time_cell(job.updated_at),
        job.video.original_filename,
        job.error,
    ]
    return row if on_terminal() else [*row, f"{job.progress:.3f}", str(job.attempts)]


def _what(job: MediaJob) -> str:
    return f"{job.kind} {job.parameters}".strip()
