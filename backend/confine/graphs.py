"""Which filters a filter graph may name: none that opens a file, a font, a library or a connection."""

from __future__ import annotations

import re

from backend.confine.allowed import FILTERS

# Options by which allowed filters would still open something: metadata=…:file=, showspectrum's and others' fonts.
_OPENS = re.compile(r"(?:^|[=:])(?:file|filename|fontfile|textfile|stats_file)=", re.IGNORECASE)


def check_graph(graph: str) -> None:
    """Raises ValueError when `graph` names a filter that is not on the list, or a file."""
    for piece in _pieces(graph):
        name, _, options = piece.strip().partition("=")
        name = name.strip().partition("@")[0]
        if not name or name.startswith("sws_flags"):
            continue
        if name not in FILTERS:
            raise ValueError(f"filter not on the list in backend/confine/allowed.py: {name!r} in {graph!r}")
        if _OPENS.search(f"={options}"):
            raise ValueError(f"a filter that opens a file: {piece!r}")


def _pieces(graph: str) -> list[str]:
    """The graph cut at its separators and labels, which count neither quoted ('…') nor escaped (\\)."""
    pieces, current, quoted, escaped = [], "", False, False
    for character in graph:
        if escaped:
            escaped = False
        elif character == "\\" and not quoted:
            escaped = True
        elif character == "'":
            quoted = not quoted
        elif character in ",;[]" and not quoted:
            # A label stands between brackets: what was before it is a filter, what is inside it is none.
            if character != "]":
                pieces.append(current)
            current = ""
            continue
        current += character
    return [*pieces, current]
