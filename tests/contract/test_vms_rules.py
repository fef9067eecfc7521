"""The emulated VMS's odd rules: what is refused, what is hidden, what must be done first, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.services.vms.caller import Caller
from tests.services.vms.faults import Drop, Slow, Status
from tests.services.vms.model import written
from tests.services.vms.server import Vms, running_vms

NOW = datetime(2026, 2, 27, 8, 13, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"


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


def test_disabled_objects_show_only_when_asked_for(vms: Vms, caller: Caller, camera: str) -> None:
    assert caller.rest("PATCH", f"cameras/{camera}", {"enabled": False}).json()["data"]["enabled"] is False
    assert camera not in caller.ids("cameras")
    assert camera in caller.ids("cameras?disabled")
    hardware = vms.every("hardware")[0].id
    assert len(caller.ids(f"hardware/{hardware}/cameras")) == 2
    assert len(caller.ids(f"hardware/{hardware}/cameras?disabled")) == 3


def test_lists_come_by_pages(caller: Caller) -> None:
    every = caller.ids("cameras")
    assert [caller.ids(f"cameras?page={page}&size=2") for page in range(3)] == [every[:2], every[2:], []]
    for wrong in ("page=-1&size=2", "page=0&size=0", "page=x"):
        assert caller.rest("GET", f"cameras?{wrong}").status_code == 400


@pytest.mark.parametrize(
    ("condition", "channels"),
    [
        ("name=contains:'camera 2'", [1]),
        ("name=startsWith:'Maker'", [0, 1, 2]),
        ("name=startsWith:Camera", []),
        ("name='Maker Model (127.0.0.1) - Camera 3'", [2]),
        ("name=notEquals:'Maker Model (127.0.0.1) - Camera 3'", [0, 1]),
        ("channel=lt:1", [0]),
        ("channel=gt:0", [1, 2]),
        ("channel=gt:0&name=contains:3", [2]),
        ("enabled=true", [0, 1, 2]),
    ],
)
def test_lists_are_filtered(caller: Caller, condition: str, channels: list[int]) -> None:
    assert [one["channel"] for one in array(caller, f"cameras?{condition}")] == channels


def test_an_object_says_whose_it_is_and_hides_the_devices_secrets(vms: Vms, caller: Caller, camera: str) -> None:
    shown = caller.data(f"cameras/{camera}")
    hardware = vms.every("hardware")[0]
    assert shown["relations"] == {
        "self": {"type": "cameras", "id": camera},
        "parent": {"type": "hardware", "id": hardware.id},
    }
    assert caller.data(f"storages/{shown['recordingStorage']['id']}")["retainMinutes"] > 0
    told = str(caller.data(f"hardware/{hardware.id}")) + str(shown)
    assert not any(secret in told for secret in ("of the device", "mac of", "source-0", "profile-0"))


def test_footage_ages_by_the_last_archive_and_what_is_locked_stays(vms: Vms, caller: Caller, camera: str) -> None:
    vms.retain(7, 30, 90)
    storage = caller.data(f"cameras/{camera}")["recordingStorage"]["id"]
    archives = array(caller, f"storages/{storage}/archiveStorages")
    assert [one["retainMinutes"] // 1440 for one in archives] == [30, 90]
    start = vms.world.now() - timedelta(days=80)
    vms.record(camera, start, start + 2 * MINUTE)
    body = {
        "header": "Case", "startTime": written(start), "tagTime": written(start), "endTime": written(start + MINUTE),
        "reference": "v", "retentionOption": {"retentionType": "Indefinite", "retentionUnits": -1},
        "devicePaths": [{"type": "cameras", "id": camera}],
    }  # fmt: skip
    lock = caller.rest("POST", "evidenceLocks", body).json()["data"]["id"]
    vms.advance(timedelta(days=9).total_seconds())
    assert len(vms.frames(camera)) == 121, "not yet"
    vms.advance(timedelta(days=2).total_seconds())
    assert [one.at for one in vms.frames(camera)] == [start + timedelta(seconds=n) for n in range(61)]
    vms.world.remove(vms.world.get("evidenceLocks", lock))
    assert vms.frames(camera) == []


@pytest.mark.parametrize("body", [{"enabled": False, "nonsense": 1}, {"enabled": "false"}, {"channel": 7}, {"id": "x"}])
def test_a_change_is_made_whole_or_not_at_all(caller: Caller, camera: str, body: dict[str, Any]) -> None:
    before = caller.data(f"cameras/{camera}")
    assert caller.rest("PATCH", f"cameras/{camera}", body).status_code == 400
    assert caller.data(f"cameras/{camera}") == before


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
    vms.faults.rich_events = True
    assert caller.rest("POST", "events", {"type": kind, "data": {}}).status_code == 202


@pytest.mark.parametrize(
    ("changed", "of"),
    [({"enabled": False}, "camera"), ({"edgeStorageEnabled": False}, "camera"), ({"enabled": False}, "hardware")],
)
def test_nothing_is_fetched_for_what_is_not_enabled(
    vms: Vms, caller: Caller, camera: str, changed: dict[str, Any], of: str
) -> None:
    path = f"cameras/{camera}" if of == "camera" else f"hardware/{vms.every('hardware')[0].id}"
    assert caller.rest("PATCH", path, changed).status_code == 200
    assert caller.retrieve(camera, NOW, NOW + MINUTE).status_code == 400
    assert vms.every("tasks") == []


def test_edge_storage_may_not_be_there_at_all(vms: Vms, caller: Caller, camera: str) -> None:
    vms.faults.edge_storage_unsupported = True
    answer = caller.rest("PATCH", f"cameras/{camera}", {"edgeStorageEnabled": True})
    assert answer.status_code == 200
    assert caller.data(f"cameras/{camera}")["edgeStorageEnabled"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"startTime": written(NOW)},
        {"startTime": written(NOW), "endTime": written(NOW)},
        {"startTime": "2026-02-27T08:13:50", "endTime": written(NOW)},
        {"startTime": written(NOW), "endTime": written(NOW + MINUTE), "nonsense": 1},
    ],
)
def test_an_interval_must_make_sense(caller: Caller, camera: str, body: dict[str, Any]) -> None:
    assert caller.rest("POST", f"cameras/{camera}?task=RetrieveEdgeStorage", body).status_code == 400


def test_a_task_goes_on_until_it_is_stopped_and_is_then_cleaned_up(vms: Vms, caller: Caller, camera: str) -> None:
    vms.faults.stuck()
    started = caller.retrieve(camera, NOW, NOW + MINUTE)
    path = f"tasks/{started.json()['result']['path']['id']}"
    assert caller.data(path)["state"] == "InProgress"
    assert caller.rest("POST", f"{path}?task=TaskCleanup").status_code == 400
    assert caller.rest("POST", f"{path}?task=TaskStop").status_code == 200
    ended = caller.finished(started)
    assert (ended["state"], ended["errorText"]) == ("Error", "The task was stopped.")
    assert caller.rest("POST", f"{path}?task=TaskCleanup").status_code == 200
    assert caller.rest("GET", path).status_code == 404


def test_tasks_fail_in_their_own_words(vms: Vms, caller: Caller, camera: str) -> None:
    vms.faults.task_error("The disk is full.", 77)
    vms.faults.overlap()
    ended = [caller.finished(caller.retrieve(camera, NOW, NOW + MINUTE)) for _ in range(3)]
    assert [one["state"] for one in ended] == ["Error"] * 3
    assert (ended[0]["errorText"], ended[0]["errorCode"]) == ("The disk is full.", "77")
    assert "already has footage" in ended[1]["errorText"]
    assert "does not answer" in ended[2]["errorText"]
    vms.forget_tasks()
    assert array(caller, "tasks") == []


def test_a_lost_reply_means_that_the_work_is_done(vms: Vms, caller: Caller, camera: str) -> None:
    caller.sign_in()
    vms.faults.lose_reply("POST bookmarks")
    vms.faults.stuck()
    vms.faults.lose_reply(RETRIEVE)
    with pytest.raises(httpx.TransportError):
        caller.bookmark(camera, NOW, NOW + MINUTE, "video-1")
    with pytest.raises(httpx.TransportError):
        caller.retrieve(camera, NOW, NOW + MINUTE)
    assert [one.fields["reference"] for one in vms.every("bookmarks")] == ["video-1"]
    assert [one["state"] for one in array(caller, "tasks")] == ["InProgress"]
    assert vms.called("POST bookmarks")[0].status is None


def test_faults_strike_where_they_are_told_to_and_as_often(vms: Vms, caller: Caller, camera: str) -> None:
    caller.sign_in()
    vms.faults.add(Status(503, retry_after_seconds=7), "GET cameras", times=2)
    vms.faults.add(Status(502, html=True), "GET tasks")
    vms.faults.add(Drop(), "GET hardware")
    assert caller.rest("GET", "recordingServers").status_code == 200
    answers = [caller.rest("GET", "cameras") for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert "<!DOCTYPE html>" in caller.rest("GET", "tasks").text
    with pytest.raises(httpx.TransportError):
        caller.rest("GET", "hardware")
    assert caller.rest("GET", "hardware").status_code == 200


def test_a_recorder_may_hear_late_of_what_it_has(vms: Vms, caller: Caller, camera: str) -> None:
    vms.record(camera, NOW, NOW + MINUTE)
    vms.faults.late_sequences = 2
    heard = [caller.sequences(camera, NOW, NOW + MINUTE) for _ in range(3)]
    assert heard == [[], [], [(NOW, NOW + MINUTE)]]


def test_a_slow_answer_comes_at_last(vms: Vms, caller: Caller) -> None:
    caller.sign_in()
    slow = Slow(seconds=60)
    vms.faults.add(slow, "GET cameras")
    slow.let_go.set()
    assert caller.rest("GET", "cameras").status_code == 200
