"""Folders in Drive: made once however many ask, found again without notes, followed where people move them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.errors import TargetParked
from backend.targets.base import NoteTaker, Target, Verdict
from backend.targets.memory_notes import MemoryNotes
from tests.contract.conftest import Video
from tests.contract.drive_uploads import KEY, failure_of, is_right, puts_until_right
from tests.contract.places import DrivePlace, target_of
from tests.contract.transfers import Told
from tests.services.drive.faults import DropAfter, status

_NAME = KEY.rpartition("/")[2]


@pytest.fixture
def small(make_video: Callable[..., Video]) -> Video:
    return make_video(1000)


def noted(team: DrivePlace, notes: MemoryNotes, **changes: Any) -> Target:
    """A worker's target with notes that all workers share."""
    target = team.target(**changes)
    assert isinstance(target, NoteTaker)
    target.take_notes_in(notes)
    return target


def without_folder(team: DrivePlace, **changes: Any) -> Target:
    table = {**team.table(), **changes}
    del table["folder_id"]
    return target_of(table)


def folder_paths(team: DrivePlace) -> list[str]:
    return sorted(folder.path for folder in team.server.live_folders())


def folder_id(team: DrivePlace, path: str) -> str:
    return next(folder.id for folder in team.server.live_folders() if folder.path == path)


def _once(paths: Iterable[str]) -> bool:
    return set(Counter(paths).values()) == {1}


@pytest.mark.parametrize("frozen", [False, True], ids=["", "listing lags"])
@pytest.mark.parametrize("layout", ["project", "project/day"])
def test_workers_at_once_make_each_folder_once(team: DrivePlace, small: Video, frozen: bool, layout: str) -> None:
    notes = MemoryNotes()
    workers = [noted(team, notes, layout=layout) for _ in range(4)]
    keys = [f"project_{n % 3}/2026112{n % 2}_101112_x{n}.mp4" for n in range(24)]
    if frozen:
        team.server.freeze_listing()

    with ThreadPoolExecutor(8) as threads:
        jobs = enumerate(keys)
        list(threads.map(lambda job: workers[job[0] % 4].put(small.source, job[1], Told(is_first=True)), jobs))

    assert _once(folder_paths(team))
    assert len(folder_paths(team)) == (3 if layout == "project" else 3 + 6)
    assert len(team.server.live_files()) == len(keys)


def test_a_folder_whose_making_was_not_heard_of_is_not_made_twice(team: DrivePlace, small: Video) -> None:
    team.server.freeze_listing()
    team.server.faults.add(DropAfter(), method="POST", path="/drive/v3/files$", times=3)
    team.server.faults.add(status(503, stored=True), method="POST", path="/drive/v3/files$")

    puts_until_right(team.target(), small, Told())

    assert folder_paths(team) == ["project_a"]


def test_a_folder_is_found_by_its_mark_when_the_notes_are_lost(team: DrivePlace, small: Video) -> None:
    team.target().put(small.source, KEY, Told())
    team.target().put(small.source, "project_a/other.mp4", Told())
    assert folder_paths(team) == ["project_a"]
    assert set(team.objects()) == {KEY, "project_a/other.mp4"}


def test_a_folder_of_the_same_name_that_somebody_made_is_left_alone(team: DrivePlace, small: Video) -> None:
    theirs = team.server.folder("project_a", parent=team.drive_id)
    team.target().put(small.source, KEY, Told())
    (file,) = team.server.live_files()
    assert file.parents != [theirs]


@pytest.mark.parametrize("same_target", [True, False])
@pytest.mark.parametrize("lost_notes", [True, False])
def test_a_folder_that_somebody_renamed_and_moved_is_used_where_it_is(
    team: DrivePlace, small: Video, same_target: bool, lost_notes: bool
) -> None:
    notes = MemoryNotes()
    target = noted(team, notes)
    target.put(small.source, KEY, Told())
    folder = team.server.world.items[folder_id(team, "project_a")]
    folder.name, folder.parent_id = "Cameras", team.server.folder("Archive", parent=team.drive_id)

    target = target if same_target else noted(team, MemoryNotes() if lost_notes else notes)
    target.put(small.source, "project_a/other.mp4", Told())

    assert set(team.objects()) == {f"Archive/Cameras/{_NAME}", "Archive/Cameras/other.mp4"}


@pytest.mark.parametrize("how", ["trash", "remove"])
@pytest.mark.parametrize("same_target", [True, False])
def test_a_folder_that_is_gone_is_made_anew_and_the_file_lies_there(
    team: DrivePlace, small: Video, how: str, same_target: bool
) -> None:
    notes = MemoryNotes()
    target = noted(team, notes)
    target.put(small.source, KEY, Told())
    gone = folder_id(team, "project_a")
    getattr(team.server, how)(gone)

    target = target if same_target else noted(team, notes)
    copy = puts_until_right(target, small, Told(), key="project_a/other.mp4", most=2)

    assert team.objects() == {"project_a/other.mp4": small.content}
    assert folder_id(team, "project_a") != gone
    assert target.verify(small.expected, copy).verdict is Verdict.MATCHES


@pytest.mark.parametrize("how", ["trash", "remove"])
@pytest.mark.parametrize("size_bytes", [1000, 1_500_000])
def test_a_folder_that_goes_while_a_file_is_sent_into_it_is_made_anew(
    team: DrivePlace, make_video: Callable[..., Video], how: str, size_bytes: int
) -> None:
    video, transfer = make_video(size_bytes), Told()
    target = noted(team, MemoryNotes(), chunk_mib=1)
    target.put(video.source, "project_a/first.mp4", Told())
    if size_bytes > 1000:
        team.server.faults.add(status(503), on="session", skip=1, times=4)
        failure_of(target, video, transfer)
        team.server.faults.clear()
    getattr(team.server, how)(folder_id(team, "project_a"))

    copy = puts_until_right(target, video, transfer, most=3)

    assert is_right(team, video, target, copy)


@pytest.mark.parametrize("same_target", [True, False])
@pytest.mark.parametrize("wrong", ["in the trash", "deleted", "not shared any more", "read only", "a file"])
def test_a_configured_folder_that_cannot_be_used_parks_the_target_in_words(
    team: DrivePlace, small: Video, wrong: str, same_target: bool
) -> None:
    ann = "ann@example.org"
    team.server.person(ann)
    key = team.file("ann.json", team.server.authorised_user(ann))
    root = team.server.folder("Videos", parent=team.drive_id)
    team.server.set_member(team.drive_id, ann, "organizer")
    target = team.target(folder_id=root, credentials=key)
    target.put(small.source, KEY, Told())
    if wrong == "in the trash":
        team.server.trash(root)
    elif wrong == "deleted":
        team.server.remove(root)
    elif wrong == "a file":
        team.server.world.items[root].mime_type = "video/mp4"
    else:
        team.server.set_member(team.drive_id, ann, "reader" if wrong == "read only" else None)

    target = target if same_target else team.target(folder_id=root, credentials=key)
    report = target.check()
    failure = failure_of(target, small, Told(is_first=True))

    assert isinstance(failure, TargetParked), failure
    assert not report.ok
    for words in (failure.message, report.message):
        assert root in words or "“Videos”" in words
        assert "folder_id" in words or "Share it" in words or "trash" in words


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("flat", _NAME),
        ("project", f"project_a/{_NAME}"),
        ("project/month", f"project_a/2026-11/{_NAME}"),
        ("project/day", f"project_a/2026-11-21/{_NAME}"),
    ],
)
def test_the_layout_says_where_a_copy_lies(team: DrivePlace, small: Video, layout: str, path: str) -> None:
    target = team.target(layout=layout)
    copy = target.put(small.source, KEY, Told())
    assert team.objects() == {path: small.content}
    # A layout that is changed later moves nothing, and the copy is still known.
    other = team.target(layout="flat" if layout != "flat" else "project")
    assert other.put(small.source, KEY, Told()) == copy
    assert other.verify(small.expected, copy).verdict is Verdict.MATCHES


@pytest.mark.parametrize(
    "scope", ["https://www.googleapis.com/auth/drive", "https://www.googleapis.com/auth/drive.file"]
)
def test_without_a_folder_id_a_folder_of_our_own_is_made_once_in_the_persons_drive(
    team: DrivePlace, small: Video, scope: str
) -> None:
    team.server.person("ann@example.org")
    ann = team.file("ann.json", team.server.authorised_user("ann@example.org", [scope]))
    for number in range(3):
        target = without_folder(team, credentials=ann, folder_name="My films")
        target.put(small.source, f"project_a/{number}.mp4", Told())
    assert folder_paths(team) == ["My films", "My films/project_a"]
    assert {file.path for file in team.server.live_files()} == {f"My films/project_a/{n}.mp4" for n in range(3)}


def test_a_service_account_that_acts_for_a_person_uses_the_persons_room(team: DrivePlace, small: Video) -> None:
    team.server.person("ann@example.org")
    bot = team.server.service_account("acts@holdfast.iam.gserviceaccount.com", delegated=True)
    target = without_folder(team, credentials=team.file("acts.json", bot), subject="ann@example.org")
    assert target.check().ok
    copy = target.put(small.source, KEY, Told())
    assert target.verify(small.expected, copy).verdict is Verdict.MATCHES
    assert {file.owner for file in team.server.live_files()} == {"ann@example.org"}
