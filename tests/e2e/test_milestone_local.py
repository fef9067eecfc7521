"""Mode LOCAL with a VMS in targets.toml: it is called for what is named for it, or by a person, and never else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.contract.edge_site import SECONDS, film
from tests.e2e.test_milestone import NAS, START, Site, installed
from tests.services.app import AppFactory
from tests.services.vms.faults import Status
from tests.services.vms.server import running_vms
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[Site]:
    """Not started yet, and with a VMS that nobody else calls."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("local"), hearth)
    with running_vms() as vms:
        yield installed(factory, vms, NAS, MEDIA_JOBS="0")
        factory.close()


def recorded_on_nas(site: Site) -> None:
    """A recording that was named for nothing is on the disk, and meant for nothing else."""
    video_id = site.record()
    wait_until(lambda: site.copy(video_id, "nas")["state"] == "delivered", "the copy on the disk")
    assert [one["target"] for one in site.video(video_id)["deliveries"]] == ["nas"]


def named_for_the_vms(site: Site) -> str:
    path = film(site.folder, "named.mp4", number=1)
    bounds = {"start_time": START.isoformat(), "end_time": (START + timedelta(seconds=SECONDS)).isoformat()}
    fields = {"camera_id": str(uuid4()), "targets": "milestone", "video": (path.name, path.read_bytes(), "video/mp4")}
    answer = site.app.request("POST", "/api/upload-video", fields={**bounds, **fields})
    assert answer.status == 201, answer.data
    video_id: str = answer.json()["video_id"]
    site.films[video_id] = path
    return video_id


def test_the_vms_is_never_called_from_the_start_to_the_end(site: Site) -> None:
    site.app.start()
    recorded_on_nas(site)
    site.app.stop()
    assert site.vms.requests == []


def test_one_that_is_paused_is_not_asked_either_until_a_video_is_named_for_it(site: Site) -> None:
    """A person's own check has found both targets away; the worker is to see that the disk is back, and only that."""
    app, vms, copy = site.app, site.vms, site.app.home / "copy"
    vms.faults.add(Status(503), times=None)
    copy.rename(app.home / "away")
    assert app.cli("targets", "check").returncode == 1
    assert vms.requests, "a person's own check calls it"
    vms.faults.clear()
    (app.home / "away").rename(copy)
    vms.requests.clear()
    app.start()

    def states() -> dict[str, tuple[str, bool]]:
        """State of each target, and whether it says when it is asked again."""
        shown = app.request("GET", "/api/targets").json()["targets"]
        return {one["name"]: (one["state"], one["next_probe_at"] is not None) for one in shown}

    wait_until(lambda: states()["nas"] == ("up", False), "the disk to be asked")
    recorded_on_nas(site)
    wait_until(lambda: states()["milestone"] == ("degraded", False), "nobody to be told that the VMS will be asked")
    app.stop()
    assert vms.requests == []
    app.start()
    video_id = named_for_the_vms(site)
    site.verified(video_id)
    assert site.arrived(video_id)
