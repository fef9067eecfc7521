"""The report of the storage: what is kept where and since when, and how much of it is safe. From the kept counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.catalog.counts import LISTED, sums
from backend.catalog.safety import Safe, safety
from backend.catalog.stats import Amount, amount, amounts, copies, physical_bytes
from backend.catalog.videos import Scope


@dataclass(frozen=True)
class Report:
    """`by_state` knows the trash too; all else is of listed videos. `over_time`: by the day (UTC) of saving."""

    videos: Amount
    physical_bytes: int
    by_project: dict[str, Amount]
    by_label: dict[str, Amount]
    by_state: dict[str, Amount]
    by_target: dict[str, dict[str, Amount]]
    over_time: dict[str, Amount]
    safe: Safe


def report(
    session: Session,
    scope: Scope,
    required: Collection[str] = (),
    passing: Collection[str] = (),
    of_recordings: Collection[str] = (),
) -> Report:
    """`required`: the targets that must have each video; `of_recordings`: each recording alone. `passing`: those that
    let go of their copies."""
    every = sums(session, "label", scope, ("name", "state"))
    labels = [s for s in every if s.key[1] in LISTED]
    days = sums(session, "day", scope, ("name",), LISTED)
    videos = amount(labels)
    return Report(
        videos=videos,
        physical_bytes=physical_bytes(session, scope),
        by_project=amounts(sums(session, "label", scope, ("project_id",), LISTED)),
        by_label=amounts(labels),
        by_state=amounts(every, part=1),
        by_target=copies(session, scope),
        over_time={s.key[0]: Amount(s.count, s.bytes) for s in sorted(days, key=lambda s: s.key)},
        safe=safety(session, scope, videos.count, required, passing, of_recordings),
    )
