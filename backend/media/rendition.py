"""Makes a copy of a video that plays everywhere: copies the streams that may be copied, encodes the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import ffmpeg

from backend.errors import MediaError, ToolsMissing, Unreadable
from backend.media import encoding, verdict
from backend.media.copying import is_whole, may_copy_picture, may_copy_sound, tells_damage
from backend.media.encoding import Options, Size
from backend.media.facts import Facts
from backend.media.verdict import Seen
from backend.media.work import Work


@dataclass(frozen=True)
class Form:
    """A file format for playing, and how its streams are encoded."""

    suffix: str
    mime_type: str
    picture_codec: str
    sound_codec: str
    encode_picture: Callable[[Size, Fraction, float | None], Options]
    encode_sound: Callable[[Facts], Options]
    options: Options
    tells_turning: bool  # players turn what the file tells them to turn


MP4 = Form("mp4", "video/mp4", "h264", "aac", encoding.h264, encoding.aac, {"movflags": "+faststart"}, True)
# The index in front: a player can seek before it has the whole file.
WEBM = Form("webm", "video/webm", "vp9", "opus", encoding.vp9, encoding.opus, {"cues_to_front": 1}, False)


@dataclass(frozen=True)
class Way:
    """One way to come from a source to a form."""

    copy_picture: bool
    copy_sound: bool
    tone_map: bool = True


# 1080 lines of a picture that lies; as many columns of one that stands, as phones film.
_LONG_SIDE, _SHORT_SIDE = 1920, 1080
# The shares of a job in which what is to be copied is decoded for a check: with its picture, and only its sound.
_CHECKED, _HEARD = 0.5, 0.05
_LATE_SECONDS = 0.1
_DAMAGED = "This file is damaged, so its streams cannot be copied as they are."


def browser(work: Work) -> dict[str, Any]:
    """`browser.mp4`, or `browser.m4a` of a file without a picture."""
    facts = work.known()
    if not facts.has_video:
        return _sound_only(work, "browser.m4a")
    return film(work, "browser.mp4", MP4, encoding.size_within(facts, _LONG_SIDE, _SHORT_SIDE), copy_any_size=True)


def film(work: Work, name: str, form: Form, size: Size, *, copy_any_size: bool = False) -> dict[str, Any]:
    """Make `name`, in the first way that works. Raises a MediaError; Unreadable also when a part would be missing."""
    work = verdict.corrected(work)
    facts = work.known()
    source = verdict.look_at_source(work)
    failure: MediaError = Unreadable("Nothing was tried.")
    for way in ways(facts, form, size, copy_any_size=copy_any_size, sound_begins=_begin(source)):
        try:
            _make(work, name, form, size, way)
            made = verdict.look(work, work.workspace / name)
            verdict.check_codecs(made, facts, form.picture_codec, form.sound_codec, None if way.copy_picture else size)
            verdict.check_lengths(source, made, facts.duration_seconds)
            if way.copy_picture and made.picture:
                verdict.check_copy(made.picture, facts.fps)
        except (Unreadable, ToolsMissing) as error:
            # ToolsMissing is an ffmpeg built without zscale, too: plainly it works.
            failure = error
        else:
            width, height = encoding.shown(facts) if way.copy_picture else (size.width, size.height)
            return _result(work, name, form.mime_type) | {"width": width, "height": height}
    raise failure


def ways(facts: Facts, form: Form, size: Size, *, copy_any_size: bool, sound_begins: float = 0.0) -> Iterator[Way]:
    """The quickest first. What fails as a copy is encoded; what fails in tone-mapping is converted plainly."""
    fits = copy_any_size or (facts.width, facts.height) == (size.width, size.height)
    picture = fits and may_copy_picture(facts, form.picture_codec, turned=form.tells_turning)
    # Sound that begins late is encoded with silence before it: players do not agree about the other way to tell it.
    sound = may_copy_sound(facts, form.sound_codec) and abs(sound_begins) < _LATE_SECONDS
    if picture:
        yield Way(True, sound)
        yield Way(False, False)
    else:
        yield Way(False, sound)
    if facts.hdr:
        yield Way(False, False, tone_map=False)


def _make(work: Work, name: str, form: Form, size: Size, way: Way) -> None:
    """Raises Unreadable when streams that were to be copied are damaged and encoding them is another way."""
    begin = 0.0
    if way.copy_picture or way.copy_sound:
        begin = _CHECKED if way.copy_picture else _HEARD
        if not is_whole(work, picture=way.copy_picture, sound=way.copy_sound, share=(0, begin)):
            if way.copy_picture:
                raise Unreadable(_DAMAGED)
            way = replace(way, copy_sound=False)
    streams = ("V:0", "a:0") if work.known().has_audio else ("V:0",)
    said = _run(work, _options(work, form, size, way), streams, name, _bits(work, size), (begin, 1))
    if way.copy_picture and tells_damage(said):
        raise Unreadable(_DAMAGED)


def _options(work: Work, form: Form, size: Size, way: Way) -> Options:
    facts, rate = work.known(), encoding.frame_rate(work.known())
    sound = {"c:a": "copy"} if way.copy_sound else form.encode_sound(facts) if facts.has_audio else {}
    if way.copy_picture:
        return form.options | {"c:v": "copy"} | sound
    steps = encoding.as_text(encoding.picture_steps(facts, size, rate, tone_map=way.tone_map))
    return form.options | {"vf": steps} | form.encode_picture(size, rate, facts.duration_seconds) | sound


def _begin(source: Seen) -> float:
    return source.sound.begin if source.sound else 0.0


def _sound_only(work: Work, name: str) -> dict[str, Any]:
    facts = work.known()
    copied = may_copy_sound(facts, MP4.sound_codec) and is_whole(work, picture=False, sound=True, share=(0, _HEARD))
    options = MP4.options | ({"c:a": "copy"} if copied else encoding.aac(facts))
    _run(work, options, ("a:0",), name, encoding.SOUND_BITS, (0, 1))
    made = verdict.look(work, work.workspace / name)
    verdict.check_codecs(made, facts, "", MP4.sound_codec, None)
    verdict.check_lengths(verdict.look_at_source(work), made, facts.duration_seconds)
    return _result(work, name, "audio/mp4") | {"width": None, "height": None}


def _run(work: Work, options: Options, streams: Sequence[str], name: str, bits: int, share: tuple[float, float]) -> str:
    """Make `name` of these streams, of at most so many bits per second; what ffmpeg said."""
    facts = work.known()
    source = encoding.source(work.allowance)
    options = options | encoding.common(work.allowance) | encoding.only_time(facts)
    output = ffmpeg.output(*(source[stream] for stream in streams), name, **options)
    bounds = encoding.limits(work.allowance, encoding.output_bytes(facts, work.source.stat().st_size, bits))
    return work.ffmpeg(encoding.arguments(output), bounds, seconds=facts.duration_seconds, share=share)


def _bits(work: Work, size: Size) -> int:
    return encoding.most_bits(size, encoding.frame_rate(work.known())) + encoding.SOUND_BITS


def _result(work: Work, name: str, mime_type: str) -> dict[str, Any]:
    return {"file": name, "mime_type": mime_type, "size_bytes": (work.workspace / name).stat().st_size}
