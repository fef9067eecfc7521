"""Grey films of scenes with things that move, each seed its own: for telling what looks alike from what does not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.services.process import find_program

WIDTH, HEIGHT = 320, 180
_RATE = 8
_SCENE_SECONDS = 4.0
_TILE = 40


def frames(seed: int, seconds: float, rate: int = _RATE) -> Iterator[NDArray[np.uint8]]:
    """Every four seconds another scene: a ground of soft patches that is panned over, five discs that drift, noise."""
    chance = np.random.default_rng(seed)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    each = round(_SCENE_SECONDS * rate)
    for number in range(round(seconds * rate)):
        if number % each == 0:
            ground, pan = _ground(chance), chance.uniform(-12, 12, 2)
            discs = chance.uniform((0, 0, -25, -25, 10, 0), (WIDTH, HEIGHT, 25, 25, 45, 255), (5, 6))
        at = number % each / rate
        top, left = (int(50 + pan[0] * at), int(80 + pan[1] * at))
        frame = ground[top : top + HEIGHT, left : left + WIDTH].copy()
        for x, y, by_x, by_y, radius, light in discs:
            frame[(across - x - by_x * at) ** 2 + (down - y - by_y * at) ** 2 < radius**2] = light
        frame += chance.normal(0, 3, frame.shape).astype(np.float32)
        yield np.clip(frame, 0, 255).astype(np.uint8)


def _ground(chance: np.random.Generator) -> NDArray[np.float32]:
    patches = chance.uniform(0, 255, (8, 13)).astype(np.float32)
    ground: NDArray[np.float32] = np.kron(patches, np.ones((_TILE, _TILE), np.float32))
    for axis in (0, 1):
        # A moving mean: each patch fades into the next.
        sums = np.cumsum(np.concatenate([ground, ground.take(range(_TILE), axis)], axis), axis, dtype=np.float64)
        behind, ahead = (sums.take(range(start, start + ground.shape[axis]), axis) for start in (0, _TILE))
        ground = ((ahead - behind) / _TILE).astype(np.float32)
    return ground


def film(path: Path, *seeds: int, seconds: float = 8, rate: int = _RATE) -> Path:
    """So many seconds of each seed, one after the other, as H.264. Returns `path`."""
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-g", str(2 * rate), "-pix_fmt", "yuv420p"]
    reads = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(rate), "-i", "-"]
    command = [
        find_program("ffmpeg", package="ffmpeg"),
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        *reads,
        *encoder,
        str(path),
    ]
    shown = b"".join(frame.tobytes() for seed in seeds for frame in frames(seed, seconds, rate))
    subprocess.run(command, input=shown, check=True, timeout=120)
    return path
