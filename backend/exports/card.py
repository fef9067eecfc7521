"""Pictures with words: for times without a recording, and for the names of cameras beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from backend.catalog.gaps import Stretch
from backend.confine import Picture
from backend.exports.takes import iso

_GREY, _BLACK = 200, 0
_LEAST_HEIGHT = 8
_LINE = 1.4  # of the height of letters


def no_recording(gap: Stretch, width: int, height: int) -> Picture:
    """Black, with the words and the bounds of the gap."""
    image = Image.new("L", (width, height), _BLACK)
    _write(image, ["No recording", iso(gap.start), iso(gap.end)], (0, 0, width, height))
    return Picture(width, height, image.tobytes())


def labelled(width: int, height: int, labels: Sequence[tuple[str, tuple[int, int, int, int]]]) -> Picture:
    """Black, with each label in its box (left, top, width, height)."""
    image = Image.new("L", (width, height), _BLACK)
    for words, box in labels:
        _write(image, [words], box)
    return Picture(width, height, image.tobytes())


def _write(image: Image.Image, lines: Sequence[str], box: tuple[int, int, int, int]) -> None:
    """In the middle of the box, as large as fits, without leaving it."""
    left, top, width, height = box
    draw = ImageDraw.Draw(image)
    size = max(_LEAST_HEIGHT, min(height // 8 if len(lines) > 1 else round(height * 0.7), 64))
    font = ImageFont.load_default(size)
    while size > _LEAST_HEIGHT and max(draw.textlength(line, font) for line in lines) > width * 0.95:
        size -= 1
        font = ImageFont.load_default(size)
    at = top + (height - len(lines) * size * _LINE) / 2
    for line in lines:
        across = max(0.0, (width - draw.textlength(line, font)) / 2)
        draw.text((left + across, at), line, fill=_GREY, font=font)
        at += size * _LINE
