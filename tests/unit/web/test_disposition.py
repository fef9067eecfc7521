"""Names of files in headers: whatever a file was called, its name arrives, and nothing else with it."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from werkzeug.http import parse_options_header

from backend.web import disposition

NAMES = {
    "plain.mp4": "plain.mp4",
    'say "hi".mp4': 'say "hi".mp4',
    "it's 100%.mp4": "it's 100%.mp4",
    "a%41;b=c,d.mp4": "a%41;b=c,d.mp4",
    "Müller – Übung.mp4": "Müller – Übung.mp4",
    "日本 🎥 العربية.mp4": "日本 🎥 العربية.mp4",
    "e\u0301.mp4": "e\u0301.mp4",
    "C:\\films\\a.mp4": "C:_films_a.mp4",
    "../../etc/passwd.mp4": "__.._etc_passwd.mp4",
    "gpj\u202e4pm.mp4": "gpj_4pm.mp4",
    "\u2066hidden\u2069.mp4": "_hidden_.mp4",
    "line\r\nX-Evil: 1.mp4": "line__X-Evil: 1.mp4",
    "nul\x00tab\t.mp4": "nul_tab_.mp4",
    ".hidden.mp4": "_hidden.mp4",
    "...": "_",
    "  ": "video",
    "": "video",
    "lone \ud800.mp4": "lone _.mp4",
    "x" * 300 + ".mp4": "x" * 251 + ".mp4",
    "日" * 100 + ".mp4": "日" * 83 + ".mp4",
    "no extension " + "y" * 300: "no extension " + "y" * 242,
    "a." + "e" * 300: "a." + "e" * 253,
}


@pytest.mark.parametrize(("given", "saved"), NAMES.items(), ids=range(len(NAMES)))
def test_a_name_reaches_the_disk_of_the_other_side_as_itself(given: str, saved: str) -> None:
    header = disposition.written("attachment", given)
    assert header.isascii()
    assert header.isprintable()
    assert len(saved.encode()) <= 255
    kind, plain, exact = re.fullmatch(
        r"""(\w+); filename="([^"\\%]*)"; filename\*=UTF-8''([\w.~%-]*)""", header
    ).groups()  # type: ignore[union-attr] # no match: the test fails
    assert (kind, unquote(exact)) == ("attachment", saved)
    assert plain == "".join(c if c.isascii() and c not in '"%' else "_" for c in saved)
    # Another reader than the test's own.
    assert parse_options_header(header)[1]["filename"] == saved
