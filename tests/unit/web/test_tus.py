"""The tus door as its protocol's text has it: core, creation, checksum."""

from __future__ import annotations

import hashlib
import re
from email.utils import parsedate_to_datetime

import pytest

from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.tus_client import BYTES, Door, digest, metadata

SIZE = len(VIDEO)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind is enough here: the door itself asks no database."""
    return sqlite_url


@pytest.fixture
def door(site: Site) -> Door:
    return Door(site)


def _is_date(value: str) -> bool:
    return bool(re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value)) and bool(
        parsedate_to_datetime(value)
    )


def test_upload_in_pieces_is_the_video_that_was_sent(door: Door) -> None:
    path = door.place(SIZE)
    assert door.offset(path) == 0
    for at in range(0, SIZE, 5000):
        answer = door.send(path, at, VIDEO[at : at + 5000])
        assert answer.status_code == 204
        assert answer.get_data() == b""
        assert answer.headers["Upload-Offset"] == str(min(at + 5000, SIZE))
        assert ("Upload-Expires" in answer.headers) == (at + 5000 < SIZE), "what is saved expires no more"
    (video,) = door.listed()
    assert path == f"/files/{video['id']}"
    assert door.stored(video) == VIDEO
    assert door.offset(path) == SIZE


def test_head_says_all_that_is_known_and_is_never_cached(door: Door) -> None:
    words = metadata(filename="a.mp4", title="Tag") + ",own YQ==,flag"
    path = door.place(SIZE, Upload_Metadata=words)
    door.send(path, 0, VIDEO[:100])
    answer = door.ask("HEAD", path)
    assert answer.status_code == 200
    assert answer.get_data() == b""
    told = {
        name: answer.headers.get(name)
        for name in ("Upload-Offset", "Upload-Length", "Upload-Metadata", "Cache-Control")
    }
    assert told == {
        "Upload-Offset": "100",
        "Upload-Length": str(SIZE),
        "Upload-Metadata": words,
        "Cache-Control": "no-store",
    }
    assert not {"Upload-Defer-Length", "Upload-Concat"} & set(answer.headers.keys())
    assert _is_date(answer.headers["Upload-Expires"])


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
def test_other_version_is_412_and_nothing_is_done(door: Door, version: str | None) -> None:
    path = door.place(SIZE)
    headers = {"Tus-Resumable": version, "Upload-Length": "9", "Upload-Offset": "0", "Content-Type": BYTES}
    for method in ("POST", "HEAD", "PATCH", "DELETE"):
        answer = door.ask(method, "/files/" if method == "POST" else path, headers=headers, data=b"x")
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert door.offset(path) == 0
    assert len(list(door.site.services.layout.incoming.glob("*.upload"))) == 1


@pytest.mark.parametrize("version", [None, "0.0.9"])
def test_options_tell_strangers_what_is_spoken_here(site: Site, version: str | None) -> None:
    for path in ("/files", "/files/", "/files/any"):
        _check_options(site, path, version)


def _check_options(site: Site, path: str, version: str | None) -> None:
    answer = Door(site).ask("OPTIONS", path, None, headers={"Tus-Resumable": version})
    assert answer.status_code == 200
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(site.services.settings.upload_max_size)
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination",
        "concatenation",
    }  # fmt: skip
    assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "sha256"}


def test_every_refusal_is_told_as_json_and_names_the_version(door: Door) -> None:
    path = door.place(SIZE)
    refusals = {
        404: door.ask("PATCH", "/files/none", headers={"Upload-Offset": "0", "Content-Type": BYTES}),
        405: door.ask("GET", path),
        415: door.ask("PATCH", path, headers={"Upload-Offset": "0", "Content-Type": "application/octet-stream"}),
        409: door.send(path, 7, b"x"),
        400: door.send(path, "seven", b"x"),
        401: door.ask("POST", "/files/", None),
        403: door.ask("POST", "/files/", "viewer"),
    }
    for status, answer in refusals.items():
        assert answer.status_code == status
        assert set(answer.get_json()) == {"success", "error", "code", "detail"}
    assert door.ask("GET", "/files/a/b").status_code == 404
    assert door.offset(path) == 0


def test_bytes_at_another_offset_change_nothing(door: Door) -> None:
    path = door.place(SIZE)
    door.send(path, 0, VIDEO[:500])
    for wrong in (0, 499, 501, SIZE, 10**40):
        assert door.send(path, wrong, VIDEO[:100]).status_code == 409
    assert door.offset(path) == 500
    assert door.send(path, 500, VIDEO[500:]).status_code == 204
    assert door.stored(door.listed()[0]) == VIDEO


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_method_may_stand_in_a_header(door: Door, method: str) -> None:
    path = door.place(SIZE)
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BYTES}
    assert door.ask(method, path, headers=headers, data=VIDEO[:9]).status_code == 204
    told = door.ask("POST", path, headers={"X-HTTP-Method-Override": "HEAD"})
    assert (told.status_code, told.headers["Upload-Offset"], told.get_data()) == (200, "9", b"")
    gone = door.ask("POST", "/files/none", headers={"X-HTTP-Method-Override": "HEAD"})
    assert (gone.status_code, gone.headers["Content-Length"]) == (404, "0")
    assert door.ask("POST", path, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204


def test_method_in_a_header_counts_nowhere_else(site: Site) -> None:
    saved = site.upload().get_json()
    site.call("GET", f"/api/videos/{saved['video_id']}", headers={"X-HTTP-Method-Override": "DELETE"})
    assert len(Door(site).listed()) == 1


def test_creation_tells_where_and_until_when(door: Door) -> None:
    answer = door.begin(SIZE)
    assert answer.status_code == 201
    assert _is_date(answer.headers["Upload-Expires"])
    assert "Upload-Offset" not in answer.headers
    assert door.ask("POST", "/files", headers={"Upload-Length": "9"}).status_code == 201, "without the slash too"


def test_creation_takes_the_first_bytes_or_all_of_them(door: Door) -> None:
    some = door.begin(SIZE, VIDEO[:700])
    assert (some.status_code, some.headers["Upload-Offset"]) == (201, "700")
    path = some.headers["Location"].removeprefix("http://localhost")
    assert door.send(path, 700, VIDEO[700:]).headers["Upload-Offset"] == str(SIZE)
    everything = door.begin(SIZE, VIDEO)
    assert (everything.status_code, everything.headers["Upload-Offset"]) == (201, str(SIZE))
    assert "Upload-Expires" not in everything.headers
    assert [door.stored(v) for v in door.listed()] == [VIDEO, VIDEO]


def test_creation_that_says_bytes_and_sends_none_hears_an_offset_too(door: Door) -> None:
    assert door.begin(SIZE, Content_Type=BYTES).headers["Upload-Offset"] == "0"


def test_creation_whose_bytes_are_refused_leaves_nothing(door: Door) -> None:
    assert door.begin(SIZE, VIDEO[:100], Content_Type="video/mp4").status_code == 415
    assert door.begin(SIZE, VIDEO[:100], Upload_Checksum=digest("sha1", b"other")).status_code == 460
    assert door.begin(50, VIDEO[:100]).status_code == 413
    wrong = metadata(filename="a.mp4", sha256="0" * 64)
    assert door.begin(SIZE, VIDEO, Upload_Metadata=wrong).status_code == 422
    left = [p.name for p in door.site.services.layout.incoming.iterdir() if p.suffix == ".part"]
    assert (left, door.listed()) == ([], [])


def test_length_may_come_later_and_then_stays(door: Door) -> None:
    path = door.place(None, Upload_Defer_Length="1")
    assert door.send(path, 0, VIDEO[:100]).headers["Upload-Offset"] == "100"
    answer = door.ask("HEAD", path)
    assert answer.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in answer.headers
    assert door.send(path, 100, VIDEO[100:200], Upload_Length=str(SIZE)).status_code == 204
    answer = door.ask("HEAD", path)
    assert "Upload-Defer-Length" not in answer.headers
    assert answer.headers["Upload-Length"] == str(SIZE)
    assert door.send(path, 200, VIDEO[200:], Upload_Length=str(SIZE + 1)).status_code == 400
    assert door.offset(path) == 200
    assert door.send(path, 200, VIDEO[200:], Upload_Length=str(SIZE)).headers["Upload-Offset"] == str(SIZE)
    assert door.stored(door.listed()[0]) == VIDEO


def test_length_may_come_with_nothing_else(door: Door) -> None:
    path = door.place(None, Upload_Defer_Length="1")
    door.send(path, 0, VIDEO)
    assert door.listed() == []
    last = door.offset(path)
    assert door.send(path, last, VIDEO[last:], Upload_Length=str(SIZE)).headers["Upload-Offset"] == str(SIZE)
    assert door.stored(door.listed()[0]) == VIDEO


_EARLY: list[tuple[dict[str, str | None], int]] = [
    ({"Upload-Length": None}, 400), ({"Upload-Length": "-1"}, 400), ({"Upload-Length": "x"}, 400),
    ({"Upload-Defer-Length": "1"}, 400), ({"Upload-Length": None, "Upload-Defer-Length": "2"}, 400),
    ({"Upload-Length": "0"}, 422), ({"Upload-Length": str(10**15)}, 413), ({"Upload-Length": "9" * 5000}, 413),
    ({"Upload-Metadata": "filename"}, 201), ({"Upload-Metadata": "filename ?"}, 400),
    ({"Upload-Metadata": "filename YQ==\x85"}, 400), ({"Upload-Metadata": metadata(filename="a.exe")}, 415),
    ({"Upload-Metadata": metadata(ttl_hours="soon")}, 422), ({"Upload-Metadata": metadata(targets="no")}, 422),
    ({"Upload-Concat": "whole"}, 400), ({"Upload-Concat": "partial"}, 201), ({"Upload-Checksum": "md5 x"}, 400),
]  # fmt: skip


def test_creation_is_refused_early_and_plainly(door: Door) -> None:
    for headers, status in _EARLY:
        assert door.ask("POST", headers={"Upload-Length": "9", **headers}).status_code == status, headers


def test_length_told_late_may_not_be_too_large(open_site: Open) -> None:
    door = Door(open_site(UPLOAD_MAX_SIZE="1000"))
    assert door.begin(1001).status_code == 413
    path = door.place(None, Upload_Defer_Length="1")
    assert door.send(path, 0, VIDEO[:10], Upload_Length="1001").status_code == 413
    assert door.send(path, 0, VIDEO[:1001]).status_code == 413
    assert door.offset(path) <= 1000


def test_metadata_becomes_what_is_known_of_the_video(door: Door) -> None:
    words = metadata(
        filename="Ä b.mp4", filetype="text/html", title="Titel", description="Viel", tags="x, y", content_type="Raw",
        project_id="p1", source="phone", camera_id="c", start_time="2026-01-31T12:00:00Z", metadata='{"take": 3}',
        sha256=hashlib.sha256(VIDEO).hexdigest(), unknown="u",
    )  # fmt: skip
    door.begin(SIZE, VIDEO, Upload_Metadata=words)
    (video,) = door.listed()
    names = (
        "original_filename", "title", "description", "tags", "content_type", "project_id", "source", "camera_id",
        "metadata", "mime_type",
    )  # fmt: skip
    known = {name: video[name] for name in names}
    assert known == {
        "original_filename": "Ä b.mp4", "title": "Titel", "description": "Viel", "tags": ["x", "y"],
        "content_type": "Raw", "project_id": "p1", "source": "phone", "camera_id": "c", "metadata": {"take": 3},
        "mime_type": "video/mp4",
    }  # fmt: skip


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_with_another_checksum_are_dropped(door: Door, algorithm: str) -> None:
    path = door.place(SIZE)
    assert door.send(path, 0, VIDEO[:100], Upload_Checksum=digest(algorithm, VIDEO[:100])).status_code == 204
    wrong = door.send(path, 100, VIDEO[100:200], Upload_Checksum=digest(algorithm, VIDEO[100:201]))
    assert (wrong.status, wrong.get_json()["code"]) == ("460 Checksum Mismatch", "checksum-mismatch")
    assert door.offset(path) == 100
    bad_end = door.send(path, 100, VIDEO[100:], Upload_Checksum=digest(algorithm, VIDEO))
    assert (bad_end.status_code, door.offset(path), door.listed()) == (460, 100, [])
    assert door.send(path, 100, VIDEO[100:], Upload_Checksum=digest(algorithm, VIDEO[100:])).status_code == 204
    assert door.stored(door.listed()[0]) == VIDEO


def test_unknown_or_malformed_checksum_is_400_and_changes_nothing(door: Door) -> None:
    path = door.place(SIZE)
    for header in ("md5 CY9rzUYh03PK3k6DJie09g==", "sha1", "sha1 YQ==", "sha1 !", ""):
        assert door.send(path, 0, VIDEO[:100], Upload_Checksum=header).status_code == 400
    assert door.offset(path) == 0
