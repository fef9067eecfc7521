"""The emulator of Drive answers about files as the real one does: queries, fields, limits, content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.contract.drive_desk import ANN, Desk, Media, refusal
from tests.services.drive.server import DriveServer

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


def test_ids_are_handed_out_as_many_as_asked(desk: Desk) -> None:
    told = desk.bot.files().generateIds(count=3, space="drive", type="files").execute()
    assert (len(set(told["ids"])), told["kind"], told["space"]) == (3, "drive#generatedIds", "drive")
    assert _refused(desk.bot.files().generateIds(count=1001))[0] == 400
    assert _refused(desk.bot.files().generateIds(space="photos"))[0] == 400


def test_only_the_fields_asked_for_are_told(desk: Desk) -> None:
    made = desk.upload(b"abc")
    assert set(made) == {"kind", "id", "name", "mimeType"}
    get = desk.bot.files().get
    assert set(get(fileId=made["id"], fields="size,parents", supportsAllDrives=True).execute()) == {"size", "parents"}
    every = get(fileId=made["id"], fields="*", supportsAllDrives=True).execute()
    assert (every["size"], every["explicitlyTrashed"], every["capabilities"]["canTrash"]) == ("3", False, True)
    bad = _refused(get(fileId=made["id"], fields="id,sise", supportsAllDrives=True))
    assert bad == (400, "invalidParameter", "Invalid field selection sise")


def test_a_sha256_may_be_missing(desk: Desk) -> None:
    made = desk.upload(b"abc")
    desk.drive.world.leaves_out_sha256 = True
    fields = "md5Checksum,sha256Checksum"
    told = desk.bot.files().get(fileId=made["id"], fields=fields, supportsAllDrives=True).execute()
    assert told == {"md5Checksum": "900150983cd24fb0d6963f7d28e17f72"}


@pytest.mark.parametrize(
    "options",
    [
        {"includeItemsFromAllDrives": True},
        {**_ALL, "corpora": "drive"},
        {**_ALL, "driveId": "x"},
        {"corpora": "allDrives"},
        {"corpora": "moon"},
        {"pageSize": 1001},
        {"pageToken": "x"},
    ],
    ids=str,
)
def test_lists_that_contradict_themselves_are_refused(desk: Desk, options: dict[str, Any]) -> None:
    assert _refused(desk.bot.files().list(**options))[0] in (400, 403)


@pytest.mark.parametrize(
    "properties", [{f"k{n}": "v" for n in range(31)}, {"k": "v" * 124}, {"kk": "é" * 62}], ids=["31", "long", "utf-8"]
)
def test_properties_have_limits(desk: Desk, properties: dict[str, str]) -> None:
    body = {"name": "a", "parents": [desk.team], "appProperties": properties}
    assert _refused(desk.bot.files().create(body=body, supportsAllDrives=True))[:2] == (400, "invalid")
    fewer = {key: value[:60] for key, value in list(properties.items())[:30]}
    desk.bot.files().create(body={**body, "appProperties": fewer}, supportsAllDrives=True).execute()


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("name = 'it\\'s'", ["it's"]),
        ("name = 'a\\\\b'", ["a\\b"]),
        ("name contains 'it'", ["it's"]),
        ("'{team}' in parents and trashed = false", ["Box", "a\\b", "it's"]),
        ("trashed=true", ["old"]),
        ("mimeType = 'application/vnd.google-apps.folder'", ["Box"]),
        ("mimeType != 'application/vnd.google-apps.folder' and not trashed = true", ["a\\b", "in", "it's"]),
        ("(name = 'in' or name = 'old') and trashed != true", ["in"]),
        ("name = 'in' or name = 'old' and trashed = true", ["old"]),
        ("not (name = 'in' or name = 'Box') and trashed = false", ["a\\b", "it's"]),
    ],
)
def test_a_query_finds_what_it_asks_for(desk: Desk, q: str, found: list[str]) -> None:
    box = desk.make_folder("Box")
    for name, parent in (("it's", desk.team), ("a\\b", desk.team), ("in", box), ("old", desk.team)):
        made = desk.upload(b"x", name=name, parents=[parent])
        if name == "old":
            desk.drive.trash(made["id"])
    assert _names(desk.bot, q.replace("{team}", desk.team)) == found


@pytest.mark.parametrize(
    "q",
    [
        "name = film",
        "name == 'a'",
        "name = 'it's'",
        "trashed = 'false'",
        "nome = 'a'",
        "name = 'a' and",
        "(name = 'a'",
        "name = 'a' trashed = false",
        "appProperties has { key='k' }",
        "name = 'a\\d'",
        "'a' on parents",
    ],
)
def test_a_query_that_is_wrong_is_refused(desk: Desk, q: str) -> None:
    assert _refused(desk.bot.files().list(q=q)) == (400, "invalid", "Invalid Value")


def test_a_long_list_comes_in_pages(desk: Desk) -> None:
    for number in range(5):
        desk.make_folder(f"{number}")
    request = desk.bot.files().list(pageSize=2, fields="nextPageToken,files(name)", **_ALL)
    pages = []
    while request is not None:
        page = request.execute()
        pages.append([file["name"] for file in page["files"]])
        request = desk.bot.files().list_next(request, page)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(name for page in pages for name in page) == ["0", "1", "2", "3", "4"]
    assert "nextPageToken" not in desk.bot.files().list(pageSize=2, fields="files(name)", **_ALL).execute()


def test_a_new_file_may_be_missing_from_lists_while_it_is_there(desk: Desk) -> None:
    desk.drive.freeze_listing()
    made = desk.upload(b"abc")
    assert _names(desk.bot) == []
    assert desk.bot.files().get(fileId=made["id"], supportsAllDrives=True).execute()["name"] == "film.mp4"
    desk.drive.thaw_listing()
    assert _names(desk.bot) == ["film.mp4"]
    desk.drive.world.listing_lag_seconds = 60
    assert _names(desk.bot) == []


def test_a_trashed_folder_takes_its_content_along_and_a_removed_one_too(desk: Desk) -> None:
    folder = desk.make_folder("2026")
    made = desk.upload(b"abc", parents=[folder])
    get = {"fileId": made["id"], "fields": "trashed,explicitlyTrashed", "supportsAllDrives": True}
    desk.drive.trash(folder)
    assert desk.bot.files().get(**get).execute() == {"trashed": True, "explicitlyTrashed": False}
    desk.bot.files().delete(fileId=folder, supportsAllDrives=True).execute()
    assert _refused(desk.bot.files().get(**get))[0] == 404


def test_a_file_has_exactly_one_parent(desk: Desk) -> None:
    folder = desk.make_folder("2026")
    two = {"name": "a", "parents": [desk.team, folder]}
    assert _refused(desk.bot.files().create(body=two, supportsAllDrives=True))[0] == 400
    made = desk.upload(b"abc")
    update = desk.bot.files().update
    added: dict[str, Any] = {"fileId": made["id"], "addParents": folder, "supportsAllDrives": True}
    assert _refused(update(**added))[:2] == (403, "cannotAddParent")
    assert _refused(update(fileId=made["id"], body={"parents": [folder]}, supportsAllDrives=True))[0] == 403
    update(**added, removeParents=desk.team).execute()
    assert [seen.path for seen in desk.drive.live_files()] == ["2026/film.mp4"]


def test_fields_that_are_not_ours_to_write_are_refused(desk: Desk) -> None:
    body = {"name": "a", "parents": [desk.team], "size": "3"}
    assert _refused(desk.bot.files().create(body=body, supportsAllDrives=True))[:2] == (403, "fieldNotWritable")


def test_content_comes_back_in_ranges(desk: Desk) -> None:
    made = desk.upload(b"0123456789")
    url = f"/drive/v3/files/{made['id']}?alt=media&supportsAllDrives=true"
    header = desk.bearer()

    def ranged(wanted: str) -> tuple[int, str | None, bytes]:
        reply = desk.raw("GET", url, headers={**header, "Range": f"bytes={wanted}"})
        return reply.status, reply.headers.get("content-range"), reply.body

    assert ranged("2-4") == (206, "bytes 2-4/10", b"234")
    assert ranged("8-") == (206, "bytes 8-9/10", b"89")
    assert ranged("-3") == (206, "bytes 7-9/10", b"789")
    assert ranged("10-")[:2] == (416, "bytes */10")
    assert desk.raw("GET", url, headers=header).body == b"0123456789"
    folder = desk.bot.files().get_media(fileId=desk.make_folder("2026"), supportsAllDrives=True)
    assert _refused(folder)[:2] == (403, "fileNotDownloadable")


def test_what_others_do_meanwhile_shows(desk: Desk) -> None:
    made = desk.upload(b"abc")
    desk.drive.replace_content(made["id"], b"other")
    told = desk.bot.files().get(fileId=made["id"], fields="size,md5Checksum", supportsAllDrives=True).execute()
    assert told == {"size": "5", "md5Checksum": "795f3202b17cb6bc3d4b771d8c6c9eaf"}
    desk.drive.remove(made["id"])
    assert _refused(desk.bot.files().get(fileId=made["id"], supportsAllDrives=True))[0] == 404


def test_about_tells_who_and_how_much_and_wants_to_know_what(desk: Desk) -> None:
    ann = desk.user()
    ann.files().create(body={"name": "a"}, media_body=Media(b"abc", resumable=False)).execute()
    told = ann.about().get(fields="user/emailAddress,storageQuota(limit,usage)").execute()
    assert told == {"user": {"emailAddress": ANN}, "storageQuota": {"limit": str(15 * 2**30), "usage": "3"}}
    assert _refused(ann.about().get()) == (400, "required", "The 'fields' parameter is required for this method.")
