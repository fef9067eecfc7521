"""Our edge device is killed in the middle of a pull: what came stays, what is missing comes later, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.targets.milestone.soap import moment
from tests.contract.test_vms_pull import held
from tests.e2e.test_milestone import START, TARGET, Site, installed
from tests.services.app import AppFactory
from tests.services.vms.server import running_vms
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service
RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"
# The process `edge` keeps it: a film of four seconds takes many times that, and there is a middle to kill it in.
SLOW = "max_mib_per_second = 0.01\n"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[Site]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("kills"), hearth)
    with running_vms() as vms:
        found = installed(factory, vms, SLOW, STORAGE_MODE="MILESTONE", MEDIA_JOBS="0")
        found.app.start()
        yield found
        factory.close()


def test_a_killed_edge_process_loses_nothing_and_nothing_is_there_twice(site: Site) -> None:
    app, vms = site.app, site.vms

    def progress() -> int:
        return max((int(one.fields["progress"]) for one in vms.every("tasks") if "cameraPath" in one.fields), default=0)

    video_id = site.record()
    wait_until(lambda: progress() > 20, "a part of it to be there", seconds=180)
    app.kill9("edge")
    wait_until(lambda: site.copy(video_id)["error"], "it to be told that this pull failed", seconds=180)
    shown = site.copy(video_id)
    assert shown["phase"] != "verified"
    assert site.is_here(video_id)
    (camera,) = [one.id for one in vms.cameras if one.enabled]
    whole, came = held(site.films[video_id], START), vms.frames(camera)
    assert 0 < len(came) < len(whole)
    assert came == whole[: len(came)]
    assert vms.every("bookmarks") == []

    (app.home / "targets.toml").write_text(TARGET)  # as fast as it goes, from its next start
    app.start("edge")
    site.verified(video_id)
    assert site.arrived(video_id)
    asked = [one.body["startTime"] for one in vms.called(RETRIEVE)]
    # While the device was away it may have been asked for more than once; always for what is missing, and no more.
    assert (asked[0], set(asked[1:])) == (moment(START), {moment(came[-1].at)})
    made = {kind: len(vms.every(kind)) for kind in ("hardware", "bookmarks", "tasks")}
    assert made == {"hardware": 1, "bookmarks": 1, "tasks": 0}
    assert [one.fields["reference"] for one in vms.every("bookmarks")] == [video_id]
