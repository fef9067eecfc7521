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


@pytest.mark.parametrize("path", ["recordings", "sequences", "playback", "recordings/1", "nonsense"])
def test_what_there_is_no_resource_for_is_not_found(caller: Caller, path: str) -> None:
    assert caller.rest("GET", path).status_code == 404


def test_edge_storage_comes_after_hardware_and_camera_are_enabled(vms: Vms, caller: Caller) -> None:
    hardware = vms.install("http://127.0.0.1:8/", enabled=False)
    camera = next(one.id for one in vms.cameras if one.parent is hardware)
    path, both = f"cameras/{camera}", {"enabled": True, "edgeStorageEnabled": True}

    def asked(path: str, **changed: bool) -> int:
        return caller.rest("PATCH", path, changed).status_code

    assert asked(path, enabled=True) == 200
    assert asked(path, edgeStorageEnabled=True) == 400, "the hardware is disabled"
    assert [asked(path, enabled=False), asked(f"hardware/{hardware.id}", enabled=True)] == [200, 200]
    answer = caller.rest("PATCH", path, both)
    assert (answer.status_code, answer.json()["error"]["details"][0]["property"]) == (400, "edgeStorageEnabled")
    assert caller.data(path)["enabled"] is False, "nothing of it was done"
    assert [asked(path, enabled=True), asked(path, edgeStorageEnabled=True)] == [200, 200]


@pytest.mark.parametrize(
    ("changed", "of"),
    [
        ({"enabled": False}, "camera"),
        ({"recordingEnabled": False}, "camera"),
        ({"edgeStorageEnabled": False}, "camera"),
        ({"enabled": False}, "hardware"),
    ],
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
    assert caller.rest("GET", "tasks").status_code == 400, "no document has a list of them"
    vms.faults.lists_tasks = True
    assert len(array(caller, "tasks")) == 3
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
    assert [one.fields["state"] for one in vms.every("tasks")] == ["InProgress"]
    assert vms.called("POST bookmarks")[0].status is None


def test_faults_strike_where_they_are_told_to_and_as_often(vms: Vms, caller: Caller, camera: str) -> None:
    caller.sign_in()
    vms.faults.add(Status(503, retry_after_seconds=7), "GET cameras", times=2)
    vms.faults.add(Status(502, html=True), "GET storages")
    vms.faults.add(Drop(), "GET hardware")
    assert caller.rest("GET", "recordingServers").status_code == 200
    answers = [caller.rest("GET", "cameras") for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert "<!DOCTYPE html>" in caller.rest("GET", "storages").text
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
