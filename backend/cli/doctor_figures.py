"""What `doctor` asks of what follows from the rows: the kept counts, and the words that videos are found by."""

from __future__ import annotations

from collections.abc import Iterator

from backend.catalog import recount, search
from backend.catalog.database import Database
from backend.cli.findings import Finding, well, wrong

_REMEDY = "video_manager doctor --fix counts and writes them anew; the videos are not touched."


def figures(database: Database) -> Iterator[Finding]:
    """Everything is counted anew and compared; every video's words are made anew and compared."""
    different = recount.differences(database)
    if different:
        items = tuple(
            f"{kind} {name or '(all)'}{f' {state}' if state else ''}, {project_id or 'all projects'}:"
            f" {kept[0]} videos and {kept[1]} bytes are kept, {true[0]} and {true[1]} are true"
            for (kind, project_id, name, state), (kept, true) in different.items()
        )
        yield wrong("figures", f"{len(different)} of the counts that are kept are not true.", _REMEDY, items)
    else:
        yield well("figures", "Counted anew, and the same.")
    with database.read() as session:
        lost = search.unfindable(session)
    if lost:
        says = f"{len(lost)}{' or more' if len(lost) == search.MOST_TOLD else ''} videos are not found by their words."
        yield wrong("search", says, _REMEDY, tuple(lost))
    elif problem := search.index_trouble(database):
        yield wrong("search", f"The index of words is damaged: {problem}.", _REMEDY)
    else:
        yield well("search", "Every video is found by its words.")


def mend_figures(database: Database) -> None:
    """What `--fix` does about them."""
    if recount.differences(database):
        recount.mend(database)
    search.mend(database)
