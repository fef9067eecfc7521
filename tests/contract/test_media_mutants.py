"""Thousands of damaged files, the same in every run: each ends as a result or in words, and leaves nothing behind.

All are read by the real programs, which are linked once and forked for each file (see warm_media.py), under strace: it
shows every file that is opened, and that no connection is made. Some are read once more as a worker does it, by the
whole chain of programs and in bubblewrap, and must come to the same.
"""

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
from tests.contract.traced_media import TracedMedia
from tests.services.hostile_media import SEEDS, make_seed, mutants
from tests.services.media import still_running

MIB = 1024**2
LIMITS = Limits(seconds=20, cpu_seconds=8, memory_bytes=256 * MIB, output_bytes=8 * MIB)
SHOW = ["-show_format", "-show_streams", "-i", SOURCE]
DECODE = ["-i", SOURCE, "-map", "0:v?", "-map", "0:a?", "-frames:v", "3", "-t", "1", "-f", "null", "-"]
_SHARE = 172  # of 12 seeds: 2,064
_STRIDE = 35  # one of so many is read by the whole chain as well
_EXECUTED = (Confinement(bubblewrap=True), Confinement(bubblewrap=False))
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


def outcomes(tools: Confinement, source: Path, workspace: Path, *, decoded: bool) -> list[str]:
    """Of looking at it and, if wanted, of decoding the beginning of it."""
    found = [outcome(lambda: tools.ffprobe(SHOW, source=source, limits=LIMITS))]
    if decoded:
        found.append(outcome(lambda: tools.ffmpeg(DECODE, source=source, workspace=workspace, limits=LIMITS)))
    return found


@pytest.mark.parametrize("extension", SEEDS)
def test_a_damaged_file_is_read_or_refused_in_words(traced: TracedMedia, tmp_path: Path, extension: str) -> None:
    """Nothing but the file is opened, nobody is connected to, and the file stays as it is."""
    source, workspace = tmp_path / f"upload.{extension}", tmp_path / "workspace"
    workspace.mkdir()
    came_to: Counter[str] = Counter()
    damaged = mutants(make_seed(tmp_path, extension), range(_SHARE))
    with traced.door() as tools:
        for number, content in damaged:
            with named(extension, number):
                source.write_bytes(content)
                came_to.update(outcomes(tools, source, workspace, decoded=number % 2 == 0))
                assert set(came_to) <= {"made", *_IN_WORDS}
                assert source.read_bytes() == content
    assert traced.opened() == {str(source)}
    assert list(workspace.iterdir()) == []
    assert came_to["made"] > 0  # the damage is not so great that nothing is tried


@pytest.mark.parametrize("extension", SEEDS)
def test_the_whole_chain_comes_to_the_same(traced: TracedMedia, tmp_path: Path, extension: str) -> None:
    """Half of them in bubblewrap, half without; so what is proved of the forked programs holds for the executed."""
    source, workspace = tmp_path / f"upload.{extension}", tmp_path / "workspace"
    workspace.mkdir()
    for number, content in mutants(make_seed(tmp_path, extension), range(0, _SHARE, _STRIDE)):
        with named(extension, number):
            source.write_bytes(content)
            with traced.door() as tools:
                forked = outcomes(tools, source, workspace, decoded=True)
            executed = _EXECUTED[number % len(_EXECUTED)]
            assert outcomes(executed, source, workspace, decoded=True) == forked
            assert source.read_bytes() == content
    assert list(workspace.iterdir()) == []
    assert still_running(tmp_path) == []


@pytest.mark.parametrize("extension", SEEDS)
def test_everything_made_from_a_damaged_file_is_made_or_refused_in_words(
    traced: TracedMedia, tmp_path: Path, extension: str
) -> None:
    """The first of them as a worker does it."""
    source = tmp_path / f"upload.{extension}"
    first, *others = mutants(make_seed(tmp_path, extension), range(10_000, 10_006))
    source.write_bytes(first[1])
    _all_made(_EXECUTED[0], source, tmp_path / "executed", first[0])
    assert still_running(tmp_path) == []
    for number, content in others:
        source.write_bytes(content)
        with traced.door() as tools:
            _all_made(tools, source, tmp_path / str(number), number)


def _all_made(tools: Confinement, source: Path, workspace: Path, number: int) -> None:
    workspace.mkdir()
    with named(source.suffix[1:], number):
        for kind, came in make(tools, source, workspace).items():
            assert isinstance(came, dict) or came.code in _IN_WORDS, (kind, came)
