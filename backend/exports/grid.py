"""All cameras in one picture, side by side on one line of time, each with its name; words where one has nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from backend.catalog.gaps import Stretch
from backend.confine import Chapter, Chapters, Inputs
from backend.exports import card, encode
from backend.exports.camera import Seen, findings, make_films
from backend.exports.chapters import title
from backend.exports.encode import CLOCK, SOUND_RATE, Film, Target
from backend.exports.findings import Made, MadeFile
from backend.exports.proof import prove
from backend.exports.slates import with_slates
from backend.exports.takes import Wanted, microseconds
from backend.exports.wish import Wish
from backend.exports.work import ExportWork

_WHY = "All cameras are shown in one picture."
_WIDTH, _HEIGHT = 1920, 1080
_LABEL_SHARE = 12  # of a cell's height
_HIGHEST_RATE = Fraction(30)
# They are encoded once more, so the first time costs little quality.
_FINE = 14
_MILLION = 1_000_000


@dataclass(frozen=True)
class Cells:
    """Places of equal size, row by row. A label stands above each picture."""

    columns: int
    rows: int
    width: int
    height: int  # of the picture, without the label
    label: int

    @property
    def whole(self) -> tuple[int, int]:
        return self.columns * self.width, self.rows * (self.height + self.label)

    def place(self, number: int) -> tuple[int, int]:
        """Left and top of the label."""
        return number % self.columns * self.width, number // self.columns * (self.height + self.label)


def cells(count: int, target: Target) -> Cells:
    """For so many cameras, whose pictures are at most as large as the target; all together no larger than Full HD."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    factor = min(Fraction(1), Fraction(_WIDTH, columns * target.width), Fraction(_HEIGHT, rows * target.height))
    width, height = (max(2, int(length * factor) // 2 * 2) for length in (target.width, target.height))
    return Cells(columns, rows, width, height, max(16, height // _LABEL_SHARE // 2 * 2))


def make_grid(seen: Sequence[Seen], wish: Wish, work: ExportWork) -> Made:
    """One file. Raises Undecodable or a MediaError."""
    wanteds = [one.wanted(wish.bounds) for one in seen]
    largest = encode.target_of([take.source for wanted in wanteds for take in wanted.takes])
    places = cells(len(seen), largest)
    films: list[list[Film]] = []
    with_sound = [any(take.source.shape.sound for take in wanted.takes) for wanted in wanteds]
    for number, (one, wanted) in enumerate(zip(seen, wanteds, strict=True)):
        target = Target(places.width, places.height, with_sound[number], largest.rate, _FINE)
        part = work.part(0.7 * number / len(seen), 0.7 * (number + 1) / len(seen))
        films.append(make_films(with_slates(wanted, wish.bounds), target, one.camera_id, part))
    name = f"grid.{wish.format}"
    rate = min(_HIGHEST_RATE, largest.rate.limit_denominator(1001))
    _combine(films, with_sound, places, rate, wanteds, wish, name, work.part(0.7, 0.97))
    for film in (film for row in films for film in row):
        film.path.unlink(missing_ok=True)
    work.tell(0.97, "checking")
    count = frames_in(microseconds(wish.bounds.end - wish.bounds.start), rate)
    times = [round(number / rate * _MILLION) for number in range(count)]
    digest = prove(work.workspace / name, times, sound=any(with_sound), work=work)
    told = [
        findings(one, wanted.takes, wanted.gaps, wish.bounds, _WHY) for one, wanted in zip(seen, wanteds, strict=True)
    ]
    return Made((MadeFile(work.workspace / name, name, None, digest),), tuple(told))


def _combine(
    films: Sequence[Sequence[Film]], with_sound: Sequence[bool], places: Cells, rate: Fraction,
    wanteds: Sequence[Wanted], wish: Wish, name: str, work: ExportWork,
) -> None:  # fmt: skip
    length_us = microseconds(wish.bounds.end - wish.bounds.start)
    width, height = places.whole
    labels = [
        (wish.name_of(camera_id), (*places.place(number), places.width, places.label))
        for number, camera_id in enumerate(wish.camera_ids)
    ]
    inputs: Inputs = {
        "SOURCE_CANVAS": card.labelled(width, height, labels),
        **{f"SOURCE_CAMERA{number}": encode.followed(row) for number, row in enumerate(films)},
        "SOURCE_CHAPTERS": _chapters(wanteds, wish),
    }
    target = Target(width, height, any(with_sound), rate)
    arguments = [word for token in inputs for word in ("-i", token)]
    arguments += ["-filter_complex", _graph(places, with_sound, rate, length_us), "-map", "[picture]"]
    if target.sound:
        arguments += ["-map", "[sound]", "-c:a", "aac", "-b:a", "128000"]
    arguments += encode.pictures(target, work)
    arguments += ["-map_metadata", str(len(films) + 1), "-map_chapters", str(len(films) + 1)]
    arguments += ["-avoid_negative_ts", "disabled", "-metadata", f"creation_time={wish.bounds.start.isoformat()}"]
    arguments += ["-video_track_timescale", str(CLOCK)] if wish.format == "mp4" else []
    arguments += [*(["-movflags", "+faststart"] if wish.format == "mp4" else []), name]
    seconds = length_us / _MILLION
    most = 2 * encode.room(target, seconds)
    work.ffmpeg(arguments, inputs, seconds=seconds, phase="putting side by side", output_bytes=most)


def frames_in(length_us: int, rate: Fraction) -> int:
    return math.ceil(Fraction(length_us, _MILLION) * rate)


def _graph(places: Cells, with_sound: Sequence[bool], rate: Fraction, length_us: int) -> str:
    frames = frames_in(length_us, rate)
    # Pictures of one frame a second have a clock of whole seconds.
    clock = f"settb=1/{CLOCK},setpts=round(N*{CLOCK}*{rate.denominator}/{rate.numerator})"
    graph = [f"[0:v]loop=loop=-1:size=1:start=0,trim=end_frame={frames},{clock},fps={rate},format=yuv420p[on0]"]
    for number in range(len(with_sound)):
        left, top = places.place(number)
        graph.append(f"[{number + 1}:v]fps={rate}:start_time=0:round=near,settb=1/{CLOCK}[camera{number}]")
        after = "picture" if number + 1 == len(with_sound) else f"on{number + 1}"
        graph.append(
            f"[on{number}][camera{number}]overlay=x={left}:y={top + places.label}:eof_action=repeat:format=yuv420"
            f"[{after}]"
        )
    heard = [number for number, sound in enumerate(with_sound) if sound]
    if heard:
        count = encode.samples(length_us)
        inputs = "".join(f"[{number + 1}:a]" for number in heard)
        graph.append(
            f"{inputs}amix=inputs={len(heard)}:duration=longest:dropout_transition=0:normalize=0"
            f",aresample={SOUND_RATE}:async=1:first_pts=0,atrim=end_sample={count}[sound]"
        )
    return ";".join(graph)


def _chapters(wanteds: Sequence[Wanted], wish: Wish) -> Chapters:
    """A new one wherever a camera's recording begins or ends."""
    asked = wish.bounds
    edges = {asked.start, asked.end}
    for wanted in wanteds:
        edges |= {instant for gap in wanted.gaps for instant in gap if asked.start < instant < asked.end}
    marks, found = sorted(edges), []
    for start, end in itertools.pairwise(marks):
        stretch = Stretch(start, end)
        absent = [
            wish.name_of(camera_id)
            for camera_id, wanted in zip(wish.camera_ids, wanteds, strict=True)
            if any(gap.start <= start and end <= gap.end for gap in wanted.gaps)
        ]
        words = f" (no recording: {', '.join(absent)})" if absent else ""
        at = microseconds(start - asked.start)
        found.append(Chapter(at, at + microseconds(end - start), title(stretch) + words))
    return Chapters(tuple(found))
