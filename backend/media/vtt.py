"""The WebVTT text that tells a player which part of which storyboard sheet belongs to which seconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def storyboard_vtt(storyboard: Mapping[str, Any], duration_seconds: float | None) -> str:
    """One cue per tile, in the order of time. `storyboard` as pictures.py made it.

    The last ends at the duration; of a file that was cut off, where its tiles end: nothing is shown for what is absent.
    A cue's text is `storyboard/{sheet}.jpg#xywh=x,y,width,height`, relative to the address of this text.
    """
    count, interval = int(storyboard["count"]), float(storyboard["interval_seconds"])
    end = count * interval
    if duration_seconds and abs(duration_seconds - end) <= interval:
        end = max(duration_seconds, (count - 1) * interval + 0.001)
    cues = []
    for number in range(count):
        until = end if number == count - 1 else (number + 1) * interval
        cues.append(f"{_time(number * interval)} --> {_time(until)}\n{_place(storyboard, number)}\n")
    return "WEBVTT\n\n" + "\n".join(cues)


def _place(storyboard: Mapping[str, Any], number: int) -> str:
    columns, width, height = storyboard["columns"], storyboard["tile_width"], storyboard["tile_height"]
    sheet, cell = divmod(number, columns * storyboard["rows"])
    row, column = divmod(cell, columns)
    return f"storyboard/{sheet}.jpg#xywh={column * width},{row * height},{width},{height}"


def _time(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"
