"""The tus door: expiration, termination and concatenation; whose an upload is; and what a fault of ours looks like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Response
from werkzeug.test import TestResponse

from backend.catalog import tokens
from backend.web.problems import spare_head
from tests.unit.web.conftest import VIDEO, Site
from tests.unit.web.tus_client import BYTES, Door, metadata

SIZE = len(VIDEO)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind is enough here: the door itself asks no database."""
    return sqlite_url


@pytest.fixture
def door(site: Site) -> Door:
    return Door(site)


def test_expired_upload_is_gone(door: Door) -> None:
    path = door.place(SIZE)
    door.send(path, 0, VIDEO[:100])
    for file in door.site.services.layout.incoming.iterdir():
        os.utime(file, (1, 1))
    assert door.ask("HEAD", path).status_code == 410
    assert door.send(path, 100, VIDEO[100:]).status_code == 410
    assert door.listed() == []


def test_terminated_upload_frees_its_bytes(door: Door) -> None:
    path = door.place(SIZE)
    door.send(path, 0, VIDEO[:100])
    assert door.ask("DELETE", path).status_code == 204
    assert list(door.site.services.layout.incoming.glob("*.part")) == []
    for answer in (door.ask("HEAD", path), door.send(path, 100, b"x"), door.ask("DELETE", path)):
        assert answer.status_code in (404, 410)
        assert "Upload-Offset" not in answer.headers


def test_terminating_a_finished_upload_keeps_the_video(door: Door) -> None:
    path = door.place(SIZE)
    door.send(path, 0, VIDEO)
    assert door.ask("DELETE", path).status_code == 204
    assert door.ask("HEAD", path).status_code in (404, 410)
    assert door.stored(door.listed()[0]) == VIDEO


def _parts(door: Door, *contents: bytes) -> list[str]:
    return [door.place(len(c), c, Upload_Concat="partial", Upload_Metadata=None) for c in contents]


def test_parts_become_one_video_in_the_order_named(door: Door) -> None:
    first, second, third = _parts(door, VIDEO[:5000], VIDEO[5000:9000], VIDEO[9000:])
    assert door.listed() == []
    part = door.ask("HEAD", second)
    assert (part.headers["Upload-Concat"], part.headers["Upload-Offset"], part.headers["Upload-Length"]) == (
        "partial", "4000", "4000",
    )  # fmt: skip
    words = f"final;{first} http://localhost{second} {third.removeprefix('/files/')}"
    path = door.place(None, Upload_Concat=words)
    (video,) = door.listed()
    assert door.stored(video) == VIDEO
    assert video["original_filename"] == "a.mp4"
    final = door.ask("HEAD", path)
    told = {
        name: final.headers.get(name) for name in ("Upload-Offset", "Upload-Length", "Upload-Concat", "Upload-Metadata")
    }
    assert told == {
        "Upload-Offset": str(SIZE), "Upload-Length": str(SIZE), "Upload-Concat": words,
        "Upload-Metadata": metadata(filename="a.mp4"),
    }  # fmt: skip


@pytest.mark.parametrize("order", [(1, 0), (0, 1, 0), (1, 1, 1)])
def test_order_and_repetition_are_the_clients(door: Door, order: tuple[int, ...]) -> None:
    contents = [VIDEO[:5000], VIDEO[5000:]]
    places = _parts(door, *contents)
    answer = door.begin(None, Upload_Concat="final;" + " ".join(places[at] for at in order))
    assert answer.status_code == 201
    assert door.stored(door.listed()[0]) == b"".join(contents[at] for at in order)


def test_concatenation_whose_answer_was_lost_is_answered_again_with_the_same_video(door: Door) -> None:
    words = "final;" + " ".join(_parts(door, VIDEO[:5000], VIDEO[5000:]))
    first, again = door.begin(None, Upload_Concat=words), door.begin(None, Upload_Concat=words)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["Location"] == again.headers["Location"]
    assert len(door.listed()) == 1


def test_final_upload_takes_no_bytes(door: Door) -> None:
    parts = _parts(door, VIDEO)
    path = door.place(None, Upload_Concat=f"final;{parts[0]}")
    assert door.send(path, SIZE, b"more").status_code == 403
    assert door.send(path, 0, VIDEO).status_code == 403
    assert door.offset(path) == SIZE
    assert door.begin(None, b"bytes", Upload_Concat=f"final;{parts[0]}").status_code == 403


def test_unfinished_or_foreign_parts_make_nothing(door: Door) -> None:
    (done,) = _parts(door, VIDEO[:100])
    open_part = door.place(100, Upload_Concat="partial")
    for other in (open_part, "/files/none", door.place(SIZE)):
        answer = door.begin(None, Upload_Concat=f"final;{done} {other}")
        assert 400 <= answer.status_code < 500
    assert door.begin(5, Upload_Concat=f"final;{done}").status_code == 400
    assert door.begin(None, role="operator", Upload_Concat=f"final;{done}").status_code == 404
    assert door.listed() == []


def test_uploads_are_their_owners_alone(door: Door) -> None:
    path = door.place(SIZE, role="uploader")
    for role in ("operator", "service"):
        assert door.ask("HEAD", path, role).status_code == 404
        assert door.send(path, 0, VIDEO, role).status_code == 404
        assert door.ask("DELETE", path, role).status_code == 404
    assert door.ask("HEAD", path, None).status_code == 401
    assert door.ask("HEAD", path, "viewer").status_code == 403
    assert door.send(path, 0, VIDEO, "uploader").status_code == 204


def test_right_is_asked_with_every_request(door: Door) -> None:
    path = door.place(SIZE, role="uploader")
    assert door.send(path, 0, VIDEO[:10], "uploader").status_code == 204
    with door.site.services.database.write() as session:
        tokens.revoke(session, "uploader")
    assert door.send(path, 10, VIDEO[10:], "uploader").status_code == 401
    assert door.listed() == []


def test_token_for_some_projects_uploads_into_those(door: Door) -> None:
    with door.site.services.database.write() as session:
        _, door.site.tokens["limited"] = tokens.create(session, "limited", "uploader", ["mine"])
    assert door.begin(SIZE, role="limited").status_code == 403
    mine = metadata(filename="a.mp4", project_id="mine")
    assert door.begin(SIZE, role="limited", Upload_Metadata=metadata(project_id="other")).status_code == 403
    part = door.place(SIZE, VIDEO, role="limited", Upload_Concat="partial", Upload_Metadata=None)
    assert door.begin(None, role="limited", Upload_Concat=f"final;{part}").status_code == 403
    assert door.begin(None, role="limited", Upload_Concat=f"final;{part}", Upload_Metadata=mine).status_code == 201


def test_no_id_reaches_beyond_the_uploads(door: Door) -> None:
    for name in ("..", ".", "%2e%2e", "..%2f..%2fcatalog", "x" * 300, "%00", "%0d%0aX-Evil:%201", "ä"):
        for method in ("HEAD", "PATCH", "DELETE"):
            answer = door.ask(method, f"/files/{name}", headers={"Upload-Offset": "0", "Content-Type": BYTES})
            assert answer.status_code in (404, 405), name
            assert "X-Evil" not in answer.headers


def test_head_is_423_where_our_disk_fails(door: Door) -> None:
    path = door.place(SIZE)
    notes = door.site.services.layout.incoming / f"{path.removeprefix('/files/')}.upload"
    notes.unlink()
    notes.mkdir()
    _is_for_later(door.ask("HEAD", path))
    assert door.send(path, 0, VIDEO).status_code >= 500


def test_head_is_423_while_the_database_is_away(door: Door, tmp_path: Path) -> None:
    path = door.place(SIZE)
    (tmp_path / "catalog.db").rename(tmp_path / "away.db")
    door.site.services.database.close()
    _is_for_later(door.ask("HEAD", path))
    assert door.send(path, 0, VIDEO[:10]).status_code == 503


@pytest.mark.parametrize("status", [429, 500, 502, 503, 507])
def test_no_fault_of_ours_makes_a_client_begin_anew(status: int) -> None:
    answer = Response("words", status=status, headers={"Retry-After": "60"})
    spare_head(answer)
    assert (answer.status_code, answer.headers["Retry-After"], answer.get_data()) == (423, "60", b"")
    for final in (200, 401, 404, 410):
        answer = Response("words", status=final)
        spare_head(answer)
        assert (answer.status_code, answer.get_data()) == (final, b"")


def _is_for_later(answer: TestResponse) -> None:
    assert (answer.status_code, answer.get_data()) == (423, b"")
    assert int(answer.headers["Retry-After"]) > 0
