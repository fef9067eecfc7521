"""Hardware: taken in by a driver that asks the device what it is and how many cameras it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.services.drive.replies import Reply
from tests.services.vms.faults import Faults, StuckPull
from tests.services.vms.jobs import Failed, Job, Jobs
from tests.services.vms.model import Item, World, new_id, written
from tests.services.vms.objects import new_camera
from tests.services.vms.onvif_client import DeviceTrouble, Look, OnvifClient
from tests.services.vms.refusal import bad, unknown_request

_ADDED_BY = {"hardwareAddress", "userName", "password", "hardwareDriverPath"}
_REPLACED_BY = _ADDED_BY | {"allowDeletingDisabledDevices"}


@dataclass
class HardwareTasks:
    world: World
    jobs: Jobs
    faults: Faults

    def answer(self, item: Item, task: str | None, body: Any) -> Reply:
        if item.kind == "recordingServers" and task == "AddHardware":
            return self._add(item, body)
        if item.kind == "hardware" and task in self.faults.hardware_tasks:
            if task == "ReplaceHardware":
                self._replaceable(item, body)
            stuck = self.faults.take_hardware()
            return self.jobs.start(task, task, lambda job: self._updated(job, item, stuck))
        raise unknown_request()

    def _replaceable(self, item: Item, body: Any) -> None:
        """The same device at the same place only."""
        _known(body, _REPLACED_BY)
        _texts(body)
        if _address(body["hardwareAddress"]) != item.fields["address"]:
            raise bad("hardwareAddress", "The emulator does not know how hardware moves")
        if self._driver(body.get("hardwareDriverPath")).path() != item.fields["hardwareDriverPath"]:
            raise bad("hardwareDriverPath", "The emulator does not know how drivers change")
        item.fields["userName"], item.hidden["password"] = body["userName"], body["password"]

    def _add(self, server: Item, body: Any) -> Reply:
        _known(body, _ADDED_BY)
        _texts(body)
        driver = self._driver(body.get("hardwareDriverPath"))
        address = _address(body["hardwareAddress"])
        if driver.parent is not server:
            raise bad("hardwareDriverPath", "The recording server does not have this driver")
        client = OnvifClient(address, body["userName"], body["password"])
        stuck = self.faults.take_hardware()
        return self.jobs.start("Add hardware", "AddHardware", lambda job: self._added(job, driver, client, stuck))

    def _driver(self, path: Any) -> Item:
        if not isinstance(path, dict) or path.get("type") != "hardwareDrivers":
            raise bad("hardwareDriverPath", "A path to an object of the kind hardwareDrivers is needed")
        found = self.world.find("hardwareDrivers", str(path.get("id", "")))
        if found is None:
            raise bad("hardwareDriverPath", "There is no such driver")
        return found

    def _added(self, job: Job, driver: Item, client: OnvifClient, stuck: StuckPull | None) -> Item:
        _wait(job, stuck)
        if self.faults.no_licence:
            raise Failed("There are not enough device licenses.", 5)
        if driver.fields["groupName"] != "ONVIF":
            raise Failed("The hardware could not be detected by this driver.", 3)
        look = self._look(client)
        job.reached(60)
        with self.world.lock:
            for other in self.world.every("hardware"):
                # Known by the network card, not by the address only: else one device would be there twice.
                if other.fields["address"] == client.address or other.hidden["mac"] == look.mac:
                    raise Failed("The hardware already exists.", 4)
            made = new_hardware(self.world, driver, client, look)
            self._take_in(made, look)
        return made

    def _updated(self, job: Job, hardware: Item, stuck: StuckPull | None) -> Item:
        """Cameras that the device has got since then are taken in; none is lost."""
        _wait(job, stuck)
        look = self._look(client_of(hardware))
        job.reached(60)
        with self.world.lock:
            self._take_in(hardware, look)
        return hardware

    def _look(self, client: OnvifClient) -> Look:
        client.reads_media2 = self.faults.reads_media2
        return _looked(client)

    def _take_in(self, hardware: Item, look: Look) -> None:
        cameras = list(self.world.below(hardware, "cameras"))
        known = {one.hidden["source"] for one in cameras}
        for source, profile in look.sources:
            if source not in known:
                cameras.append(new_camera(self.world, hardware, len(cameras), source, profile))


def _wait(job: Job, stuck: StuckPull | None) -> None:
    job.reached(10)
    while stuck is not None and not stuck.let_go.wait(0.02):
        if not stuck.deaf:
            job.reached(10)


def new_hardware(world: World, driver: Item, client: OnvifClient, look: Look) -> Item:
    """Disabled, and without cameras yet."""
    fields = {
        "name": f"{look.manufacturer} {look.model} ({urlsplit(client.address).hostname})",
        "address": client.address,
        "userName": client.user,
        "enabled": False,
        "model": f"{look.manufacturer} {look.model}",
        "description": "",
        "hardwareDriverPath": driver.path(),
        "lastModified": written(world.now()),
    }
    hidden = {"mac": look.mac, "password": client.password}
    return world.add(Item("hardware", new_id(), fields, driver.parent, hidden))


def client_of(hardware: Item) -> OnvifClient:
    fields = hardware.fields
    return OnvifClient(fields["address"], fields["userName"], hardware.hidden["password"])


def _looked(client: OnvifClient) -> Look:
    try:
        return client.look()
    except DeviceTrouble as error:
        raise Failed(str(error), 2) from None


def _known(body: Any, names: set[str]) -> None:
    for name in body:
        if name not in names:
            raise bad(name, "Unknown property")


def _texts(body: Any) -> None:
    for name in ("hardwareAddress", "userName", "password"):
        if not isinstance(body.get(name), str):
            raise bad(name, "The value is missing or no text")


def _address(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise bad("hardwareAddress", "An address like http://host:port/ is needed")
    return f"{parts.scheme}://{parts.netloc}/"
