"""The emulated VMS pulls from our edge device: what arrives is what the files hold, frame by frame."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest

from backend.edge.device import Listening
from tests.contract.edge_site import PASSWORD, RATE, SECONDS, START, UNEVEN, USER, Shelf, film, pictures, serving
from tests.services.vms.caller import Caller
from tests.services.vms.footage import Frame
from tests.services.vms.server import Vms, running_vms

LENGTH = timedelta(seconds=SECONDS)
SECOND = timedelta(seconds=1)
FRAME = SECOND / RATE
AFTER_GAP = START + timedelta(seconds=20)
LATER = START + timedelta(minutes=1)


@dataclass(frozen=True)
class Site:
    """A device with three cameras: `yard` (two films end to end, and one after a gap), `hall` in H.265, and `door` (one
    film, and later one whose frames stand now long and now short)."""

    listening: Listening
    shelf: Shelf
    films: dict[str, Path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("vms")
    # The second one with a delimiter at each frame, as every transport stream has it: a unit of two bytes.
    delimited = ["-bsf:v", "h264_metadata=aud=insert"]
    films = {"one": film(folder, "one.mp4"), "two": film(folder, "two.mp4", number=1, options=delimited)}
    films["hevc"] = film(folder, "hevc.mp4", codec="libx265")
    films["uneven"] = film(folder, "uneven.mp4", options=UNEVEN)
    shelf = Shelf()
    shelf.put("yard", films["one"], START)
    shelf.put("yard", films["two"], START + LENGTH)
    shelf.put("yard", films["one"], AFTER_GAP)
    shelf.put("hall", films["hevc"], START, "H265")
    shelf.put("door", films["two"], START)
    shelf.put("door", films["uneven"], LATER)
    with serving(shelf, folder) as listening:
        yield Site(listening, shelf, films)


@pytest.fixture
def vms() -> Iterator[Vms]:
    """Its driver asks the second media service: the first one names no encoder of H.265."""
    with running_vms() as found:
        found.faults.reads_media2 = True
        yield found


@pytest.fixture
def caller(vms: Vms, site: Site) -> Iterator[Caller]:
    """With the device taken in, and all of its cameras enabled."""
    found = Caller(vms)
    added = found.add_hardware(site.listening.soap_port, USER, PASSWORD)
    assert added["state"] == "Success", added
    found.enable(added["path"]["id"])
    yield found
    found.close()


def cameras(vms: Vms) -> list[str]:
    return [one.id for one in vms.cameras]


@lru_cache
def packets(path: Path) -> list[dict[str, str]]:
    """What a file holds, by ffprobe."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_packets", "-show_data_hash", "sha256"]
    told = subprocess.run([*command, "-of", "json", str(path)], check=True, timeout=60, capture_output=True).stdout
    found: list[dict[str, str]] = json.loads(told)["packets"]
    return found


def held(path: Path, at: datetime) -> list[Frame]:
    """The frames of a recording that began at `at`."""
    first = float(packets(path)[0]["pts_time"])
    return [
        Frame(
            at + timedelta(seconds=round(float(one["pts_time"]) - first, 6)),
            int(one["size"]),
            one["data_hash"].removeprefix("SHA256:"),
            "K" in one["flags"],
        )
        for one in packets(path)
    ]


@pytest.mark.parametrize(("by_digest", "closed_range"), [(False, False), (True, True)])
def test_what_is_pulled_equals_the_file_frame_by_frame(
    vms: Vms, caller: Caller, site: Site, by_digest: bool, closed_range: bool
) -> None:
    vms.pulls.by_digest, vms.pulls.closed_range = by_digest, closed_range
    yard = cameras(vms)[0]
    task = caller.finished(caller.retrieve(yard, START, START + LENGTH))
    assert (task["state"], task["errorText"]) == ("Success", "")
    assert vms.frames(yard) == held(site.films["one"], START)
    assert caller.sequences(yard, START, START + LENGTH) == [(START, START + LENGTH - FRAME)]


def test_uneven_times_are_the_frames_own(vms: Vms, caller: Caller, site: Site) -> None:
    """No rate is reckoned with anywhere on the way: neither when the frames are sent nor when they are kept."""
    door, wanted = cameras(vms)[2], held(site.films["uneven"], LATER)
    stands = {later.at - earlier.at for earlier, later in pairwise(wanted)}
    assert len(stands) > 50, "it is as uneven as it is meant to be"
    assert caller.finished(caller.retrieve(door, LATER, LATER + LENGTH))["state"] == "Success"
    assert vms.frames(door) == wanted
    assert caller.sequences(door, LATER, LATER + LENGTH) == [(wanted[0].at, wanted[-1].at)]


def test_each_channel_is_the_camera_of_that_number(vms: Vms, caller: Caller, site: Site) -> None:
    _, hall, door = cameras(vms)
    for camera in (hall, door):
        assert caller.finished(caller.retrieve(camera, START, START + LENGTH))["state"] == "Success"
    assert vms.frames(door) == held(site.films["two"], START)
    assert vms.frames(hall) == held(site.films["hevc"], START)


@pytest.mark.parametrize(("channel", "kind"), [(0, "h264"), (1, "hevc")])
def test_what_is_pulled_shows_the_same_pictures(
    vms: Vms, caller: Caller, site: Site, tmp_path: Path, channel: int, kind: str
) -> None:
    camera = cameras(vms)[channel]
    caller.finished(caller.retrieve(camera, START, START + LENGTH))
    stream = tmp_path / f"stream.{kind}"
    stream.write_bytes(b"".join(one.content for one in vms.frames(camera)))
    assert pictures(stream) == pictures(site.films["one" if kind == "h264" else "hevc"])


def test_recordings_end_to_end_are_one_sequence_and_a_gap_makes_two(vms: Vms, caller: Caller, site: Site) -> None:
    yard = cameras(vms)[0]
    assert caller.finished(caller.retrieve(yard, START, AFTER_GAP + LENGTH))["state"] == "Success"
    films = (("one", START), ("two", START + LENGTH), ("one", AFTER_GAP))
    assert vms.frames(yard) == [frame for name, at in films for frame in held(site.films[name], at)]
    both = (START, START + 2 * LENGTH - FRAME)
    later = (AFTER_GAP, AFTER_GAP + LENGTH - FRAME)
    assert caller.sequences(yard, START, AFTER_GAP + LENGTH) == [both, later]


def test_an_interval_brings_what_lies_in_it_from_the_keyframe_before(vms: Vms, caller: Caller, site: Site) -> None:
    yard = cameras(vms)[0]
    asked = (START + 1.5 * SECOND, START + 2.5 * SECOND)
    assert caller.finished(caller.retrieve(yard, *asked))["state"] == "Success"
    every = held(site.films["one"], START)
    expected = [one for one in every if START + SECOND <= one.at < asked[1]]
    assert expected[0].is_keyframe
    assert vms.frames(yard) == expected


@pytest.mark.parametrize("away", [timedelta(seconds=10), timedelta(hours=1), timedelta(hours=-1)])
def test_where_nothing_was_recorded_the_task_succeeds_and_nothing_is_there(
    vms: Vms, caller: Caller, away: timedelta
) -> None:
    yard = cameras(vms)[0]
    task = caller.finished(caller.retrieve(yard, START + away, START + away + SECOND))
    assert task["state"] == "Success"
    assert vms.frames(yard) == []
    assert caller.sequences(yard, START + away, START + away + SECOND) == []


def test_a_partial_pull_is_a_success_that_the_sequences_belie(vms: Vms, caller: Caller) -> None:
    yard = cameras(vms)[0]
    vms.faults.partial_pull(0.5)
    assert caller.finished(caller.retrieve(yard, START, START + LENGTH))["state"] == "Success"
    half = START + LENGTH / 2 - FRAME
    assert caller.sequences(yard, START, START + LENGTH) == [(START, half)]
    caller.finished(caller.retrieve(yard, START, START + LENGTH))
    assert caller.sequences(yard, START, START + LENGTH) == [(START, START + LENGTH - FRAME)]


def test_a_cut_ends_in_an_error_and_the_next_pull_brings_the_rest(vms: Vms, caller: Caller, site: Site) -> None:
    yard = cameras(vms)[0]
    vms.faults.cut(after_frames=30)
    task = caller.finished(caller.retrieve(yard, START, START + LENGTH))
    assert (task["state"], task["progress"]) == ("Error", 100)
    assert "broke" in task["errorText"]
    assert vms.frames(yard) == held(site.films["one"], START)[:30]
    caller.finished(caller.retrieve(yard, START, START + LENGTH))
    assert vms.frames(yard) == held(site.films["one"], START)


def test_a_file_that_ends_too_early_is_a_success_of_too_little(
    vms: Vms, caller: Caller, tmp_path: Path, site: Site
) -> None:
    """It is cut off after the device has looked at it, which then can play no further. That the task succeeds all the
    same is why a success proves nothing."""
    short = tmp_path / "short.mp4"
    short.write_bytes(site.films["one"].read_bytes())
    shelf = Shelf()
    shelf.put("yard", short, START)
    index = shelf.files["yard"][0][2]
    with short.open("r+b") as file:
        file.truncate(index.places[60])
    with serving(shelf, tmp_path) as listening:
        (old,) = vms.every("hardware")
        vms.world.remove(old)
        added = caller.add_hardware(listening.soap_port, USER, PASSWORD)
        (camera,) = caller.enable(added["path"]["id"])
        task = caller.finished(caller.retrieve(camera, START, START + LENGTH))
    assert task["state"] == "Success"
    assert vms.frames(camera) == held(site.films["one"], START)[:60]


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_wrong_password_fails_the_task(vms: Vms, site: Site, by_digest: bool) -> None:
    asking = Caller(vms)
    added = asking.add_hardware(site.listening.soap_port, USER, "wrong")
    asking.close()
    assert (added["state"], vms.every("hardware")) == ("Error", [])
    assert "GetDeviceInformation" in added["errorText"]


def test_a_device_is_taken_in_once_and_by_its_own_driver(vms: Vms, caller: Caller, site: Site) -> None:
    again = caller.add_hardware(site.listening.soap_port, USER, PASSWORD)
    other = caller.add_hardware(site.listening.soap_port, USER, PASSWORD, driver="AXIS")
    nobody = caller.add_hardware(9, USER, PASSWORD)
    assert [one["state"] for one in (again, other, nobody)] == ["Error"] * 3
    assert "exists" in again["errorText"]
    assert "does not answer" in nobody["errorText"]
    assert len(vms.every("hardware")) == 1


def test_a_driver_that_knows_the_first_media_service_alone_takes_no_h265(vms: Vms, tmp_path: Path, site: Site) -> None:
    vms.faults.reads_media2 = False
    shelf, asking = Shelf(), Caller(vms)
    shelf.put("yard", site.films["one"], START)
    with serving(shelf, tmp_path) as listening:
        plain = asking.add_hardware(listening.soap_port, USER, PASSWORD)
        (made,) = vms.every("hardware")
        vms.world.remove(made)
        shelf.put("hall", site.films["hevc"], START, "H265")
        refused = asking.add_hardware(listening.soap_port, USER, PASSWORD)
    asking.close()
    assert (plain["state"], refused["state"]) == ("Success", "Error")
    assert refused["errorText"] == "The device's profile profile-hall has no video encoder."
    assert vms.every("hardware") == []


def test_what_adding_hardware_does_not_know_is_refused(vms: Vms, caller: Caller) -> None:
    server, (driver,) = vms.recording_server.id, [one for one in vms.every("hardwareDrivers") if one.name == "ONVIF"]
    body: dict[str, object] = {"hardwareAddress": "http://127.0.0.1:9/", "userName": USER, "password": PASSWORD}
    body |= {"hardwareDriverPath": driver.path(), "customData": "x"}
    answer = caller.rest("POST", f"recordingServers/{server}?task=AddHardware", body)
    assert (answer.status_code, answer.json()["error"]["details"][0]["property"]) == (400, "customData")


@pytest.mark.parametrize("task", ["UpdateHardware", "ReplaceHardware"])
def test_cameras_that_a_device_gets_later_are_seen_when_it_is_looked_at_again(
    vms: Vms, tmp_path: Path, site: Site, task: str
) -> None:
    vms.faults.hardware_tasks = [task]
    shelf, caller = Shelf(), Caller(vms)
    shelf.put("yard", site.films["one"], START)
    with serving(shelf, tmp_path) as listening:
        hardware = caller.add_hardware(listening.soap_port, USER, PASSWORD)["path"]["id"]
        first = caller.enable(hardware)
        shelf.put("door", site.films["two"], START)
        assert cameras(vms) == first
        assert task in str(caller.rest("GET", f"hardware/{hardware}?tasks").json()["tasks"])
        body = {"hardwareAddress": f"http://127.0.0.1:{listening.soap_port}/", "userName": USER, "password": PASSWORD}
        driver = caller.data(f"hardware/{hardware}")["hardwareDriverPath"]
        more = {} if task == "UpdateHardware" else {**body, "hardwareDriverPath": driver}
        caller.finished(caller.rest("POST", f"hardware/{hardware}?task={task}", more))
        assert [one.fields["channel"] for one in vms.cameras] == [0, 1]
        assert [one.enabled for one in vms.cameras] == [True, False]
        door = caller.enable(hardware)[1]
        caller.finished(caller.retrieve(door, START, START + LENGTH))
        assert vms.frames(door) == held(site.films["two"], START)
    caller.close()
