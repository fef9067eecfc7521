"""What the emulated VMS takes about footage: bookmarks, evidence locks and events, with their odd rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.services.vms.caller import Caller
from tests.services.vms.model import written
from tests.services.vms.server import Vms, running_vms

NOW = datetime(2026, 2, 27, 8, 13, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def vms() -> Iterator[Vms]:
    with running_vms() as found:
        found.install(cameras=3)
        yield found


@pytest.fixture
def caller(vms: Vms) -> Iterator[Caller]:
    found = Caller(vms)
    yield found
    found.close()


@pytest.fixture
def camera(vms: Vms) -> str:
    return vms.cameras[0].id


def array(caller: Caller, path: str) -> list[dict[str, Any]]:
    answer = caller.rest("GET", path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["array"]
    return found


@pytest.mark.parametrize("kind", ["bookmarks", "evidenceLocks"])
def test_bookmarks_and_locks_have_no_list(caller: Caller, kind: str) -> None:
    answer = caller.rest("GET", kind)
    assert (answer.status_code, answer.json()["error"]["details"][0]["errorText"]) == (400, "Unknown request")


def test_a_bookmark_is_found_by_its_time_and_words(vms: Vms, caller: Caller, camera: str) -> None:
    made = caller.bookmark(camera, NOW, NOW + MINUTE, "video-1")
    assert made.status_code == 201
    caller.bookmark(camera, NOW, NOW + MINUTE, "video-2")
    caller.bookmark(vms.cameras[1].id, NOW, NOW + MINUTE, "video-1")
    wanted = made.json()["data"]["id"]
    assert caller.data(f"bookmarks/{wanted}")["reference"] == "video-1"

    def found(**asked: Any) -> list[str]:
        answer = caller.rest(
            "POST", "bookmarks?task=searchTime", {"deviceIds": [camera], "searchText": "video-1", **asked}
        )
        return [one["id"] for one in answer.json()["array"]]

    assert found(time=written(NOW), timeSpanBefore=1, timeSpanAfter=1) == [wanted]
    assert found(time=written(NOW), timeLimit=1_000_000) == [wanted]
    vms.faults.finds_no_bookmarks = True
    assert found(time=written(NOW), timeLimit=1_000_000) == []
    vms.faults.finds_no_bookmarks = False
    assert found(time=written(NOW + 2 * MINUTE), timeLimit=-90_000_000) == [wanted]
    assert found(time=written(NOW + 2 * MINUTE), timeSpanBefore=30, timeSpanAfter=30) == []
    assert caller.rest("DELETE", f"bookmarks/{wanted}").status_code == 200
    assert caller.rest("GET", f"bookmarks/{wanted}").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"timeBegin": "2026-02-27T08:13:50"},
        {"timeTriggered": written(NOW - MINUTE)},
        {"devicePath": {"type": "cameras", "id": "nobody"}},
        {"devicePath": {"type": "hardware", "id": "nobody"}},
        {"header": ""},
        {"deviceId": "x"},
    ],
)
def test_a_bookmark_must_make_sense(vms: Vms, caller: Caller, camera: str, changed: dict[str, Any]) -> None:
    body = {"header": "x", "timeBegin": written(NOW), "timeTriggered": written(NOW), "timeEnd": written(NOW + MINUTE)}
    body |= {"devicePath": {"type": "cameras", "id": camera}} | changed
    assert caller.rest("POST", "bookmarks", body).status_code == 400
    assert vms.every("bookmarks") == []


def test_an_evidence_lock_lives_until_it_is_deleted(vms: Vms, caller: Caller, camera: str) -> None:
    made = caller.lock([camera], NOW, NOW + MINUTE)
    told = made.json()["data"]
    assert (made.status_code, told["user"], told["retentionSize"]) == (201, vms.username, 0)
    assert told["retentionOption"]["retentionUnits"] == -1
    path = f"evidenceLocks/{told['id']}"
    assert caller.rest("PATCH", path, {"header": "Other"}).json()["data"]["header"] == "Other"
    assert caller.rest("PATCH", path, {"startTime": written(NOW)}).status_code == 400
    assert [caller.rest("DELETE", path).status_code for _ in range(2)] == [200, 404]
    vms.faults.not_corporate = True
    assert caller.lock([camera], NOW, NOW + MINUTE).status_code == 400
    assert vms.every("evidenceLocks") == []


def test_only_user_defined_events_are_triggered(vms: Vms, caller: Caller) -> None:
    kind = caller.rest("POST", "userDefinedEvents", {"name": "Recording arrived"}).json()["data"]["id"]
    assert [one["id"] for one in array(caller, "userDefinedEvents?name='Recording arrived'")] == [kind]
    assert caller.rest("POST", "events", {"type": kind}).status_code == 202
    assert caller.rest("POST", "events", {"type": "System"}).status_code == 400
    assert [one.fields["type"] for one in vms.every("events")] == [kind]
    assert caller.rest("POST", "events", {"type": kind, "data": {}}).status_code == 400
    raised = vms.every("events")[0].id
    assert (caller.rest("GET", f"events/{raised}").status_code, array(caller, "events")) == (404, [])
    vms.faults.keeps_events = True
    assert (caller.data(f"events/{raised}")["type"], caller.ids("events")) == (kind, [raised])
    vms.faults.rich_events = True
    assert caller.rest("POST", "events", {"type": kind, "data": {}}).status_code == 202
