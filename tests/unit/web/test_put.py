"""PUT of a file: what is said in address, query and headers reaches the video; what is no whole file is refused."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Open, Site


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The door asks the same of either database."""
    return sqlite_url


def _put(site: Site, name: str = "a.mp4", content: bytes = VIDEO, **options: Any) -> TestResponse:
    return site.call("PUT", f"/uploads/{name}", data=content, **options)


def _saved(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 201, answer.get_data(as_text=True)
    schemas.Saved.model_validate(answer.get_json())
    return dict(answer.get_json())


def _refused(answer: TestResponse, status: int, code: str) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    schemas.Problem.model_validate(answer.get_json())
    assert answer.get_json()["code"] == code


def _digest(content: bytes, algorithm: str = "sha256") -> str:
    return f":{b64encode(hashlib.new(algorithm, content).digest()).decode()}:"


def _incoming(site: Site) -> list[Path]:
    return list(site.services.layout.incoming.iterdir())


def test_a_put_is_answered_as_a_form_is_with_the_same_facts(site: Site) -> None:
    query = "content_type=Tutorial&title=T&tags=x,y&tags=z&project_id=p&metadata=%7B%22take%22%3A3%7D"
    saved = _saved(_put(site, f"video.mp4?{query}"))
    assert (saved["filename"], saved["project_id"]) == ("Tutorial_video.mp4", "p")
    assert saved["checksum"] == f"sha256:{hashlib.sha256(VIDEO).hexdigest()}"
    video = site.call("GET", f"/api/videos/{saved['video_id']}").get_json()["video"]
    assert (video["title"], video["tags"], video["metadata"]) == ("T", ["x", "y", "z"], {"take": 3})


ODD_NAMES = [
    "Ünïcode – 日本.mp4", "with space & plus+.mp4", "100%.mp4", "semi;colon?.mp4", "..mp4", "a\\b.mp4", "C:\\a.mp4",
    "-rf.mp4", "quote'\".mp4", "new\nline.mp4", "e\u0301.mp4", "emoji😀.mp4", "x" * 250 + ".mp4",
]  # fmt: skip


def test_names_stay_as_they_are(site: Site) -> None:
    for name in ODD_NAMES:
        assert _saved(_put(site, quote(name, safe="")))["original_filename"] == name


def test_a_slash_is_no_part_of_a_name(site: Site) -> None:
    for name in ("a/b.mp4", "a%2Fb.mp4", "%2e%2e%2fb.mp4"):
        _refused(_put(site, name), 404, "not-found")


@pytest.mark.parametrize(
    ("headers", "query", "name"),
    [
        ({"Content-Disposition": 'inline; filename="b.mp4"'}, "", "b.mp4"),
        ({"Content-Disposition": "inline; filename=\"x.mp4\"; filename*=UTF-8''%C3%BC.mp4"}, "", "ü.mp4"),
        ({"Content-Disposition": "inline; filename*=iso-8859-1'de'%FC.mp4; filename=x.mp4"}, "", "ü.mp4"),
        ({"Content-Disposition": 'attachment; filename="a \\"b\\".mp4"'}, "?filename=c.mp4", 'a "b".mp4'),
        ({}, "?filename=c%20d.mp4", "c d.mp4"),
        ({"Upload-Metadata": f"filename {b64encode('é.mp4'.encode()).decode()},x"}, "", "é.mp4"),
        ({"Content-Disposition": "inline"}, "", "a.mp4"),
    ],
)
def test_a_name_that_is_told_counts_before_the_address(
    site: Site, headers: dict[str, str], query: str, name: str
) -> None:
    assert _saved(_put(site, f"a.mp4{query}", headers=headers))["original_filename"] == name


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
def test_a_digest_in_a_header_is_compared(site: Site, header: str) -> None:
    _saved(_put(site, headers={header: f"sha-256={_digest(VIDEO)}"}))
    _refused(_put(site, headers={header: f"sha-256={_digest(b'other')}"}), 422, "digest-mismatch")
    assert _incoming(site) == []


def test_a_digest_is_told_where_it_is_wanted(site: Site) -> None:
    wanted = _put(site, headers={"Want-Repr-Digest": "sha-512=9, sha-256=3"})
    assert wanted.headers["Repr-Digest"] == f"sha-256={_digest(VIDEO)}"
    for unwanted in ("sha-256=0", "sha-512=3", "sha-256=:AA==:"):
        assert "Repr-Digest" not in _put(site, headers={"Want-Repr-Digest": unwanted}).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Repr-Digest": "sha-256"},
        {"Repr-Digest": "sha-256=:AAAA:"},
        {"Repr-Digest": "sha-256=:not base64:"},
        {"Repr-Digest": "sha-256=5"},
        {"Content-Digest": "sha-512=:AAAA:"},
        {"Content-Digest": "SHA-256=x"},
        {"Repr-Digest": f"sha-256={_digest(b'x')}", "Content-Digest": f"sha-256={_digest(b'y')}"},
        {"Content-Range": "bytes 5-9/10"},
    ],
)
def test_headers_that_make_no_sense_are_refused(site: Site, headers: dict[str, str]) -> None:
    _refused(_put(site, headers=headers), 400, "bad-request")
    assert _incoming(site) == []


def test_digests_of_unknown_algorithms_do_not_matter(site: Site) -> None:
    _saved(_put(site, headers={"Repr-Digest": "md5=:AAAA:, unixsum=5", "Content-Digest": ""}))


def test_what_can_never_be_saved_is_refused_early(open_site: Open) -> None:
    site = open_site(UPLOAD_MAX_SIZE="50000")
    _refused(_put(site, "a.exe"), 415, "extension-not-allowed")
    _refused(_put(site, content=bytes(50_001)), 413, "too-large")
    _refused(_put(site, content=b""), 422, "empty-file")
    _refused(_put(site, "a.mp4?ttl_hours=x"), 422, "bad-field")
    _refused(_put(site, "a.mp4?wait=99"), 422, "bad-field")
    _refused(_put(site, headers={"Content-Encoding": "gzip"}), 415, "unsupported-media-type")
    _refused(_put(site, content_type="multipart/form-data; boundary=x"), 415, "unsupported-media-type")
    _refused(_put(site, role="viewer"), 403, "forbidden")
    _refused(_put(site, role=None), 401, "unauthenticated")
    assert _incoming(site) == []


def test_the_same_idempotency_key_brings_the_same_video(site: Site) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = _put(site, headers=key), _put(site, headers=key)
    assert _saved(first)["video_id"] == _saved(again)["video_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    _refused(_put(site, content=VIDEO + b"x", headers=key), 422, "idempotency-key-reused")


def test_with_upload_complete_it_begins_a_resumable_upload(site: Site) -> None:
    begun = _put(site, "ü.mp4", content=VIDEO[:9], headers={"Upload-Complete": "?0"})
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "9")
    ended = site.call(
        "PATCH", begun.headers["Location"], data=VIDEO[9:], content_type="application/partial-upload",
        headers={"Upload-Complete": "?1", "Upload-Offset": "9"},
    )  # fmt: skip
    assert _saved(ended)["original_filename"] == "ü.mp4"
    refused = _put(site, "a.exe", headers={"Upload-Complete": "?1"})
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_transfer_coding_that_is_not_undone_is_refused_before_anything_is_kept(site: Site) -> None:
    answer = _put(site, headers={"Transfer-Encoding": "gzip, chunked"})
    assert (answer.status_code, answer.get_json()["success"]) == (501, False)
    assert "gzip, chunked" in answer.get_json()["error"]
    assert _incoming(site) == []
