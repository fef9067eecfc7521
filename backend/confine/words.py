"""What ffmpeg said, in people's words, and which error it comes to."""

from __future__ import annotations

import re
import signal

from backend.confine.limits import Limits
from backend.confine.usage import Usage
from backend.errors import MediaError, ToolsMissing, Unreadable

_MEMORY = re.compile(
    r"cannot allocate memory|malloc of size|out of memory|bad_alloc|failed to map segment|could not allocate"
    r"|failed to allocate|memory allocation (?:error|fail)",
    re.IGNORECASE,
)
# The first that matches tells most; in the order of how much they explain.
_TELLING = (
    (r"exceeds max_streams", "It claims to have more than a thousand pictures and sounds."),
    (r"only with low score", "It is no video or sound file."),
    (r"moov atom not found", "Its index is missing: the file was cut off, or the recording was never finished."),
    (r"Format not on whitelist", "It is of a kind that is never opened here (perhaps a list that names other files)."),
    (r"EBML header parsing failed|Not a valid EBML|could not find tag", "Its beginning is damaged."),
    (r"does not contain any stream", "It holds neither picture nor sound."),
    (r"matches no streams", "It does not hold what is wanted from it (no such picture or sound)."),
    (r"Picture size \S+ is invalid|Invalid frame dimensions", "It claims to have a picture of impossible size."),
    (r"Decoder \(codec \S+\) not found|no decoder found for", "No decoder for it is known here."),
    (r"could not find codec parameters|unspecified size", "Its picture or sound cannot be made out."),
    (r"not currently supported in container", "Its picture or sound does not fit into that kind of file."),
    (r"Invalid data found when processing input", "It is no video or sound file that can be read, or it is damaged."),
    (r"End of file|Truncat|partial file|Input/output error", "It ends too early: a part of it is missing."),
)  # fmt: skip
# The machine's trouble, which may pass. "Input/output error" is none: ffmpeg says that of a Matroska file cut short.
_NOT_ITS_FAULT = (
    (r"No space left on device|Disk quota exceeded", "The disk is full: there is no room for what is made from it."),
    (r"(?m)^the file: (?:Permission denied|No such file or directory)$", "The stored file could not be opened."),
)
_NEEDS_PART = re.compile(r"(?m)^(?:\[\w+ @ \w+\] )?(?:Unknown (?:en|de)coder|No such filter:) '([\w-]+)'$")
# ffmpeg's exit codes after a signal it could answer, and after more of them than it has patience for.
_CAUGHT_A_SIGNAL = (255, 123)
# By the programs before it, when it cannot be run; and by the loader, when a library is gone.
_NOT_STARTED = (126, 127)
_OF_THE_CHAIN = re.compile(r"(?:bwrap|prlimit|setpriv|choom|nice|ionice): ")
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_PREFIX = re.compile(r"^\[[^\]]*\] *(?:\[\w+\] *)?")
_LONGEST_WORDS = 300


def failure(code: int, said: str, limits: Limits, usage: Usage) -> MediaError:
    """The error that a run with an exit code other than 0 comes to; `said` is cleaned."""
    number = _signal(code)
    caught = code in _CAUGHT_A_SIGNAL
    if number == signal.SIGXCPU or ((caught or number == signal.SIGKILL) and usage.near_cpu):
        return limits.over_cpu()
    if number == signal.SIGXFSZ or "File too large" in said:
        return limits.over_output()
    if caught or number in _FROM_OUTSIDE:
        # Not by us, and not for the file's sake as far as anybody can tell: worth another attempt.
        return MediaError("ffmpeg was killed from outside; most often the machine had no memory left.")
    if short_of_memory(said) or usage.near_memory:
        return limits.over_memory()
    for pattern, words in _NOT_ITS_FAULT:
        if re.search(pattern, said):
            return MediaError(words)
    if found := _NEEDS_PART.search(said):
        return ToolsMissing(f"This machine's ffmpeg was built without {found.group(1)}. A complete one is needed.")
    if number is not None:
        # A fault of ffmpeg's: nothing is said of the file, which other programs may read well.
        return MediaError(f"ffmpeg breaks down over it ({number.name}).", detail={"said": _last_line(said)})
    return Unreadable(in_words(said), detail={"said": _last_line(said)})


def not_started(code: int, said: str) -> str:
    """Why ffmpeg itself never ran, in words; "" when it did."""
    if code in _NOT_STARTED or _OF_THE_CHAIN.match(said):
        return f"ffmpeg could not be started: {_last_line(said)}"
    return ""


def short_of_memory(said: str) -> bool:
    # ffmpeg's own bound on the number of streams ends in ENOMEM as well.
    return bool(_MEMORY.search(said)) and "exceeds max_streams" not in said


def in_words(said: str) -> str:
    """The most telling line in people's words, or that line itself."""
    for pattern, words in _TELLING:
        if re.search(pattern, said):
            return words
    line = _last_line(said)
    return f"ffmpeg says: {line}" if line else "ffmpeg could not read it and does not say why."


def cleaned(said: str, *paths: str) -> str:
    """Without local paths, and without characters that a terminal or a page would act on."""
    for path in sorted(filter(None, paths), key=len, reverse=True):
        said = said.replace(f"file:{path}", "the file").replace(path, "the file")
    said = said.replace("\r", "\n")
    return "".join(character if character == "\n" or character.isprintable() else "�" for character in said).strip()


def _signal(code: int) -> signal.Signals | None:
    """Which signal ended it; bwrap tells that as a shell does, by 128 and the number."""
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number)
    except ValueError:
        return None


def _last_line(said: str) -> str:
    lines = [line for line in map(str.strip, said.splitlines()) if line]
    return _PREFIX.sub("", lines[-1])[:_LONGEST_WORDS] if lines else ""
