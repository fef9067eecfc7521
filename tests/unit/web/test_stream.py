"""`GET /api/events`: whoever listens hears everything once, in order, and only what they may hear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from backend.catalog import events, tokens
from backend.catalog.models import Event, Token
from backend.events import NAMES, TARGET_PARKED
from backend.web import stream
from tests.services.waiting import wait_until
from tests.unit.web.conftest import Open, Site

Heard = dict[str, Any]


@contextmanager
def listening(site: Site, query: str = "", role: str = "admin", **headers: str) -> Iterator[Iterator[Heard]]:
    """What is heard, one after the other; the listener is gone at the end."""
    answer = site.call("GET", f"/api/events{query}", role, headers=headers, buffered=False)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "text/event-stream"
    with closing(answer):
        yield _parsed(answer)


def _text(piece: object) -> str:
    return piece.decode() if isinstance(piece, bytes) else str(piece)


def _parsed(answer: TestResponse) -> Iterator[Heard]:
    """As a browser reads it: a block without data is no event, but its `id` counts."""
    for text in answer.response:
        for block in _text(text).removesuffix("\n\n").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "data" in fields:
                yield {**fields, "data": json.loads(fields["data"])}


def park(site: Site, target: str) -> None:
    with site.services.database.write() as session:
        events.append(session, TARGET_PARKED, target=target)


def listeners(site: Site) -> int:
    return site.services.tail._listeners


def test_what_happens_is_heard_as_it_happens_in_the_form_that_everybody_gets(site: Site) -> None:
    with listening(site) as heard:
        saved = site.upload().get_json()
        one = next(heard)
        assert one["event"] == one["data"]["type"] == "video_added"
        assert one["data"]["data"]["video_id"] == saved["video_id"]
        assert set(one["data"]) == {"id", "type", "timestamp", "data"}
        site.call("DELETE", f"/api/videos/{saved['video_id']}")
        assert next(heard)["event"] == "video_deleted"


def test_who_comes_back_hears_what_was_missed_and_nothing_twice(site: Site) -> None:
    with listening(site) as heard:
        park(site, "one")
        place = next(heard)["id"]
    for name in ("two", "three"):
        park(site, name)
    with listening(site, **{"Last-Event-ID": place}) as heard:
        assert [next(heard)["data"]["data"]["target"] for _ in range(2)] == ["two", "three"]
    with listening(site, "?after=0-0", **{"Last-Event-ID": place}) as heard:
        assert next(heard)["data"]["data"]["target"] == "two"
    with listening(site, "?after=0-0") as heard:
        assert next(heard)["data"]["data"]["target"] == "one"


def test_a_listener_with_a_page_of_news_behind_it_catches_up(site: Site) -> None:
    with site.services.database.write() as session:
        for number in range(450):
            events.append(session, TARGET_PARKED, target=str(number))
    with listening(site, "?after=0-0") as heard:
        assert [next(heard)["data"]["data"]["target"] for _ in range(450)] == [str(n) for n in range(450)]
        park(site, "news")
        assert next(heard)["data"]["data"]["target"] == "news"


@pytest.mark.parametrize("kept", ["0-1", "9999999999-1", "nonsense", ""])
def test_a_place_that_is_not_kept_or_never_was_is_told_as_a_reset_and_news_follow(site: Site, kept: str) -> None:
    for name in ("old", "newer"):
        park(site, name)
    with site.services.database.write() as session:
        first = select(func.min(Event.seq)).scalar_subquery()
        session.execute(update(Event).where(Event.seq == first).values(at=datetime.now(UTC) - timedelta(days=9)))
        assert events.prune(session, datetime.now(UTC) - timedelta(days=7)) == 1
    with listening(site, **{"Last-Event-ID": kept}) as heard:
        assert next(heard)["event"] == "reset"
        park(site, "news")
        assert next(heard)["data"]["data"]["target"] == "news"


def test_only_the_types_and_the_project_that_were_asked_for(site: Site) -> None:
    with listening(site, "?types=video_deleted,target_parked") as heard:
        video_id = site.upload().get_json()["video_id"]
        park(site, "nas")
        assert next(heard)["event"] == "target_parked"
        site.call("DELETE", f"/api/videos/{video_id}")
        assert next(heard)["event"] == "video_deleted"
    with listening(site, "?project_id=b&after=0-0") as heard:
        site.upload(project_id="a")
        site.upload(project_id="b")
        assert next(heard)["data"]["data"]["project_id"] == "b"


def test_a_token_that_is_limited_to_projects_hears_of_those_only(site: Site) -> None:
    with site.services.database.write() as session:
        site.tokens["limited"] = tokens.create(session, "limited", "viewer", ["b"])[1]
    park(site, "nas")
    site.upload(project_id="a")
    saved = site.upload(project_id="b").get_json()
    for place in ("?after=0-0", "?after=0-0&project_id=b"):
        with listening(site, place, "limited") as heard:
            assert next(heard)["data"]["data"]["video_id"] == saved["video_id"]
    refused = site.call("GET", "/api/events?project_id=a", "limited")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")


def test_a_stranger_hears_nothing(site: Site) -> None:
    assert site.call("GET", "/api/events", None).status_code == 401
    assert listeners(site) == 0


@pytest.mark.parametrize("query", ["types=video_addedd", "after=x", "after=1", "after=0-0&after=0-1"])
def test_a_query_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    answer = site.call("GET", f"/api/events?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")


def test_every_type_can_be_asked_for(site: Site) -> None:
    with listening(site, f"?types={','.join(NAMES)}") as heard:
        park(site, "nas")
        assert next(heard)["event"] == "target_parked"


def test_a_revoked_token_hears_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_ASK_AGAIN_SECONDS", 0.0)
    with listening(site, role="viewer") as heard:
        park(site, "one")
        assert next(heard)["event"] == "target_parked"
        with site.services.database.write() as session:
            session.execute(update(Token).where(Token.name == "viewer").values(revoked_at=datetime.now(UTC)))
        assert next(heard, None) is None


def test_too_many_are_told_to_come_again_and_a_place_that_is_left_is_free(open_site: Open) -> None:
    site = open_site(WEB_THREADS="8")
    with listening(site), listening(site):
        answer = site.call("GET", "/api/events")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "crowded")
        assert answer.headers["Retry-After"]
        assert "share one listener" in answer.get_json()["error"]
    with listening(site) as heard:
        park(site, "nas")
        assert next(heard)["event"] == "target_parked"


def test_who_never_reads_and_who_asks_for_the_head_only_leave_nothing_behind(site: Site) -> None:
    assert site.call("HEAD", "/api/events").status_code == 200
    answer = site.call("GET", "/api/events", buffered=False)
    assert listeners(site) == 1
    answer.close()
    wait_until(lambda: site.services.tail._thread is None, "the last listener's thread to end")
    assert listeners(site) == 0


def test_a_quiet_stream_says_that_it_is_alive_and_where_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_QUIET_SECONDS", 0.0)
    answer = site.call("GET", "/api/events?types=video_added", buffered=False)
    with closing(answer):
        texts = iter(answer.response)
        begin = _text(next(texts))
        assert begin.startswith("retry: ")
        park(site, "nas")
        with site.services.database.read() as session:
            place = events.newest(session)
        wait_until(lambda: _text(next(texts)) == f": still here\nid: {place}\n\n", "a place further on")
