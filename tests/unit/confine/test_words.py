"""Which error an exit comes to, and what people read of it."""

from __future__ import annotations

import pytest

from backend.confine import Limits
from backend.confine.usage import Usage
from backend.confine.words import cleaned, failure, in_words, not_started
from backend.errors import MediaError, OverLimit, ToolsMissing

LIMITS = Limits(seconds=600, cpu_seconds=7200, memory_bytes=2 * 1024**3, output_bytes=500)


def told(code: int, said: str = "") -> MediaError:
    return failure(code, said, LIMITS, Usage(LIMITS))


@pytest.mark.parametrize("code", [-24, 152])
def test_the_kernels_word_on_processor_time_is_ours(code: int) -> None:
    error = told(code)
    assert (error.message, error.detail["limit"]) == (
        "It needs more than the 2.0 hours of processor time it may have.", "cpu"
    )  # fmt: skip


@pytest.mark.parametrize(("code", "said"), [(-25, ""), (153, ""), (1, "av_interleaved_write_frame(): File too large")])
def test_the_kernels_word_on_file_sizes_is_ours(code: int, said: str) -> None:
    error = told(code, said)
    assert (error.message, error.detail["limit"]) == ("It would become larger than the 500 bytes it may be.", "output")


@pytest.mark.parametrize(
    "said",
    [
        "Error while filtering: Cannot allocate memory",
        "x264 [error]: malloc of size 165235116 failed\nError while opening encoder",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "[libvpx] Failed to initialize encoder: Memory allocation error",
    ],
)
@pytest.mark.parametrize("code", [1, 134, -6, 244])
def test_no_more_memory_is_a_limit_reached(said: str, code: int) -> None:
    error = told(code, said)
    assert isinstance(error, OverLimit)
    assert (error.message, error.detail["limit"]) == ("It needs more than the 2 GiB of memory it may have.", "memory")


@pytest.mark.parametrize("code", [-9, 137, -15, 255, 123])
def test_a_signal_from_outside_is_tried_again(code: int) -> None:
    assert type(told(code)) is MediaError


@pytest.mark.parametrize(("code", "name"), [(-11, "SIGSEGV"), (139, "SIGSEGV"), (134, "SIGABRT"), (136, "SIGFPE")])
def test_a_crash_is_ffmpegs_own_fault_and_named(code: int, name: str) -> None:
    error = told(code, "something")
    assert type(error) is MediaError
    assert name in error.message


@pytest.mark.parametrize(
    "said",
    [
        "Error writing trailer of a.mp4: No space left on device",
        "the file: Permission denied",
        "the file: No such file or directory",
    ],
)
def test_a_full_or_closed_disk_is_not_the_files_fault(said: str) -> None:
    assert type(told(1, said)) is MediaError


def test_an_incomplete_ffmpeg_is_named() -> None:
    error = told(1, "Unknown encoder 'libx264'")
    assert isinstance(error, ToolsMissing)
    assert "libx264" in error.message


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[mov @ 0x1] moov atom not found\nthe file: Invalid data found", "index is missing"),
        ("[mov @ 0x1] Format mov detected only with low score of 1\n[mov] moov atom not found", "no video or sound"),
        ("[concat @ 0x1] Format not on whitelist 'mov'\nthe file: Invalid argument", "never opened here"),
        ("[matroska,webm @ 0x1] EBML header parsing failed", "beginning is damaged"),
        ("Output file #0 does not contain any stream", "neither picture nor sound"),
        ("Stream map '0:v' matches no streams.", "does not hold what is wanted"),
        ("[png @ 0x1] Picture size 70000x70000 is invalid", "impossible size"),
        ("Decoder (codec av1) not found for input stream #0:0", "No decoder"),
        ("the file: Invalid data found when processing input", "no video or sound file that can be read"),
        ("the file: Input/output error", "ends too early"),
        ("[x @ 0x1] [error] strange words\n", "ffmpeg says: strange words"),
        ("", "does not say why"),
    ],
)
def test_what_ffmpeg_says_is_put_in_peoples_words(said: str, words: str) -> None:
    assert words in in_words(said)


def test_a_long_line_is_cut() -> None:
    assert len(in_words("x" * 10_000)) < 400


def test_paths_and_control_characters_do_not_come_through() -> None:
    said = "file:/data/v/a.mp4: bad \x1b[31mred\x07\r\n/data/v: \u202egpj.\x00 end"
    assert cleaned(said, "/data/v/a.mp4", "/data/v") == "the file: bad �[31mred�\n\nthe file: �gpj.� end"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (127, "ffmpeg: error while loading shared libraries: libx.so: cannot open shared object file"),
        (1, "bwrap: No permissions to create new namespace"),
        (1, "prlimit: failed to set the CPU resource limit: Operation not permitted"),
    ],
)
def test_what_never_ran_says_nothing_about_the_file(code: int, said: str) -> None:
    assert said in not_started(code, said)


def test_what_ran_was_started() -> None:
    assert not_started(1, "the file: Invalid data found when processing input") == ""
