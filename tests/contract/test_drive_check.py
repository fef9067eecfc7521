"""What the check of a Drive says: each trouble in words with its remedy, and a good check leaves nothing behind."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.drive_troubles import ANN, BOT, TROUBLES, Desk, Options
from tests.contract.places import target_of
from tests.services.drive.faults import forbidden
from tests.services.drive.model import SCOPE_FILE
from tests.services.drive.server import DriveServer

# Beginnings of Google's secrets, and addresses other than those that a person is sent to.
_SECRET = re.compile(r"ya29\.|1//|GOCSPX-|PRIVATE KEY|https?://(?!www\.googleapis\.com/auth/)")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with DriveServer() as drive:
        drive.person(ANN)
        yield Desk(drive, tmp_path)


def table(desk: Desk, options: Options) -> Options:
    common = {"name": "drive", "kind": "drive", "root_url": desk.drive.root_url, "read_timeout_seconds": 20}
    return common | options


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_is_told_with_its_remedy(desk: Desk, name: str) -> None:
    trouble = TROUBLES[name]
    before = set(desk.drive.world.items)
    target = target_of(table(desk, trouble.make(desk)))
    before |= set(desk.drive.world.items)
    report = target.check()
    assert not report.ok
    assert re.search(trouble.words, report.message), report.message
    assert re.search(trouble.remedy, report.message), report.message
    assert not _SECRET.search(f"{report.message} {report.details}")
    made = [desk.drive.world.items[item_id] for item_id in set(desk.drive.world.items) - before]
    assert [item.name for item in made if item.blob] == []


GOOD: dict[str, Callable[[Desk], Options]] = {
    "a person": lambda d: d.ann(),
    "a person, their own files only": lambda d: d.ann(SCOPE_FILE),
    "a person, a folder of theirs": lambda d: d.ann(folder_id=d.drive.folder("Videos", owner=ANN)),
    "a service account that acts for a person": lambda d: d.bot(delegated=True, subject=ANN),
    "a manager of a shared drive": lambda d: d.bot(folder_id=d.team()),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_check_leaves_nothing_behind(desk: Desk, name: str) -> None:
    report = target_of(table(desk, GOOD[name](desk))).check()
    assert report.ok, report.message
    assert report.details["probe"] == "removed"
    # Also not in the trash.
    assert [item.name for item in desk.drive.world.items.values() if item.blob] == []


def test_who_may_not_delete_for_ever_leaves_it_in_the_trash(desk: Desk) -> None:
    report = target_of(table(desk, desk.bot(folder_id=desk.team("fileOrganizer")))).check()
    assert report.ok, report.message
    assert report.details["probe"] == "in the trash"
    assert "goes to its trash, since a Content manager may not delete for ever" in report.message
    assert desk.drive.live_files() == []


def test_the_folder_is_named_as_people_know_it(desk: Desk) -> None:
    folder_id = desk.drive.folder("Videos", owner=ANN)
    target = target_of(table(desk, desk.ann(folder_id=folder_id)))
    assert "The folder “Videos” in Drive" in target.check().message
    desk.drive.trash(folder_id)
    assert "has the folder “Videos” in its trash" in target.check().message


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_good_check_tells_when_others_may_read_the_credentials(desk: Desk, mode: int, told: bool) -> None:
    options = table(desk, desk.ann())
    Path(options["credentials"]).chmod(mode)
    report = target_of(options).check()
    assert report.ok
    assert (f"chmod 600 {options['credentials']}." in report.message) is told


def test_check_after_check_uses_the_same_folder(desk: Desk) -> None:
    options = table(desk, desk.ann(SCOPE_FILE))
    for _ in range(3):
        assert target_of(options).check().ok
    assert [folder.path for folder in desk.drive.live_folders()] == ["Holdfast"]


def test_a_credentials_file_that_may_not_be_read_is_told(desk: Desk) -> None:
    options = desk.bot()
    path = Path(options["credentials"])
    path.chmod(0)
    target, me = target_of(table(desk, options)), os.geteuid()
    os.seteuid(me or 65534)
    try:
        report = target.check()
    finally:
        os.seteuid(me)
    assert not report.ok
    assert re.search(r"cannot be read \(Permission denied\).*Correct its owner and rights", report.message)


def test_a_target_that_runs_takes_a_new_sign_in_by_itself(desk: Desk) -> None:
    target = target_of(table(desk, desk.ann()))
    assert target.check().ok
    desk.drive.revoke(ANN)
    assert "revoked" in target.check().message
    desk.ann()
    assert target.check().ok


def test_a_target_that_began_without_credentials_takes_them_when_they_come(desk: Desk) -> None:
    target = target_of(table(desk, {"credentials": str(desk.folder / "credentials.json")}))
    assert "is not there" in target.check().message
    desk.ann()
    assert target.check().details["account"] == ANN


@pytest.mark.parametrize(("make", "account"), [(Desk.ann, ANN), (Desk.bot, BOT)])
def test_the_answer_names_the_account_also_when_it_is_a_bad_one(
    desk: Desk, make: Callable[[Desk], Options], account: str
) -> None:
    desk.hit(forbidden("accessNotConfigured"), "metadata")
    report = target_of(table(desk, make(desk))).check()
    assert not report.ok
    assert report.details["account"] == account
