"""Makes the file of one camera: copied where that can be, else encoded; and tells what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backend.catalog.gaps import Stretch
from backend.errors import MediaStopped, OverLimit, ToolsMissing, Unreadable
from backend.exports import card, cut, encode
from backend.exports.chapters import chapters_of
from backend.exports.findings import CameraFindings, Used
from backend.exports.proof import Unproved, expected, prove
from backend.exports.seams import NoSeam, seamed
from backend.exports.shape import why_not_copied
from backend.exports.slates import Item, chapters_with_slates, layout_of, with_slates, without_slates
from backend.exports.sources import Source, problem
from backend.exports.takes import Take, Wanted, layout, stretches, wanted, what_lacks
from backend.exports.wish import Problem, Wish
from backend.exports.work import ExportWork


@dataclass(frozen=True)
class Seen:
    """What there is of one camera, after a look at it."""

    camera_id: str
    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]

    def wanted(self, asked: Stretch) -> Wanted:
        return wanted(self.sources, asked)

    def without(self, source: Source, words: str) -> Seen:
        """When it turned out that one cannot be decoded."""
        one = problem(source.recording, "corrupt", source.recording.bounds, words)
        left = tuple(other for other in self.sources if other is not source)
        return replace(self, sources=left, problems=(*self.problems, one))


@dataclass(frozen=True)
class Result:
    path: Path
    sha256: str
    findings: CameraFindings


class Undecodable(Exception):
    """A source that told of frames and did not give them."""

    def __init__(self, source: Source, words: str) -> None:
        super().__init__(words)
        self.source, self.words = source, words


def make_file(seen: Seen, wish: Wish, name: str, work: ExportWork) -> Result:
    """`name`, of a camera that has footage. Raises Undecodable or a MediaError."""
    found = seen.wanted(wish.bounds)
    why = "It was asked for to the frame." if wish.cut == "exact" else why_not_copied_all(found.takes, wish)
    if not why:
        try:
            return _copied(seen, found, wish, name, work)
        except NoSeam as error:
            why = str(error)
        except (MediaStopped, ToolsMissing, OverLimit):
            raise
        except (Unreadable, Unproved) as error:
            why = f"Copied, it would not be what was promised: {error.message}"
        (work.workspace / name).unlink(missing_ok=True)
    return _encoded(seen, found, wish, name, work, why)


def why_not_copied_all(takes: Sequence[Take], wish: Wish) -> str:
    """In words; "" when nothing speaks against it."""
    hidden = next((take.source for take in takes if take.source.listing.hidden), None)
    if hidden is not None:
        return f"{hidden.recording.filename} holds frames that it does not show."
    return why_not_copied([take.source.shape for take in takes], wish.format)


def _copied(seen: Seen, found: Wanted, wish: Wish, name: str, work: ExportWork) -> Result:
    takes = seamed(found.takes)
    placed = layout(takes)
    cut.copy(takes, placed, chapters_of(takes, placed), wish.format, name, work.part(0, 0.8))
    work.tell(0.8, "checking")
    sound = takes[0].source.shape.sound is not None
    digest = prove(work.workspace / name, expected(takes, placed), sound=sound, work=work.part(0.8, 1))
    told = findings(seen, takes, what_lacks(takes, wish.bounds), wish.bounds, "")
    return Result(work.workspace / name, digest, told)


def _encoded(seen: Seen, found: Wanted, wish: Wish, name: str, work: ExportWork, why: str) -> Result:
    items = with_slates(found, wish.bounds) if wish.slate else without_slates(found.takes, layout(found.takes))
    placed = layout_of(items, found.takes, wish.bounds, slate=wish.slate)
    target = encode.target_of([take.source for take in found.takes])
    films = make_films(items, target, name, work.part(0, 0.9))
    chapters = chapters_with_slates(items) if wish.slate else chapters_of(found.takes, placed)
    times = times_with_slates(items) if wish.slate else expected(found.takes, placed)
    encode.join(films, found.takes, chapters, target, wish.format, name, times, work.part(0.9, 0.97))
    work.tell(0.97, "checking")
    digest = prove(work.workspace / name, times, sound=target.sound, work=work)
    return Result(work.workspace / name, digest, findings(seen, found.takes, found.gaps, wish.bounds, why))


def make_films(items: Sequence[Item], target: encode.Target, name: str, work: ExportWork) -> list[encode.Film]:
    """One for each item, in the workspace. Raises Undecodable, or a MediaError."""
    total, done, films = max(1, sum(item.length_us for item in items)), 0, []
    for number, item in enumerate(items):
        part = work.part(done / total, (done + item.length_us) / total)
        done += item.length_us
        file = f"{name}.{number:05}.mov"
        if isinstance(item.what, Stretch):
            picture = card.no_recording(item.what, target.width, target.height)
            films.append(encode.slate(picture, target, file, item.length_us, part))
            continue
        source = item.what.source
        try:
            films.append(encode.film(item.what, target, file, item.length_us, late_us=item.late_us, work=part))
        except (Unreadable, Unproved) as error:
            raise Undecodable(source, f"It could not be decoded as it should: {error.message}") from error
    return films


def times_with_slates(items: Sequence[Item]) -> list[int]:
    """Of each frame, in microseconds; a slate has one each second."""
    found: list[int] = []
    for item in items:
        if isinstance(item.what, Stretch):
            found += range(item.start_us, item.start_us + max(1, item.length_us), 1_000_000)
            continue
        take = item.what
        first = item.start_us + item.late_us
        times = [first + round((pts - take.first) * take.source.tick * 1_000_000) for pts in _frames(take)]
        found += [item.start_us, *times[1:]]
    return found


def _frames(take: Take) -> list[int]:
    return take.source.listing.between(take.first, take.end)


def findings(
    seen: Seen, takes: Sequence[Take], gaps: Sequence[Stretch], asked: Stretch, why_encoded: str
) -> CameraFindings:
    given = Stretch(takes[0].bounds.start, takes[-1].bounds.end) if takes else None
    used = [Used(take.source.recording.segment_id, take.bounds) for take in takes]
    return CameraFindings(
        camera_id=seen.camera_id,
        asked=asked,
        given=given,
        stretches=tuple(stretches(takes)),
        gaps=tuple(gaps),
        problems=seen.problems,
        sources=tuple(used),
        encoded=bool(why_encoded),
        why_encoded=why_encoded,
    )
