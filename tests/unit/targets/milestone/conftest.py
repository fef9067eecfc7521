"""An emulated VMS, and the place that it pulls from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.vms import hardware
from tests.services.vms.server import running_vms
from tests.unit.targets.milestone.vms_answers import answering
from tests.unit.targets.milestone.vms_site import House, made


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with running_vms() as vms, answering() as device:
        found = House(vms, device, made(tmp_path / "storage"))
        monkeypatch.setattr(hardware, "_looked", found.look)
        yield found
