"""What an upload that waits is told of Drive: the link, or why there is none yet, and that nothing is lost."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import TypeAdapter
from werkzeug.test import TestResponse

from backend.app import create_app
from backend.errors import PermanentFailure, TargetParked, TransientFailure
from backend.targets.base import RemoteCopy, Source, Transfer
from backend.web import schemas
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, failing, place

PAGE = "https://drive.google.com/file/d/1ABC123DEF456/view"
MESSAGE = "Video saved locally but Drive upload failed. Video is NOT lost."


@dataclass
class PageTarget(MemoryTarget):
    """Its copies can be opened on a page, as Drive's."""

    name: str = "gdrive"
    kind: str = "drive"
    page: str = PAGE

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        return replace(super().put(source, key, transfer), link=self.page)


@pytest.fixture
def drive() -> PageTarget:
    return PageTarget()


@pytest.fixture
def ledger(open_ledger: OpenLedger, drive: PageTarget) -> Ledger:
    return open_ledger(place(drive), AUTH_MODE="open")


def send(ledger: Ledger, path: str = "/api/upload-video", key: str = "", **fields: str) -> TestResponse:
    form = {"video": (io.BytesIO(VIDEO), "a.mp4"), **fields}
    headers = {"Idempotency-Key": key} if key else {}
    client = create_app(ledger.services).test_client()
    return client.post(path, data=form, headers=headers, content_type="multipart/form-data")


def get(ledger: Ledger, path: str) -> Any:
    return create_app(ledger.services).test_client().get(path).get_json()


def test_an_upload_that_waits_gets_the_link_of_the_verified_copy(ledger: Ledger) -> None:
    with ledger.worker():
        answer = send(ledger, wait="20")
    body = answer.get_json()
    assert (answer.status_code, body["success"], body["drive_link"]) == (201, True, PAGE)
    assert [(d["state"], d["link"]) for d in body["deliveries"]] == [("delivered", PAGE)]
    TypeAdapter(schemas.Saved).validate_python(body, strict=True)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TransientFailure("Drive does not answer."), "pending"),
        (TargetParked("The Drive is full."), "parked"),
        (PermanentFailure("Larger than 5 TB."), "failed"),
    ],
)
def test_a_failed_first_attempt_is_told_with_the_seeds_words_and_everything_else_of_the_save(
    ledger: Ledger, drive: PageTarget, error: Exception, state: str
) -> None:
    drive.on_put = failing(error)
    with ledger.worker():
        answer = send(ledger, wait="20")
    body = answer.get_json()
    assert (answer.status_code, body["success"], body["message"]) == (202, False, MESSAGE)
    assert body["error"] == f"Failed to upload to Drive: {error}"
    assert (ledger.services.layout.root / body["local_backup"]).read_bytes() == VIDEO
    assert (body["drive_link"], body["receipt"].count(".")) == (None, 2)
    assert body["deliveries"][0]["target"] == "gdrive"
    assert body["deliveries"][0]["state"] in (state, "pending", "in_progress")  # the next try may be on its way
    TypeAdapter(schemas.SavedNotOnDrive).validate_python(body, strict=True)


def test_the_retry_goes_on_by_itself_and_a_repeated_form_answers_by_the_state_of_now(
    ledger: Ledger, drive: PageTarget
) -> None:
    drive.on_put = failing(TransientFailure("Drive does not answer."))
    with ledger.worker():
        first = send(ledger, key="k", wait="20")
        drive.on_put = None
        ledger.wait_for("delivered", 1, "gdrive")
        again = send(ledger, key="k", wait="20")
    assert (first.status_code, again.status_code) == (202, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json()["video_id"] == first.get_json()["video_id"]
    assert again.get_json()["drive_link"] == PAGE


def test_a_repeated_form_that_waits_hears_of_the_failure_too(ledger: Ledger, drive: PageTarget) -> None:
    drive.on_put = failing(TargetParked("The Drive is full."))
    with ledger.worker():
        send(ledger, key="k")
        ledger.wait_for("parked", 1, "gdrive")
    again = send(ledger, key="k", wait="1")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert send(ledger, key="k").status_code == 201, "who does not wait is only told that it is saved"


def test_the_operators_waiting_time_counts_where_the_form_names_none(
    open_ledger: OpenLedger, drive: PageTarget
) -> None:
    drive.on_put = failing(TransientFailure("Drive does not answer."))
    ledger = open_ledger(place(drive), AUTH_MODE="open", UPLOAD_WAIT_SECONDS="20")
    with ledger.worker():
        assert send(ledger).status_code == 202
        assert send(ledger, wait="0").status_code == 201


def test_time_that_runs_out_is_no_failure(ledger: Ledger, drive: PageTarget) -> None:
    over = threading.Event()
    drive.on_put = lambda *_: _wait(over)
    with ledger.worker():
        answer = send(ledger, wait="0.5")
        over.set()
    assert (answer.status_code, answer.get_json()["drive_link"]) == (201, None)
    assert answer.get_json()["deliveries"][0]["state"] in ("pending", "in_progress")


def _wait(over: threading.Event) -> None:
    assert over.wait(20)


def test_a_failure_of_another_kind_of_target_is_not_drives(open_ledger: OpenLedger, drive: PageTarget) -> None:
    nas = MemoryTarget("nas", on_put=failing(TransientFailure("The NAS is away.")))
    ledger = open_ledger(place(drive), place(nas), AUTH_MODE="open")
    with ledger.worker():
        answer = send(ledger, wait="20")
    deliveries = {d["target"]: d for d in answer.get_json()["deliveries"]}
    assert (answer.status_code, answer.get_json()["success"]) == (201, True)
    assert deliveries["nas"]["error"] == "The NAS is away."


def test_nothing_is_called_safe_when_our_own_file_is_to_blame(ledger: Ledger) -> None:
    send(ledger, key="k")
    video_id = get(ledger, "/api/videos/list")["videos"][0]["id"]
    ledger.set(video_id, "gdrive", state="failed", error="It is damaged here.", error_code="local-damage")
    answer = send(ledger, key="k", wait="1")
    assert answer.status_code == 201
    assert answer.get_json()["deliveries"][0]["error_code"] == "local-damage"


def test_the_projects_door_keeps_its_own_answer(ledger: Ledger, drive: PageTarget) -> None:
    drive.on_put = failing(TransientFailure("Drive does not answer."))
    with ledger.worker():
        answer = send(ledger, "/projects/films/videos", wait="20")
    assert answer.status_code == 201
    TypeAdapter(schemas.Asset).validate_python(answer.get_json(), strict=True)


def test_lists_and_details_show_the_link_only_while_the_copy_is_verified(ledger: Ledger) -> None:
    with ledger.worker():
        video_id = send(ledger, wait="20").get_json()["video_id"]
    for state, link in (("delivered", PAGE), ("damaged", None), ("deleting", None), ("deleted", None)):
        ledger.set(video_id, "gdrive", state=state)
        (listed,) = get(ledger, "/api/videos/list")["videos"]
        assert listed | {"looks_alike": 0} == get(ledger, f"/api/videos/{video_id}")["video"]
        assert (listed["drive_link"], listed["deliveries"][0]["link"]) == (link, link)
        assert get(ledger, f"/api/videos/{video_id}/deliveries")["deliveries"][0]["link"] == link
        TypeAdapter(schemas.Video).validate_python(listed, strict=True)


def test_the_drive_link_is_that_of_a_drive_whatever_other_targets_give(open_ledger: OpenLedger) -> None:
    box = PageTarget("box", kind="box", page="https://box.example.org/1")
    ledger = open_ledger(place(box), place(PageTarget("zdrive")), AUTH_MODE="open")
    with ledger.worker():
        body = send(ledger, wait="20").get_json()
    assert body["drive_link"] == PAGE
    assert [d["link"] for d in body["deliveries"]] == ["https://box.example.org/1", PAGE]


def test_what_is_no_page_is_never_shown_as_one_whatever_a_remote_answers(ledger: Ledger, drive: PageTarget) -> None:
    drive.page = "javascript:alert(document.cookie)"
    with ledger.worker():
        body = send(ledger, wait="20").get_json()
    assert (body["drive_link"], body["deliveries"][0]["state"]) == (None, "delivered")
    assert ledger.delivery(body["video_id"], "gdrive").link == ""


def test_the_link_comes_back_from_the_sidecar_when_the_catalog_is_lost(ledger: Ledger) -> None:
    with ledger.worker():
        video_id = send(ledger, wait="20").get_json()["video_id"]
    ledger.forget_catalog()
    ledger.services.recovery.sweep()
    assert get(ledger, f"/api/videos/{video_id}")["video"]["drive_link"] == PAGE
