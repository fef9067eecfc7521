"""What can be made from a video: each kind with its maker, its lane, how urgent it is, and where its files go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.catalog.media import BROWSER, CONVERT, FINGERPRINT, LONG, PICTURES, PREVIEW, PROBE, SHORT, Planned
from backend.disk.layout import Layout
from backend.media.conversion import convert
from backend.media.facts import Facts
from backend.media.fingerprint import fingerprint
from backend.media.pictures import pictures
from backend.media.preview import preview
from backend.media.probe import probe
from backend.media.rendition import browser
from backend.media.work import Maker

# Of less, a moving preview shows no more than the thumbnail.
_SHORTEST_PREVIEW_SECONDS = 0.5
# The urgency of what is made up for.
LATER = 9


@dataclass(frozen=True)
class Kind:
    make: Maker
    lane: str
    urgency: int
    folder: Callable[[Layout, str], Path]

    def planned(self, name: str, parameters: str = "") -> Planned:
        return Planned(name, self.lane, self.urgency, parameters)


# What people wait for comes first: a list without pictures is worse than one without moving previews.
KINDS: dict[str, Kind] = {
    PROBE: Kind(probe, SHORT, 0, Layout.pictures_of),
    PICTURES: Kind(pictures, SHORT, 1, Layout.pictures_of),
    BROWSER: Kind(browser, LONG, 0, Layout.renditions_of),
    CONVERT: Kind(convert, LONG, 1, Layout.renditions_of),
    PREVIEW: Kind(preview, LONG, 2, Layout.pictures_of),
    # Nobody waits for it: behind all the others of its lane, and never in the lane of the pictures.
    FINGERPRINT: Kind(fingerprint, LONG, 3, Layout.pictures_of),
}


def first() -> list[Planned]:
    """What is made from every video before anything is known of it."""
    return [KINDS[PROBE].planned(PROBE)]


def after_probe(result: dict[str, Any], *, is_segment: bool = False) -> list[Planned]:
    """What else a video needs, by its facts. Cameras record day and night: of a segment, its pictures only; a copy that
    plays everywhere is made when somebody asks for one."""
    facts = Facts.from_json(result)
    wanted = [PICTURES]
    if is_segment:
        return [KINDS[name].planned(name) for name in wanted]
    if not facts.browser_plays:
        wanted.append(BROWSER)
    if facts.has_video and _moves(facts):
        wanted += [PREVIEW, FINGERPRINT]
    return [KINDS[name].planned(name) for name in wanted]


def _moves(facts: Facts) -> bool:
    """Whether there is something to preview: a single frame tells neither a length nor a rate."""
    if facts.duration_seconds is None:
        return facts.fps is not None
    return facts.duration_seconds >= _SHORTEST_PREVIEW_SECONDS


def missed_fingerprint(result: dict[str, Any]) -> Planned | None:
    """For a video that was here before there were fingerprints: behind those of new ones. None when it has none."""
    planned = KINDS[FINGERPRINT].planned(FINGERPRINT)
    return replace(planned, urgency=LATER) if planned in after_probe(result) else None


def planned_conversion(parameters: str) -> Planned:
    return KINDS[CONVERT].planned(CONVERT, parameters)
