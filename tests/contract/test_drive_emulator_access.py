"""The emulator of Drive shows and allows what the real one does: shared drives, roles, owners, scopes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.contract.drive_desk import ANN, BOT, Desk, Media, refusal
from tests.services.drive.model import FOLDER, SCOPE_FILE
from tests.services.drive.server import DriveServer

_BOB = "bob@project.iam.gserviceaccount.com"
_ALL = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with DriveServer() as drive, Desk(drive) as desk:
        yield desk


def _refused(request: Any) -> tuple[int, str, str]:
    with pytest.raises(HttpError) as caught:
        request.execute()
    return refusal(caught.value)


def _names(service: Any, q: str | None = None, **options: Any) -> list[str]:
    found = service.files().list(q=q, fields="files(name)", **{**_ALL, **options}).execute()
    return sorted(file["name"] for file in found["files"])


def test_a_shared_drive_is_hidden_from_who_does_not_say_that_he_knows_them(desk: Desk) -> None:
    made = desk.upload(b"abc")
    unknown = (404, "notFound", f"File not found: {made['id']}.")
    for call in (desk.bot.files().get, desk.bot.files().delete):
        assert _refused(call(fileId=made["id"])) == unknown
    assert _refused(desk.bot.files().update(fileId=made["id"], body={"name": "b"})) == unknown
    hidden = _refused(desk.bot.files().create(body={"name": "b", "parents": [desk.team]}))
    assert hidden == (404, "notFound", f"File not found: {desk.team}.")
    assert desk.start(3, query="").status == 404
    assert _names(desk.bot, includeItemsFromAllDrives=False) == []
    inside = desk.bot.files().list(q=f"'{desk.team}' in parents")
    assert _refused(inside) == (404, "notFound", "File not found: .")
    assert _names(desk.bot) == ["film.mp4"]


def test_what_is_not_shared_does_not_exist(desk: Desk) -> None:
    made = desk.upload(b"abc")
    bob = desk.bot_named(_BOB)
    unknown = (404, "notFound", f"File not found: {made['id']}.")
    assert _refused(bob.files().get(fileId=made["id"], supportsAllDrives=True)) == unknown
    assert _refused(bob.files().list(q=f"'{desk.team}' in parents", **_ALL))[0] == 404
    assert _names(bob) == []


@pytest.mark.parametrize("role", ["reader", "commenter"])
def test_who_reads_does_not_write(desk: Desk, role: str) -> None:
    made = desk.upload(b"abc")
    bob = desk.bot_named(_BOB)
    desk.drive.set_member(desk.team, _BOB, role)
    assert bob.files().get_media(fileId=made["id"], supportsAllDrives=True).execute() == b"abc"
    words = "The user does not have sufficient permissions for this file."
    for body in ({"name": "b"}, {"trashed": True}):
        request = bob.files().update(fileId=made["id"], body=body, supportsAllDrives=True)
        assert _refused(request) == (403, "insufficientFilePermissions", words)
    made_there = {"name": "b", "parents": [desk.team]}
    refused = (403, "insufficientParentPermissions", "Insufficient permissions for the specified parent.")
    assert _refused(bob.files().create(body=made_there, supportsAllDrives=True)) == refused
    media = Media(b"x", resumable=True)
    assert _refused(bob.files().create(body=made_there, media_body=media, supportsAllDrives=True)) == refused


@pytest.mark.parametrize(
    ("role", "trashes", "deletes"),
    [("writer", False, False), ("fileOrganizer", True, False), ("organizer", True, True)],
)
def test_in_a_shared_drive_the_role_says_who_trashes_and_who_deletes(
    desk: Desk, role: str, trashes: bool, deletes: bool
) -> None:
    bob = desk.bot_named(_BOB)
    desk.drive.set_member(desk.team, _BOB, role)
    made = desk.upload(b"abc", bob)
    capabilities = "capabilities(canTrash,canDelete)"
    told = bob.files().get(fileId=made["id"], fields=capabilities, supportsAllDrives=True).execute()
    assert told["capabilities"] == {"canTrash": trashes, "canDelete": deletes}
    trash = bob.files().update(fileId=made["id"], body={"trashed": True}, supportsAllDrives=True)
    delete = bob.files().delete(fileId=made["id"], supportsAllDrives=True)
    for request, allowed in ((trash, trashes), (delete, deletes)):
        if allowed:
            request.execute()
        else:
            assert _refused(request)[:2] == (403, "insufficientFilePermissions")
    assert bool(desk.drive.live_files()) is not trashes
    assert (desk.drive.file(made["id"]) is None) is deletes


def test_in_a_my_drive_only_the_owner_deletes(desk: Desk) -> None:
    desk.drive.person("eve@example.org")
    ann, eve = desk.user(), desk.user("eve@example.org")
    made = ann.files().create(body={"name": "a"}).execute()
    desk.drive.share(made["id"], "eve@example.org", "writer")
    eve.files().update(fileId=made["id"], body={"name": "b"}).execute()
    assert _refused(eve.files().delete(fileId=made["id"]))[:2] == (403, "insufficientFilePermissions")
    ann.files().delete(fileId=made["id"]).execute()
    assert desk.drive.live_files() == []


def test_an_app_with_the_file_scope_sees_only_what_it_made_for_that_person(desk: Desk) -> None:
    others = desk.drive.folder("Videos", owner=ANN)
    ann = desk.user(scopes=[SCOPE_FILE])
    assert _refused(ann.files().get(fileId=others)) == (404, "notFound", f"File not found: {others}.")
    assert _refused(ann.files().create(body={"name": "a", "parents": [others]}))[0] == 404
    folder = ann.files().create(body={"name": "Mine", "mimeType": FOLDER}).execute()["id"]
    ann.files().create(body={"name": "a", "parents": [folder]}).execute()
    assert _names(ann) == ["Mine", "a"]
    assert [seen.path for seen in desk.drive.live_files(folder)] == ["Mine/a"]


def test_properties_of_an_app_are_its_own(desk: Desk) -> None:
    made = desk.upload(b"abc", appProperties={"key": "value"})
    get: dict[str, Any] = {"fileId": made["id"], "fields": "appProperties", "supportsAllDrives": True}
    asked = "appProperties has { key='key' and value='value' }"
    assert (desk.bot.files().get(**get).execute(), _names(desk.bot, asked)) == (
        {"appProperties": {"key": "value"}},
        ["film.mp4"],
    )
    bob = desk.bot_named(_BOB)
    desk.drive.set_member(desk.team, _BOB, "writer")
    assert (bob.files().get(**get).execute(), _names(bob, asked)) == ({}, [])


def test_a_shared_drive_has_a_name_for_its_members(desk: Desk) -> None:
    assert desk.bot.drives().get(driveId=desk.team).execute()["name"] == "Team"
    bob = desk.bot_named(_BOB)
    assert _refused(bob.drives().get(driveId=desk.team))[:2] == (404, "notFound")
    assert [found["id"] for found in desk.bot.drives().list().execute()["drives"]] == [desk.team]


def test_a_file_in_somebodys_folder_belongs_to_who_made_it(desk: Desk) -> None:
    desk.drive.person("eve@example.org")
    folder = desk.drive.folder("Videos", owner=ANN, shared_with={"eve@example.org": "writer", BOT: "reader"})
    desk.user("eve@example.org").files().create(body={"name": "a", "parents": [folder]}).execute()
    (seen,) = desk.drive.live_files()
    assert (seen.owner, seen.path, seen.drive_id) == ("eve@example.org", "Videos/a", None)
    assert _names(desk.bot, f"'{folder}' in parents") == ["a"]
