"""A sidecar written again from the catalog: whole, once, and what was there is kept."""

from __future__ import annotations

import pytest

from backend.disk.sidecar import read_sidecar
from backend.intake.mend import rewrite_sidecar
from tests.unit.intake.house import House


@pytest.mark.parametrize("damage", [None, b"{", b"\xff", b"{}"])
def test_a_lost_or_damaged_sidecar_is_as_it_was(house: House, damage: bytes | None) -> None:
    house.upload(tags=["a,b"], title="T", metadata='{"take": 3}')
    (place,) = house.services.layout.uploads.rglob("*.json")
    before = read_sidecar(place)
    place.unlink()
    if damage is not None:
        place.write_bytes(damage)
    relative = before.video.relative_path
    assert rewrite_sidecar(house.services.layout, house.services.database, relative) is True
    assert read_sidecar(place) == before
    kept = [path.read_bytes() for path in house.services.layout.quarantine.iterdir()]
    assert kept == ([damage] if damage is not None else [])


def test_one_that_can_be_read_stays_as_it_is(house: House) -> None:
    house.upload()
    (place,) = house.services.layout.uploads.rglob("*.json")
    before = place.stat().st_mtime_ns
    relative = read_sidecar(place).video.relative_path
    assert rewrite_sidecar(house.services.layout, house.services.database, relative) is False
    assert place.stat().st_mtime_ns == before
