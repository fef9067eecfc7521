"""The picture that stands where a video has none, as SVG: a glyph and a few fixed words. Pure.

Nothing in it comes from people, it has no script, and its greys suit light and dark ground alike.
"""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """Why there is no picture; told in the header X-Holdfast-Placeholder too."""

    PROCESSING = "processing"
    NO_TOOLS = "no-media-tools"
    UNPLAYABLE = "unplayable"
    NONE = "none"


WORDS = {
    Why.PROCESSING: "Being prepared",
    Why.NO_TOOLS: "No ffmpeg on the server",
    Why.UNPLAYABLE: "Cannot be played",
    Why.NONE: "No picture",
}
# The style sheet in it needs to be allowed where it is opened by itself. Nothing else is.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

# A strip of film, and a waveform: each in a field of 64 by 48 around the middle.
_FILM = (
    '<rect x="-32" y="-24" width="64" height="48" rx="6"/>'
    '<path d="M-20-24v48M20-24v48M-32-12h12M-32 0h12M-32 12h12M20-12h12M20 0h12M20 12h12"/>'
)
_SOUND = '<path d="M-30-4v8M-20-12v24M-10-20v40M0-9v18M10-16v32M20-10v20M30-4v8"/>'
_UNBROKEN, _BROKEN = "", '<path d="M-36 30 36-30"/>'

_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" width="320" height="180" role="img">
<title>{words}</title>
<style>
text {{ fill: #545c63 }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #b4bcc3 }} }}
</style>
<rect width="320" height="180" fill="#7d868e" fill-opacity=".16"/>
<g transform="translate(160 78)" fill="none" stroke="#7d868e" stroke-width="3" stroke-linecap="round" \
stroke-linejoin="round">{glyph}</g>
<text x="160" y="138" text-anchor="middle" font-family="system-ui, sans-serif" font-size="15">{words}</text>
</svg>
"""


def picture(why: Why, *, sound: bool) -> str:
    """The SVG text. `sound`: of a file that has nothing to see."""
    glyph = (_SOUND if sound else _FILM) + (_BROKEN if why is Why.UNPLAYABLE else _UNBROKEN)
    return _PICTURE.format(words=WORDS[why], glyph=glyph)
