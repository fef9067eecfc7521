"""The IETF draft's door, request by request: each status and header that the text demands, for both versions."""

from __future__ import annotations

from base64 import b64encode

import pytest
from sqlalchemy import text

from backend.catalog import tokens
from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.rufh_client import PART, address_of, append, create, limits, look, problem, saved

HALF = len(VIDEO) // 2


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The door asks the same of either database; what lies behind it is tested on both."""
    return sqlite_url


def test_a_creation_with_the_whole_file_is_answered_as_a_form_is(site: Site) -> None:
    answer = create(site, VIDEO, complete="?1", path="/uploads?filename=a.mp4&title=T&tags=x,y&content_type=Tutorial")
    told = saved(answer)
    assert told["filename"] == "Tutorial_a.mp4"
    assert look(site, address_of(answer)).headers["Upload-Complete"] == "?1"
    video = site.call("GET", f"/api/videos/{told['video_id']}").get_json()["video"]
    assert (video["title"], video["tags"]) == ("T", ["x", "y"])


@pytest.mark.parametrize(("version", "between", "lifetime"), [("8", 204, "max-age"), ("6", 201, "expires")])
def test_parts_one_after_the_other_become_the_file(site: Site, version: str, between: int, lifetime: str) -> None:
    speaks = {"Upload-Draft-Interop-Version": version}
    first = create(site, VIDEO[:10], headers={**speaks, "Upload-Length": str(len(VIDEO))})
    address = address_of(first)
    assert (first.headers["Upload-Complete"], first.headers["Upload-Offset"], first.data) == ("?0", "10", b"")
    assert limits(first)["max-size"] == site.services.settings.upload_max_size
    assert 23 * 3600 < limits(first)[lifetime] <= 24 * 3600
    second = append(site, address, 10, VIDEO[10:HALF], headers=speaks)
    assert (second.status_code, second.headers["Upload-Complete"]) == (between, "?0")
    assert second.headers["Upload-Offset"] == str(HALF)
    standing = look(site, address, headers=speaks)
    assert standing.status_code == 204
    assert standing.headers["Upload-Offset"] == str(HALF)
    assert standing.headers["Upload-Length"] == str(len(VIDEO))
    assert (standing.headers["Upload-Complete"], standing.headers["Cache-Control"]) == ("?0", "no-store")
    assert lifetime in limits(standing)
    saved(append(site, address, HALF, VIDEO[HALF:], complete="?1", headers=speaks))
    ended = look(site, address, headers=speaks)
    assert (ended.headers["Upload-Offset"], ended.headers["Upload-Complete"]) == (str(len(VIDEO)), "?1")


def test_get_tells_what_head_tells(site: Site) -> None:
    address = address_of(create(site, VIDEO[:10]))
    got = site.call("GET", address)
    assert (got.status_code, got.data, got.headers["Upload-Offset"]) == (204, b"", "10")
    assert got.headers["Cache-Control"] == "no-store"
    assert "Upload-Length" not in got.headers


def test_the_length_becomes_known_with_the_last_bytes(site: Site) -> None:
    address = address_of(create(site))
    assert append(site, address, 0, VIDEO[:HALF]).status_code == 204
    saved(append(site, address, HALF, VIDEO[HALF:], complete="?1"))


def test_an_empty_append_completes_what_is_all_there(site: Site) -> None:
    address = address_of(create(site, VIDEO))
    assert look(site, address).headers["Upload-Complete"] == "?0"
    saved(append(site, address, len(VIDEO), complete="?1"))


def test_an_upload_whose_bytes_are_all_there_is_complete_whatever_the_client_said(site: Site) -> None:
    answer = create(site, VIDEO, headers={"Upload-Length": str(len(VIDEO))})
    assert saved(answer)["size_bytes"] == len(VIDEO)
    assert (answer.headers["Upload-Complete"], answer.headers["Upload-Offset"]) == ("?1", str(len(VIDEO)))
    assert len(site.call("GET", "/api/videos/list").get_json()["videos"]) == 1
    saved(append(site, address_of(answer), len(VIDEO), complete="?1"))


def test_a_lost_final_answer_is_told_again_and_nothing_is_saved_twice(site: Site) -> None:
    address = address_of(create(site, VIDEO[:HALF]))
    first = saved(append(site, address, HALF, VIDEO[HALF:], complete="?1"))
    again = append(site, address, len(VIDEO), complete="?1")
    assert saved(again)["video_id"] == first["video_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(site.call("GET", "/api/videos/list").get_json()["videos"]) == 1


def test_nothing_is_added_to_a_completed_upload(site: Site) -> None:
    address = address_of(create(site, VIDEO, complete="?1"))
    for complete in ("?1", "?0"):
        told = append(site, address, len(VIDEO), b"more", complete=complete)
        problem(told, 400, "length-exceeded", "completed-upload")
        assert told.headers["Upload-Complete"] == "?0"
    problem(append(site, address, 3, b"more"), 409, "offset-mismatch", "mismatching-upload-offset")
    saved(append(site, address, len(VIDEO), complete="?1"))


def test_an_append_elsewhere_is_told_where_the_upload_goes_on(site: Site) -> None:
    address = address_of(create(site, VIDEO[:10], headers={"Upload-Length": str(len(VIDEO))}))
    for offset, complete in [(0, "?0"), (11, "?0"), (9, "?1")]:
        answer = append(site, address, offset, VIDEO[offset:HALF], complete=complete)
        told = problem(answer, 409, "offset-mismatch", "mismatching-upload-offset")
        assert (told["expected-offset"], told["provided-offset"]) == (10, offset)
        assert (answer.headers["Upload-Offset"], answer.headers["Upload-Complete"]) == ("10", "?0")
    saved(append(site, address, 10, VIDEO[10:], complete="?1"))


def test_lengths_that_differ_are_refused_and_the_upload_goes_on(site: Site) -> None:
    length = {"Upload-Length": str(len(VIDEO))}
    problem(create(site, VIDEO[:9], complete="?1", headers=length), 400, "inconsistent-length",
             "inconsistent-upload-length")  # fmt: skip
    address = address_of(create(site, VIDEO[:10], headers=length))
    for content, complete, more in [
        (VIDEO[10:HALF], "?1", {}),
        (VIDEO[10:], "?0", {"Upload-Length": "5"}),
        (b"", "?1", {}),
    ]:
        answer = append(site, address, 10, content, complete=complete, headers=more)
        problem(answer, 400, "inconsistent-length", "inconsistent-upload-length")
        assert (answer.headers["Upload-Offset"], answer.headers["Upload-Complete"]) == ("10", "?0")
    saved(append(site, address, 10, VIDEO[10:], complete="?1", headers=length))


@pytest.mark.parametrize(("version", "gone"), [("8", 410), ("6", 404)])
def test_bytes_beyond_the_length_end_the_upload(site: Site, version: str, gone: int) -> None:
    speaks = {"Upload-Draft-Interop-Version": version}
    address = address_of(create(site, VIDEO[:10], headers={**speaks, "Upload-Length": "20"}))
    answer = append(site, address, 10, VIDEO[10:31], headers=speaks)
    problem(answer, 400, "length-exceeded", "inconsistent-upload-length")
    assert look(site, address, headers=speaks).status_code == gone
    problem(append(site, address, 10, VIDEO[10:20], complete="?1", headers=speaks), gone, "upload-gone")


def test_a_cancelled_upload_is_no_more(site: Site) -> None:
    address = address_of(create(site, VIDEO[:10]))
    assert site.call("DELETE", address).status_code == 204
    assert look(site, address).status_code == 404
    assert list(site.services.layout.incoming.iterdir()) == []


@pytest.mark.parametrize("headers", [{"Content-Type": "video/mp4"}, {"Content-Type": ""}])
def test_an_append_of_another_type_is_refused(site: Site, headers: dict[str, str]) -> None:
    address = address_of(create(site, VIDEO[:10]))
    answer = append(site, address, 10, b"x", headers=headers)
    problem(answer, 415, "unsupported-media-type")
    assert answer.headers["Accept-Patch"] == PART


@pytest.mark.parametrize("value", ["", "1", "true", "?2", "?1, ?1", '"?1"'])
def test_without_upload_complete_nothing_is_begun_nor_added(site: Site, value: str) -> None:
    problem(create(site, VIDEO, complete=value), 400, "bad-request")
    address = address_of(create(site, VIDEO[:10]))
    problem(append(site, address, 10, b"x", complete=value), 400, "bad-request")


@pytest.mark.parametrize("value", ["", "-1", "1.0", "ten", "10, 10", "9" * 16])
def test_without_an_offset_nothing_is_added(site: Site, value: str) -> None:
    address = address_of(create(site, VIDEO[:10]))
    problem(append(site, address, 10, b"x", headers={"Upload-Offset": value}), 400, "bad-request")


def test_parameters_of_a_header_do_not_matter_and_a_length_of_another_type_is_ignored(site: Site) -> None:
    answer = create(site, VIDEO, complete="?1;why=because", headers={"Upload-Length": "about 5"})
    saved(answer)


def test_version_6_may_append_without_upload_complete(site: Site) -> None:
    speaks = {"Upload-Draft-Interop-Version": "6"}
    address = address_of(create(site, VIDEO, headers=speaks))
    last = append(site, address, len(VIDEO), complete="", headers={**speaks, "Upload-Length": str(len(VIDEO))})
    assert (last.status_code, last.headers["Upload-Offset"]) == (201, str(len(VIDEO)))
    assert len(site.call("GET", "/api/videos/list").get_json()["videos"]) == 1


def test_version_6_asks_and_cancels_without_headers_of_an_upload(site: Site) -> None:
    speaks = {"Upload-Draft-Interop-Version": "6"}
    address = address_of(create(site, VIDEO[:10], headers=speaks))
    assert look(site, address, headers={**speaks, "Upload-Offset": "10"}).status_code == 400
    problem(site.call("DELETE", address, headers={**speaks, "Upload-Complete": "?0"}), 400, "bad-request")
    assert look(site, address, headers=speaks).headers["Upload-Offset"] == "10"


def test_an_upload_of_one_version_is_continued_by_a_client_of_another(site: Site) -> None:
    old = {"Upload-Draft-Interop-Version": "6"}
    address = address_of(create(site, VIDEO[:10], headers=old))
    assert "expires" in limits(look(site, address))
    saved(append(site, address, 10, VIDEO[10:], complete="?1"))


def test_uploads_of_tus_are_not_found_here(site: Site) -> None:
    made = site.call("POST", "/files/", headers={
        "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"filename {b64encode(b'a.mp4').decode()}",
    })  # fmt: skip
    address = made.headers["Location"].removeprefix("http://localhost/files")
    assert look(site, f"/uploads{address}").status_code == 404


def test_draft_03_appends_without_a_media_type(site: Site) -> None:
    speaks = {"Upload-Draft-Interop-Version": "5"}
    address = address_of(create(site, VIDEO[:10], headers=speaks))
    saved(append(site, address, 10, VIDEO[10:], complete="?1", headers={**speaks, "Content-Type": ""}))


def test_a_token_for_some_projects_begins_nothing_in_others(site: Site) -> None:
    with site.services.database.write() as session:
        site.tokens["limited"] = tokens.create(session, "limited", tokens.Role.UPLOADER, ["mine"])[1]
    for method, path in [("POST", "/uploads?filename=a.mp4"), ("PUT", "/uploads/a.mp4?")]:
        refused = create(site, VIDEO, method=method, path=path, role="limited")
        problem(refused, 403, "forbidden")
        problem(create(site, VIDEO, method=method, path=f"{path}&project_id=other", role="limited"), 403, "forbidden")
        address_of(create(site, VIDEO, method=method, path=f"{path}&project_id=mine", role="limited"))
    assert site.call("PUT", "/uploads/a.mp4?project_id=other", "limited", data=VIDEO).status_code == 403
    assert site.call("PUT", "/uploads/a.mp4?project_id=mine", "limited", data=VIDEO).status_code == 201


def test_another_persons_upload_is_not_found(site: Site) -> None:
    address = address_of(create(site, VIDEO[:10], role="uploader"))
    assert look(site, address).status_code == 404
    problem(append(site, address, 10, VIDEO[10:], complete="?1"), 404, "not-found")
    problem(site.call("DELETE", address), 404, "not-found")
    assert look(site, address, role="uploader").headers["Upload-Offset"] == "10"
    problem(append(site, address, 10, b"x", role="viewer"), 403, "forbidden")
    problem(append(site, address, 10, b"x", role=None), 401, "unauthenticated")


def test_options_tell_the_limits_to_everybody(open_site: Open) -> None:
    site = open_site(UPLOAD_MAX_SIZE="50000", INCOMPLETE_TTL_HOURS="2")
    for path in ("/uploads", "/uploads/", "/uploads/a.mp4"):
        answer = site.call("OPTIONS", path, role=None)
        assert answer.status_code in (200, 204)
        assert limits(answer) == {"max-size": 50_000, "min-size": 1, "max-age": 7200}
        assert answer.headers["Accept-Patch"] == PART


def test_options_tell_the_limits_where_nobody_signs_in(open_site: Open) -> None:
    site = open_site(AUTH_MODE="open")
    answer = site.client.options("/uploads", headers={"Upload-Draft-Interop-Version": "6"})
    assert answer.status_code == 200
    assert limits(answer)["expires"] == 24 * 3600
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_creation_is_refused_before_its_bytes_where_it_can_never_be_saved(open_site: Open) -> None:
    site = open_site(UPLOAD_MAX_SIZE="50000")
    too_large = create(site, headers={"Upload-Length": "50001"})
    problem(too_large, 413, "too-large")
    assert limits(too_large)["max-size"] == 50_000
    assert too_large.headers["Upload-Complete"] == "?1"
    for answer, status, code in [
        (create(site, path="/uploads?filename=a.exe"), 415, "extension-not-allowed"),
        (create(site, path="/uploads?filename=a.mp4&ttl_hours=soon"), 422, "bad-field"),
        (create(site, path="/uploads?filename=a.mp4&wait=900"), 422, "bad-field"),
        (create(site, path="/uploads?filename=a.mp4&targets=nowhere"), 422, "bad-field"),
        (create(site, complete="?1"), 422, "empty-file"),
        (create(site, VIDEO, headers={"Content-Encoding": "gzip"}), 415, "unsupported-media-type"),
        (create(site, VIDEO, headers={"Content-Type": "multipart/form-data; boundary=x"}), 415,
         "unsupported-media-type"),
    ]:  # fmt: skip
        problem(answer, status, code)
    assert list(site.services.layout.incoming.iterdir()) == []


def test_a_method_that_a_client_cannot_send_comes_in_a_header(site: Site) -> None:
    """An option of tus-js-client, in its IETF mode too."""
    address = address_of(create(site, VIDEO[:10]))
    headers = {"Upload-Complete": "?1", "Upload-Offset": "10", "Content-Type": PART, "X-HTTP-Method-Override": "PATCH"}
    saved(site.call("POST", address, data=VIDEO[10:], headers=headers))


def test_a_head_that_cannot_be_answered_now_says_locked(site: Site) -> None:
    """Clients take a 5xx for the end of an upload, and begin anew."""
    address = address_of(create(site, VIDEO[:10]))
    with site.services.database.write() as session:
        session.execute(text("ALTER TABLE tokens RENAME TO away"))
    assert site.call("GET", address).status_code >= 500
    locked = look(site, address)
    assert (locked.status_code, locked.headers["Retry-After"]) == (423, "10")


def test_a_save_that_failed_on_our_side_is_tried_again_with_the_last_byte(site: Site) -> None:
    """The offset must not say "all is there" before all is saved: clients take that for success."""
    with site.services.database.write() as session:
        session.execute(text("ALTER TABLE videos RENAME TO away"))
    failed = create(site, VIDEO, complete="?1")
    assert failed.status_code >= 500
    assert (failed.headers["Upload-Complete"], failed.headers["Upload-Offset"]) == ("?0", str(len(VIDEO) - 1))
    with site.services.database.write() as session:
        session.execute(text("ALTER TABLE away RENAME TO videos"))
    address = failed.headers["Location"].removeprefix("http://localhost")
    offset = int(look(site, address).headers["Upload-Offset"])
    saved(append(site, address, offset, VIDEO[offset:], complete="?1"))
    assert len(site.call("GET", "/api/videos/list").get_json()["videos"]) == 1
