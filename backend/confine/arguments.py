"""Which arguments ffmpeg and ffprobe may be given, and what is put before each input.

Our own makers write them, from numbers and words of ours: what is refused here is a mistake in the program, hence
ValueError. What keeps a hostile file from reaching others are the lists put before each `-i`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from backend.confine.allowed import DEMUXERS, FFMPEG_FLAGS, FFPROBE_FLAGS, GRAPHS, MUXERS, REFUSED
from backend.confine.graphs import check_graph
from backend.confine.inputs import SOURCE, is_token

_PROTOCOL = re.compile(
    r"(?:async|bluray|cache|concatf?|crypto|data|fd|file|ftps?|gophers?|https?|httpproxy|icecast|ipfs|ipns|mms[ht]?"
    r"|pipe|prompeg|rist|rtmp\w*|rtps?|rtsp|sctp|sftp|smb|srtp?|subfile|tcp|tee|tls|udp|udplite|unix|zmq|amqps?):",
    re.IGNORECASE,
)
# A token of the arguments: what stands before its `-i`, and the path behind it.
Named = Mapping[str, tuple[Sequence[str], str]]
_OUTPUT = re.compile(r"[A-Za-z0-9_%][A-Za-z0-9_.%-]*(?:/[A-Za-z0-9_%][A-Za-z0-9_.%-]*)*")


def alone(source: str) -> Named:
    """`source`, a path, in the place of SOURCE."""
    return {SOURCE: (("-format_whitelist", DEMUXERS, "-protocol_whitelist", "file"), source)}


def for_ffmpeg(arguments: Sequence[str], source: str | Named) -> list[str]:
    """`arguments` with paths in the place of their tokens and the lists before each. Raises ValueError."""
    named = alone(source) if isinstance(source, str) else source
    completed: list[str] = []
    inputs = outputs = 0
    options: dict[str, str] = {}
    for name, value in _walk(arguments, FFMPEG_FLAGS):
        if name == "i":
            completed += _input(value, options, named)
            inputs, options = inputs + 1, {}
        elif name:
            options[name.partition(":")[0]] = value or ""
            completed += [f"-{name}"] if value is None else [f"-{name}", value]
        else:
            assert value is not None
            _check_output(value, options)
            completed.append(value)
            outputs, options = outputs + 1, {}
    if not inputs or not outputs:
        raise ValueError(f"an input and an output are needed: {list(arguments)}")
    return completed


def for_ffprobe(arguments: Sequence[str], source: str | Named) -> list[str]:
    """As `for_ffmpeg`; ffprobe reads one input and writes no file."""
    named = alone(source) if isinstance(source, str) else source
    completed: list[str] = []
    options: dict[str, str] = {}
    inputs = 0
    for name, value in _walk(arguments, FFPROBE_FLAGS):
        if name == "i":
            completed += _input(value, options, named)
            inputs += 1
        elif name:
            options[name] = value or ""
            completed += [f"-{name}"] if value is None else [f"-{name}", value]
        else:
            raise ValueError(f"ffprobe writes no file: {value!r}")
    if inputs != 1:
        raise ValueError(f"ffprobe reads one input: {list(arguments)}")
    return completed


def _walk(arguments: Sequence[str], flags: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """(option, value), (flag, None), ("", name of an output); each checked by itself."""
    rest = iter(arguments)
    for argument in rest:
        if "\0" in argument:
            raise ValueError(f"a NUL in {argument!r}")
        if not argument.startswith("-") or argument == "-":
            yield "", argument
            continue
        name = argument[1:]
        plain = name.partition(":")[0]
        if plain in REFUSED or not re.fullmatch(r"[a-z0-9_-]+", plain, re.IGNORECASE):
            raise ValueError(f"option not allowed: {argument!r}")
        if plain in flags:
            yield name, None
            continue
        value = next(rest, None)
        if value is None:
            raise ValueError(f"no value behind {argument!r}")
        if plain in GRAPHS:
            check_graph(value)
        elif plain != "i":
            _check_value(argument, value)
        yield name, value


def _input(value: str | None, options: dict[str, str], named: Named) -> list[str]:
    if value is None or value not in named:
        raise ValueError(f"only {', '.join(named)} can be read, not {value!r}")
    if "f" in options:
        raise ValueError(f"the format of an input is found by ffmpeg, or told by the door: {options['f']!r}")
    before, path = named[value]
    return [*before, "-i", f"file:{path}"]


def _check_output(name: str, options: dict[str, str]) -> None:
    muxer = options.get("f")
    if muxer is not None and muxer not in MUXERS:
        raise ValueError(f"format of an output not allowed: {muxer!r}")
    if name == "-" and muxer == "null":
        return
    if is_token(name) or not _OUTPUT.fullmatch(name):
        raise ValueError(f"an output is a plain name inside the workspace, not {name!r}")


def _check_value(option: str, value: str) -> None:
    """No value names a file elsewhere, or an address."""
    elsewhere = value.startswith("/") or ".." in re.split(r"[/\\]", value) or "://" in value
    if elsewhere or _PROTOCOL.match(value) or is_token(value) or "\0" in value:
        raise ValueError(f"value of {option} not allowed: {value!r}")
