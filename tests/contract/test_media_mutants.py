"""Thousands of damaged files, the same in every run: each ends as a result or in words, and leaves nothing behind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.confine import SOURCE, Confinement, Limits
from backend.errors import MediaError
from tests.contract.making_media import make
from tests.services.hostile_media import SEEDS, make_seed, mutants
from tests.services.media import still_running

MIB = 1024**2
LIMITS = Limits(seconds=20, cpu_seconds=8, memory_bytes=256 * MIB, output_bytes=8 * MIB)
SHOW = ["-show_format", "-show_streams", "-i", SOURCE]
DECODE = ["-i", SOURCE, "-map", "0:v?", "-map", "0:a?", "-frames:v", "3", "-t", "1", "-f", "null", "-"]
_SHARE = 43  # 12 seeds, 4 parts each: 2,064
_IN_WORDS = {"unreadable", "over-limit"}

pytestmark = pytest.mark.service  # minutes, not seconds


@contextmanager
def named(extension: str, number: int) -> Iterator[None]:
    """Whatever goes wrong inside is told with the mutant it went wrong with."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"with mutant {number} of .{extension}")
        raise


def outcome(run: Callable[[], bytes | str]) -> str:
    """In a word; anything but a result or a MediaError goes on."""
    began = time.monotonic()
    try:
        run()
        word = "made"
    except MediaError as error:
        word = error.code if error.message else "no words"
    assert time.monotonic() - began < LIMITS.seconds + 10
    return word


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("extension", SEEDS)
def test_a_damaged_file_is_read_or_refused_in_words(tmp_path: Path, extension: str, part: int) -> None:
    """Half of them in bubblewrap, half without."""
    tools = Confinement(bubblewrap=part % 2 == 0)
    source, workspace = tmp_path / f"upload.{extension}", tmp_path / "workspace"
    workspace.mkdir()
    came_to: Counter[str] = Counter()
    for number, content in mutants(make_seed(tmp_path, extension), range(part * _SHARE, (part + 1) * _SHARE)):
        with named(extension, number):
            source.write_bytes(content)
            shown = outcome(lambda: tools.ffprobe(SHOW, source=source, limits=LIMITS))
            came_to[shown] += 1
            # What ffprobe cannot open, ffmpeg opens no better: the same code. Some of it is tried all the same, and of
            # what opens every second one: decoders see more of such files in the fuzzers of their makers than here.
            if number % (2 if shown == "made" else 8) == 0:
                decoded = outcome(lambda: tools.ffmpeg(DECODE, source=source, workspace=workspace, limits=LIMITS))
                came_to[decoded] += 1
            assert set(came_to) <= {"made", *_IN_WORDS}
            assert source.read_bytes() == content
    assert list(workspace.iterdir()) == []
    assert still_running(tmp_path) == []
    assert came_to["made"] > 0  # the damage is not so great that nothing is tried


@pytest.mark.parametrize("extension", SEEDS)
def test_everything_made_from_a_damaged_file_is_made_or_refused_in_words(tmp_path: Path, extension: str) -> None:
    source = tmp_path / f"upload.{extension}"
    for number, content in mutants(make_seed(tmp_path, extension), range(10_000, 10_006)):
        source.write_bytes(content)
        workspace = tmp_path / str(number)
        workspace.mkdir()
        with named(extension, number):
            for kind, came in make(Confinement(), source, workspace).items():
                assert isinstance(came, dict) or came.code in _IN_WORDS, (kind, came)
            assert still_running(tmp_path) == []
