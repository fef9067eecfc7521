"""The configuration's objects: what may be asked of them, and which of their fields may be changed to what."""

from __future__ import annotations

from typing import Any

from tests.services.vms.faults import Faults
from tests.services.vms.footage import Footage
from tests.services.vms.model import Item, World, new_id, written
from tests.services.vms.refusal import Refused, bad

KINDS = (
    "recordingServers", "hardwareDrivers", "hardware", "cameras", "storages", "archiveStorages", "userDefinedEvents",
)  # fmt: skip
# Fifty years: footage of any date stays, but where a test says for how long it is kept.
_RETAIN_MINUTES = 50 * 365 * 24 * 60
WRITABLE: dict[str, dict[str, type]] = {
    "hardware": {"name": str, "description": str, "enabled": bool, "address": str, "userName": str},
    "cameras": {
        "name": str,
        "shortName": str,
        "description": str,
        "enabled": bool,
        "recordingEnabled": bool,
        "edgeStorageEnabled": bool,
        "edgeStoragePlaybackEnabled": bool,
    },
    "userDefinedEvents": {"name": str},
}
REMOVABLE = ("hardware", "userDefinedEvents")


def changed(world: World, faults: Faults, item: Item, body: Any) -> dict[str, Any]:
    """PATCH: all of the fields, or none of them."""
    allowed = WRITABLE.get(item.kind)
    if allowed is None:
        raise Refused(405, "Objects of this kind are not changed.")
    for name, value in body.items():
        if name not in allowed:
            raise bad(name, "Unknown or read-only property")
        if not isinstance(value, allowed[name]):
            raise bad(name, "A value of another type is needed")
    with world.lock:
        _refuse_edge_storage_before_its_time(item, body)
        item.fields |= body
        if faults.edge_storage_unsupported and "edgeStorageEnabled" in item.fields:
            item.fields["edgeStorageEnabled"] = False
        item.fields["lastModified"] = written(world.now())
        return {"data": item.shown()}


def _refuse_edge_storage_before_its_time(item: Item, body: dict[str, Any]) -> None:
    """First hardware and camera are enabled, then edge storage is: in this order, and not with one change."""
    device = item.parent
    if body.get("edgeStorageEnabled") is True and not (item.enabled and device is not None and device.enabled):
        raise bad("edgeStorageEnabled", "The device is disabled: enable it first")


def new_recording_server(world: World, name: str, web_server_uri: str) -> Item:
    """With a storage and the drivers that a device pack brings, as far as they matter here."""
    fields = {
        "name": name,
        "hostName": "127.0.0.1",
        "portNumber": 7563,
        "webServerUri": web_server_uri,
        "enabled": True,
        "version": "25.2.1.1",
    }
    server = world.add(Item("recordingServers", new_id(), fields))
    stored = {
        "name": "Local default",
        "retainMinutes": _RETAIN_MINUTES,
        "maxSize": 1000,
        "diskPath": "C:\\MediaDatabase",
    }
    world.add(Item("storages", new_id(), stored, server))
    for number, (driver, group) in enumerate((("StableFPS_T800", "Other"), ("ONVIF", "ONVIF"), ("AXIS", "AXIS"))):
        told = {"name": driver, "number": 420 + number, "groupName": group, "driverType": "Hardware", "useCount": 0}
        world.add(Item("hardwareDrivers", new_id(), told, server))
    return server


def new_camera(world: World, hardware: Item, channel: int, source_token: str, profile_token: str) -> Item:
    """Disabled, as all new ones are. Of the device's tokens nothing shows: who wants to know goes by the channel."""
    server = hardware.parent
    assert server is not None
    fields = {
        "name": f"{hardware.name} - Camera {channel + 1}",
        "shortName": "",
        "description": "",
        "enabled": False,
        "channel": channel,
        "recordingEnabled": True,
        "edgeStorageEnabled": False,
        "edgeStoragePlaybackEnabled": False,
        "recordingStorage": next(world.below(server, "storages")).path(),
        "lastModified": written(world.now()),
    }
    hidden = {"source": source_token, "profile": profile_token, "footage": Footage()}
    return world.add(Item("cameras", new_id(), fields, hardware, hidden))


def footage_of(camera: Item) -> Footage:
    found = camera.hidden["footage"]
    assert isinstance(found, Footage)
    return found
