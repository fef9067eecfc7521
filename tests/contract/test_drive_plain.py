"""Services that speak Drive's protocol more plainly than Google's: a stand-in, a gateway, a proxy's own pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backend.errors import TransientFailure
from backend.targets.base import Verdict
from tests.contract.conftest import Video
from tests.contract.drive_uploads import KEY, is_right, small_chunks
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.drive.faults import Fault
from tests.services.drive.replies import Reply, plain_reply
from tests.services.drive.wire import Call


@dataclass
class SessionsOnly(Fault):
    """It takes no file in a single request."""

    status: int = 400

    def before(self, call: Call) -> Reply | None:
        return plain_reply(self.status, "") if call.request.query.get("uploadType") == "multipart" else None


class NothingNamed(Fault):
    """It says 404 and not what it did not find."""

    def after(self, call: Call, reply: Reply) -> Reply:
        return plain_reply(404, "") if reply.status == 404 else reply


@pytest.mark.parametrize("status", [400, 404, 405, 415, 501])
def test_a_service_without_single_requests_gets_small_files_by_a_session_in_the_same_put(
    team: DrivePlace, make_video: Callable[..., Video], status: int
) -> None:
    team.server.faults.add(SessionsOnly(status), times=None)
    video, target = make_video(1000), team.target()

    copy = target.put(video.source, KEY, Told())

    assert is_right(team, video, target, copy)
    assert [request.method for request in team.server.requests if request.kind == "session"] == ["PUT"]
    assert target.check().ok


def test_a_request_that_is_refused_either_way_is_not_sent_for_ever(
    team: DrivePlace, make_video: Callable[..., Video]
) -> None:
    class Never(Fault):
        def before(self, call: Call) -> Reply | None:
            return plain_reply(400, "")

    team.server.faults.add(Never(), on="start", times=None)
    with pytest.raises(TransientFailure):
        team.target().put(make_video(1000).source, KEY, Told())
    assert sum(request.kind == "start" for request in team.server.requests) == 2


def test_folders_and_copies_are_made_and_missed_where_nothing_is_named(
    team: DrivePlace, make_video: Callable[..., Video]
) -> None:
    team.server.faults.add(NothingNamed(), times=None)
    video, target = make_video(MIB + 7), small_chunks(team)

    copy = target.put(video.source, KEY, Told())
    assert is_right(team, video, target, copy)

    team.lose(KEY)
    assert target.verify(video.expected, copy).verdict is Verdict.MISSING


def test_a_session_of_the_same_machine_under_its_other_name_is_followed(
    team: DrivePlace, make_video: Callable[..., Video]
) -> None:
    video = make_video(3 * MIB)
    target = small_chunks(team, root_url=team.server.root_url.replace("127.0.0.1", "localhost"))

    copy = target.put(video.source, KEY, Told())

    assert is_right(team, video, target, copy)
