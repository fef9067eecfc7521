"""Bytes over HTTP to the letter of RFC 9110, and headers under which they can only ever be bytes."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import pytest
from werkzeug.http import http_date

from backend import mime
from backend.catalog import videos
from backend.catalog.models import Video
from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.making import with_copies

N = len(VIDEO)


class File:
    """One uploaded video and its validators."""

    def __init__(self, site: Site, name: str = "a.mp4", content: bytes = VIDEO) -> None:
        self.site = site
        self.saved = site.upload(name=name, content=content).get_json()
        with site.services.database.read() as session:
            self.modified_at: datetime = videos.get(session, self.saved["video_id"]).created_at
        self.etag = f'"{self.saved["checksum"].removeprefix("sha256:")}"'

    def date(self, seconds: int = 0) -> str:
        return http_date(self.modified_at + timedelta(seconds=seconds))

    def get(self, method: str = "GET", way: str = "content", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.site.call(method, f"/api/videos/{self.saved['video_id']}/{way}", headers=named)


@pytest.fixture
def file(site: Site) -> File:
    return File(site)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=0-", 0, N - 1),
        (f"bytes=10-{10**30}", 10, N - 1),
        (f"bytes={N - 1}-", N - 1, N - 1),
        ("bytes=-5", N - 5, N - 1),
        (f"bytes=-{N}", 0, N - 1),
        (f"bytes=-{10**30}", 0, N - 1),
        ("BYTES=1-2", 1, 2),
        ("bytes= 1-2 ,", 1, 2),
    ],
)
def test_a_range_gives_exactly_its_bytes(file: File, asked: str, first: int, last: int) -> None:
    part = file.get(Range=asked)
    assert (part.status_code, part.data) == (206, VIDEO[first : last + 1])
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{N}"
    assert part.headers["Content-Length"] == str(last - first + 1)
    assert (part.headers["ETag"], part.headers["Accept-Ranges"]) == (file.etag, "bytes")


@pytest.mark.parametrize("asked", [f"bytes={N}-", f"bytes={N}-{N + 5}", f"bytes={10**30}-", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(file: File, asked: str) -> None:
    answer = file.get(Range=asked)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{N}")
    assert str(N) in answer.get_json()["error"]


@pytest.mark.parametrize(
    "asked",
    ["bytes=9-1", "bytes=a-b", "bytes=", "bytes=-", "bytes", "items=0-1", "bytes=0-1,5-6", "bytes=1 -2", "bytes=+1-2",
     "bytes=0x1-2", "bytes=1-2;q=1", "bytes=" + "9" * 5000 + "-"],
)  # fmt: skip
def test_a_range_that_makes_no_sense_or_is_several_is_answered_with_all(file: File, asked: str) -> None:
    whole = file.get(Range=asked)
    assert (whole.status_code, whole.data) == (200, VIDEO)
    assert "Content-Range" not in whole.headers


def test_head_tells_what_get_would_and_knows_no_ranges(file: File) -> None:
    whole, head = file.get(), file.get("HEAD")
    assert (head.status_code, head.data) == (200, b"")
    kept = {name: value for name, value in whole.headers.items() if name != "Date"}
    assert {name: value for name, value in head.headers.items() if name != "Date"} == kept
    assert head.headers["Content-Length"] == str(N)
    ranged = file.get("HEAD", Range="bytes=0-1")
    assert (ranged.status_code, ranged.headers["Content-Length"]) == (200, str(N))


def test_if_range_gives_a_part_only_of_the_very_same_file(file: File) -> None:
    for same in (file.etag, file.date()):
        assert file.get(Range="bytes=0-1", If_Range=same).status_code == 206
    others = ['"other"', f"W/{file.etag}", file.etag.strip('"'), "*", "x", file.date(1), file.date(-1)]
    for other in others:
        whole = file.get(Range="bytes=0-1", If_Range=other)
        assert (whole.status_code, whole.data) == (200, VIDEO), other
    # A range that cannot be met is not even looked at.
    assert file.get(Range=f"bytes={N}-", If_Range='"other"').status_code == 200
    assert file.get(If_Range=file.etag).status_code == 200


_ETAG, _LATER, _SAME, _EARLIER = "etag", "later", "same", "earlier"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": "W/{etag}"}, 304),
        ({"If_None_Match": '"x", {etag}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_Modified_Since": "{same}"}, 304),
        ({"If_Modified_Since": "{later}"}, 304),
        ({"If_Modified_Since": "{earlier}"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": "{later}"}, 200),
        ({"If_None_Match": "{etag}", "If_Modified_Since": "{earlier}"}, 304),
        ({"If_Match": "{etag}"}, 200),
        ({"If_Match": '"x", {etag}'}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": "W/{etag}"}, 412),
        ({"If_Match": '"x"'}, 412),
        ({"If_Unmodified_Since": "{same}"}, 200),
        ({"If_Unmodified_Since": "{later}"}, 200),
        ({"If_Unmodified_Since": "{earlier}"}, 412),
        ({"If_Unmodified_Since": "tomorrow"}, 200),
        ({"If_Match": "{etag}", "If_Unmodified_Since": "{earlier}"}, 200),
        ({"If_Match": '"x"', "If_None_Match": "{etag}"}, 412),
        ({"If_Match": "{etag}", "If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": "{etag}", "Range": "bytes=0-1"}, 304),
        ({"If_Match": "{etag}", "Range": "bytes=0-1"}, 206),
        ({"If_Match": '"x"', "Range": "bytes=0-1"}, 412),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_are_judged_in_the_order_of_the_rfc(
    file: File, conditions: dict[str, str], status: int, method: str
) -> None:
    words = {"etag": file.etag, "same": file.date(), "later": file.date(1), "earlier": file.date(-1)}
    answer = file.get(method, **{name: value.format(**words) for name, value in conditions.items()})
    assert answer.status_code == (200 if (status, method) == (206, "HEAD") else status)
    if status == 304:
        assert answer.data == b""
        assert answer.headers["ETag"] == file.etag
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Content-Length" not in answer.headers


def test_a_body_is_never_hashed_to_be_served(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    place = file.site.services.layout.root / file.saved["local_backup"]
    changed = bytes(N)
    place.chmod(0o644)
    place.write_bytes(changed)
    # The scrub finds this; a reader of one part of 20 GB does not wait for a look at the other parts.
    assert file.get(Range="bytes=0-9").data == changed[:10]


def test_a_file_that_was_pruned_while_it_was_looked_for_comes_all_the_same(open_site: Open) -> None:
    """Between the look at its size and opening it, once; the second time it is brought back."""
    site = open_site()
    file = File(site)
    twin = File(site, "twin.mp4")
    place = site.services.layout.root / file.saved["local_backup"]
    real = type(site.services.restorer).local_path
    prunes = [1]

    def pruned_behind(restorer: Any, video: Video) -> Any:
        path = real(restorer, video)
        if prunes.pop() if prunes else 0:
            place.unlink()
        return path

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(site.services.restorer), "local_path", pruned_behind)
        assert file.get().data == VIDEO
    assert twin.get().data == VIDEO


TYPES = {
    "a.mp4": (b"\x00\x00\x00\x18ftypmp42" + bytes(99), "video/mp4"),
    "a.m4v": (b"\x00\x00\x00\x18ftypM4V " + bytes(99), "video/x-m4v"),
    "a.mov": (b"\x00\x00\x00\x14ftypqt  " + bytes(99), "video/quicktime"),
    "a.webm": (b"\x1aE\xdf\xa3....webm" + bytes(99), "video/webm"),
    "a.mkv": (b"\x1aE\xdf\xa3....matroska" + bytes(99), "video/x-matroska"),
    "a.avi": (b"RIFF....AVI " + bytes(99), "video/x-msvideo"),
    "a.ts": ((b"\x47" + bytes(187)) * 4, "video/mp2t"),
    "a.mpg": (b"\x00\x00\x01\xba" + bytes(99), "video/mpeg"),
    "a.mp3": (b"ID3" + bytes(99), "audio/mpeg"),
    "a.wav": (b"RIFF....WAVE" + bytes(99), "audio/wav"),
    "a.m4a": (b"\x00\x00\x00\x18ftypM4A " + bytes(99), "audio/mp4"),
    "a.flac": (b"fLaC" + bytes(99), "audio/flac"),
}


def test_every_format_is_served_with_its_type(site: Site) -> None:
    for name, (content, media_type) in TYPES.items():
        answer = File(site, name, content).get()
        assert (answer.headers["Content-Type"], answer.data) == (media_type, content), name
        assert answer.headers["Content-Disposition"].startswith("inline; ")


HTML = b"<html><script>document.title = 'ran'; fetch('/ran')</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'ran\'"><script>1</script></svg>'
POLYGLOTS = {
    "plain html": HTML,
    "svg": b'<?xml version="1.0"?>' + SVG,
    "script": b"document.title = 'ran'",
    "xml with a stylesheet": b'<?xml version="1.0"?><?xml-stylesheet href="#s"?><x/>',
    "mp4 and html": b"\x00\x00\x00\x18ftypmp42" + HTML,
    "html behind a free box": b"\x00\x00\x01\x00free" + HTML,
    "gif and jar": b"GIF89a/*" + HTML + b"*/PK\x03\x04",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "utf-7 html": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "utf-16 html": HTML.decode().encode("utf-16"),
    "flash": b"CWS\x0a" + bytes(50),
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "mp3 and html": b"ID3" + HTML,
    "nothing known": b"\x00" * 64,
}
ODD_EXTENSIONS = ("html", "htm", "xhtml", "svg", "xml", "js", "mjs", "css", "pdf", "swf", "json", "wasm", "hta", "gif")


def test_no_bytes_and_no_name_make_a_type_that_a_browser_runs(open_site: Open) -> None:
    usual = [name.partition(".")[2] for name in TYPES]
    site = open_site(ALLOWED_EXTENSIONS=",".join([*usual, *ODD_EXTENSIONS]))
    names = [(what, extension) for what in POLYGLOTS for extension in ("mp4", "mp3", "html", "svg")]
    names += [(what, extension) for what in ("plain html", "mp4 and html") for extension in (*usual, *ODD_EXTENSIONS)]
    for what, extension in dict.fromkeys(names):
        file = File(site, f"{what}.{extension}", POLYGLOTS[what])
        for way in ("content", "download"):
            for answer in (file.get("HEAD", way), file.get(way=way, Range="bytes=1-")):
                _only_bytes(answer, f"{what}.{extension}", inline=way == "content")


def _only_bytes(answer: Any, name: str, *, inline: bool) -> None:
    headers = answer.headers
    assert headers["Content-Type"] in mime.KNOWN | {mime.UNKNOWN}, name
    assert headers["X-Content-Type-Options"] == "nosniff", name
    policy = headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox allow-same-origin", "default-src 'none'"], name
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
    shown = inline and headers["Content-Type"] in mime.KNOWN
    assert headers["Content-Disposition"].startswith("inline; " if shown else "attachment; "), name
    assert "charset" not in headers["Content-Type"], name


_INERT = mime.KNOWN | {"image/jpeg", "image/webp", "text/vtt", "application/vnd.apple.mpegurl", mime.UNKNOWN}


def test_every_route_of_a_video_answers_with_json_or_with_what_cannot_run(site: Site) -> None:
    """Whoever adds a route that serves bytes meets this test."""
    shown = with_copies(site)
    serving = set()
    for rule in site.client.application.url_map.iter_rules():
        if "video_id" not in rule.arguments or "GET" not in (rule.methods or ()):
            continue
        name = "browser.mp4" if "renditions" in rule.rule else "master.m3u8"
        path = re.sub(r"<.*?number>", "0", rule.rule.replace("<video_id>", shown.id))
        path = re.sub(r"<.*?name>", name, path).replace("<target>", "nas")
        answer = site.call("GET", path)
        if answer.mimetype not in ("application/json", "application/problem+json"):
            serving.add(rule.rule.rpartition("<video_id>/")[2].partition("/")[0])
            assert (answer.status_code, answer.mimetype in _INERT) == (200, True), path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert re.match(
                r"sandbox(?!.*allow-scripts).*default-src 'none'", answer.headers["Content-Security-Policy"]
            )
    assert {
        "content",
        "download",
        "thumbnail",
        "storyboard",
        "storyboard.vtt",
        "preview",
        "renditions",
        "hls",
    } <= serving


def test_a_type_that_came_into_the_catalog_by_another_way_is_served_as_bytes(file: File) -> None:
    for odd in ("text/html", "image/svg+xml", "application/xhtml+xml", "video/<script>", "VIDEO/MP4; x=y", ""):
        with file.site.services.database.write() as session:
            videos.get(session, file.saved["video_id"]).mime_type = odd
        answer = file.get()
        assert answer.headers["Content-Type"] == mime.UNKNOWN
        assert answer.headers["Content-Disposition"].startswith("attachment; ")


def test_a_document_tells_of_the_conditions(site: Site) -> None:
    operation = site.call("GET", "/openapi.json").get_json()["paths"]["/api/videos/{video_id}/content"]["get"]
    assert {"200", "206", "304", "412", "416"} <= set(operation["responses"])
    assert {"Range", "If-Range", "If-None-Match"} <= {p["name"] for p in operation["parameters"]}


def test_dates_are_those_of_the_save(file: File) -> None:
    assert file.get().headers["Last-Modified"] == http_date(file.modified_at.astimezone(UTC))


def test_a_reader_who_left_before_the_first_byte_of_a_range_is_no_fault_of_ours(file: File) -> None:
    """gunicorn gives what it may send by itself to `socket.sendfile`, and a player that looks elsewhere hangs up."""
    given: list[IO[bytes]] = []

    def wrapper(served: IO[bytes], _: int) -> list[bytes]:
        given.append(served)
        return []

    path, whole = f"/api/videos/{file.saved['video_id']}/content", {"wsgi.file_wrapper": wrapper}
    file.site.call("GET", path, headers={"Range": "bytes=3-8"}, environ_overrides=whole)
    (served,) = given
    ours, theirs = socket.socketpair()
    with ours, closing(served):
        theirs.close()
        with pytest.raises(BrokenPipeError):
            ours.sendfile(served, offset=3, count=6)
        served.seek(4)
        assert served.read() == VIDEO[4:9]
