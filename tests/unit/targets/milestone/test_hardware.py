"""Promises of hardware.py, site.py and probe.py: our device in the VMS, found or added once; what is in the way."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from backend.errors import TargetParked, TransientFailure
from tests.contract.transfers import Told
from tests.services.vms import hardware
from tests.services.vms.faults import Status
from tests.services.vms.jobs import Failed
from tests.services.vms.objects import new_recording_server
from tests.unit.targets.milestone.vms_answers import Said
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, expected

ADD = "POST recordingServers/{id}?task=AddHardware"


def put(house: House, **options: Any) -> str:
    """The VMS's camera that it went to."""
    return str(house.target(**options).put(house.source(), "p/a.mp4", Told()).proof["vms_camera_id"])


def test_hardware_at_our_address_is_adopted_however_it_is_written(house: House) -> None:
    put(house)
    house.vms.every("hardware")[0].fields |= {"address": f"HTTP://{house.edge_address}", "enabled": False}
    assert put_again(house) == house.vms.cameras[0].id
    assert len(house.vms.called(ADD)) == 1
    assert house.vms.every("hardware")[0].fields["enabled"] is True


def put_again(house: House) -> str:
    source = house.source(at=START + LENGTH, name="b.mp4")
    return str(house.target().put(source, "p/b.mp4", Told()).proof["vms_camera_id"])


def test_what_an_operator_named_keeps_its_name(house: House) -> None:
    put(house)
    house.vms.cameras[0].fields |= {"name": "North gate", "edgeStorageEnabled": False}
    put_again(house)
    assert house.vms.cameras[0].name == "North gate"
    assert house.vms.cameras[0].fields["edgeStorageEnabled"] is True


def test_a_camera_is_enabled_before_its_edge_storage_is(house: House) -> None:
    """One change of both is refused by the VMS; what is on already is not switched on again."""
    put(house)
    put_again(house)
    asked = [set(one.body) for one in house.vms.called("PATCH cameras/{id}")]
    assert asked == [{"enabled", "name"}, {"edgeStorageEnabled"}]


def test_hardware_that_somebody_else_adds_at_the_same_moment_is_taken(house: House) -> None:
    house.vms.faults.lose_reply(ADD)
    source = house.source()
    with pytest.raises(TransientFailure):
        house.target().put(source, "p/a.mp4", Told())
    house.target().put(source, "p/a.mp4", Told())
    assert len(house.vms.every("hardware")) == 1


def test_what_stands_behind_the_first_page_of_a_list_is_found(house: House) -> None:
    house.vms.install()
    put(house)
    house.vms.faults.most_on_a_page = 1
    first, third = house.vms.every("hardware")[1], house.vms.every("cameras")[3]
    assert first.fields["address"] == f"http://{house.edge_address}/"
    put_again(house)
    house.target().put(house.source(name="b.mp4", camera_id="door"), "p/b.mp4", Told())
    copy = house.target().put(house.source(name="c.mp4", camera_id="gate"), "p/c.mp4", Told())
    assert copy.proof["vms_camera_id"] == third.id
    assert len(house.vms.called(ADD)) == 1


@pytest.mark.parametrize("task", ["UpdateHardware", "ReplaceHardware"])
def test_a_camera_that_our_device_got_later_is_made_known(house: House, task: str) -> None:
    house.cameras = 1
    put(house)
    house.vms.faults.hardware_tasks = [task]
    house.cameras = 2
    copy = house.target().put(house.source(name="b.mp4", camera_id="door"), "p/b.mp4", Told())
    assert copy.proof["vms_camera_id"] == house.vms.cameras[1].id
    assert len(house.vms.called(f"POST hardware/{{id}}?task={task}")) == 1


def test_a_release_that_cannot_look_again_needs_a_person(house: House) -> None:
    house.cameras = 1
    put(house)
    house.vms.faults.hardware_tasks = []
    with pytest.raises(TargetParked, match=r"does not show camera 2 .*Replace Hardware"):
        house.target().put(house.source(name="b.mp4", camera_id="door"), "p/b.mp4", Told())


def test_a_device_that_cannot_be_added_is_told_with_the_vms_own_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_client: Any) -> Any:
        raise Failed("The hardware did not respond.", 2)

    monkeypatch.setattr(hardware, "_looked", fails)
    with pytest.raises(TargetParked, match=r"did not respond.*EDGE_ADDRESS"):
        put(house)


def test_a_licence_that_is_missing_is_told_as_such(house: House) -> None:
    house.vms.faults.no_licence = True
    with pytest.raises(TargetParked, match="no licence"):
        put(house)


def test_edge_storage_that_cannot_be_switched_on_is_told(house: House) -> None:
    house.vms.faults.edge_storage_unsupported = True
    with pytest.raises(TargetParked, match="2025 R2 or later"):
        put(house)


def test_a_release_without_the_task_is_told(house: House) -> None:
    house.vms.faults.no_edge_task = True
    with pytest.raises(TargetParked, match="2025 R2 or later"):
        put(house)


def test_of_several_recording_servers_one_must_be_named(house: House) -> None:
    second = new_recording_server(house.vms.world, "Recorder 2", house.vms.recorder_url)
    with pytest.raises(TargetParked, match=r"“Recorder 1”, “Recorder 2”.*recording_server"):
        put(house)
    house.target(recording_server="recorder 2").put(house.source(name="c.mp4", camera_id="c"), "p/c.mp4", Told())
    assert house.vms.every("hardware")[0].parent is second
    # From then on it is known by what stands there.
    put_again(house)
    assert len(house.vms.every("hardware")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recording_server": "Nowhere"}, "shows the user no recording server (“Nowhere”; it shows “Recorder 1”)"),
        ({"driver": "Axis 99"}, "no device driver “Axis 99”"),
        ({"password": "wrong-geheim"}, "does not accept the name and password"),
        ({"username": ""}, "no user is configured. Set username and password of the target, or where"),
        ({"url": ""}, "MILESTONE_URL"),
        ({"edge_address": ""}, "EDGE_ADDRESS"),
    ],
)
def test_what_is_configured_wrongly_is_a_persons_matter_in_words(
    house: House, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(TargetParked) as caught:
        put(house, **options)
    assert words in caught.value.message
    assert "geheim" not in caught.value.message
    report = house.target(**options).check()
    assert (report.ok, report.needs_person) == (False, True)
    assert words in report.message


def test_a_driver_may_be_named(house: House) -> None:
    put(house, driver="onvif")
    assert len(house.vms.every("hardware")) == 1


def test_the_check_walks_the_whole_way_and_changes_nothing(house: House) -> None:
    report = house.target().check()
    assert report.ok, report.message
    assert "Recorder 1" in report.message
    assert "added there with the first recording" in report.message
    assert "the picture alone, without sound" in report.message
    assert "not yet tried against a real VMS" in report.message
    assert house.vms.every("hardware") == []
    assert {one.operation for one in house.vms.requests} >= {"uris", "token", "Login", "GET hardware"}
    put(house)
    again = house.target().check()
    assert again.ok, again.message
    assert "as hardware with 3 cameras" in again.message
    assert house.vms.called("SequencesGetTypes")


def test_the_check_tells_a_device_that_is_down_from_one_that_is_another(house: House) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        report = house.target(edge_address=address).check()
    assert not report.ok
    assert "edge process runs" in report.message
    assert "what it listens on (EDGE_HOST)" in report.message
    house.device.on("POST /onvif/device_service", Said(404))
    report = house.target().check()
    assert "something else than our edge device" in report.message
    unseen = house.target(edge_address="edge.invalid:8580").check()
    assert "at edge.invalid:8580: see that the VMS reaches it there (EDGE_ADDRESS)." in unseen.message


def test_the_check_tells_that_the_vms_signs_in_with_another_name(house: House) -> None:
    put(house)
    house.vms.every("hardware")[0].fields["userName"] = "root"
    report = house.target().check()
    assert not report.ok
    assert "“root”" in report.message


def test_the_check_tells_who_is_not_xprotect(house: House) -> None:
    report = house.target(url=house.device.url).check()
    assert not report.ok
    assert "does not answer like XProtect" in report.message


def test_the_check_tells_when_nobody_answers(house: House) -> None:
    house.vms.faults.add(Status(503, html=True), times=None)
    report = house.target().check()
    assert (report.ok, report.needs_person) == (False, False)


def test_a_vms_moved_to_another_recorder_is_asked_there(house: House) -> None:
    target, source = house.target(), house.source()
    copy = target.put(source, "p/a.mp4", Told())
    second = new_recording_server(house.vms.world, "Recorder 2", house.vms.recorder_url)
    house.vms.every("hardware")[0].parent = second
    house.vms.recording_server.fields["webServerUri"] = "http://127.0.0.1:1/"
    assert target.verify(expected(source), copy).verdict == "matches"
