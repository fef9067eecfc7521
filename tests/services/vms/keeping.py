"""How long a recorder keeps what it has: by its storage and that storage's archives, but for what is locked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.services.vms.footage import Footage, Sequence
from tests.services.vms.model import Item, World, instant, new_id
from tests.services.vms.objects import footage_of

MINUTES_A_DAY = 24 * 60


def retained(world: World, camera: Item) -> timedelta:
    """From the recording on, through all archives: each keeps for longer than what it takes over from."""
    storage = _storage(world, camera)
    stores = [storage, *world.below(storage, "archiveStorages")]
    return timedelta(minutes=max(one.fields["retainMinutes"] for one in stores))


def aged(world: World, camera: Item) -> Footage:
    """The camera's footage as it is by the VMS's clock: what is past its retention is gone."""
    footage = footage_of(camera)
    footage.age(world.now() - retained(world, camera), list(_locked(world, camera)))
    return footage


def set_retention(world: World, days: float, archives: tuple[float, ...]) -> None:
    """Of every storage, its archives made anew."""
    with world.lock:
        for storage in world.every("storages"):
            storage.fields["retainMinutes"] = round(days * MINUTES_A_DAY)
            for one in list(world.below(storage, "archiveStorages")):
                world.remove(one)
            for number, longer in enumerate(archives, 1):
                told = {"name": f"Archive {number}", "retainMinutes": round(longer * MINUTES_A_DAY), "maxSize": 1000}
                world.add(Item("archiveStorages", new_id(), told, storage))


def _storage(world: World, camera: Item) -> Item:
    return world.get("storages", camera.fields["recordingStorage"]["id"])


def _locked(world: World, camera: Item) -> Iterator[Sequence]:
    for lock in world.every("evidenceLocks"):
        if camera.path() in lock.fields["devicePaths"]:
            yield Sequence(_at(lock, "startTime"), _at(lock, "endTime"))


def _at(lock: Item, name: str) -> datetime:
    found = instant(lock.fields[name])
    assert found is not None
    return found
