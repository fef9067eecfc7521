"""A project never keeps more than its quota, however many uploads come at once, and refuses before the bytes come."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from backend.disk import partial
from backend.errors import QuotaReached
from backend.intake import quota
from backend.intake.resumable import Append, Resumables, Wish
from backend.intake.taking import Hands
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import ANN, VIDEO, House

FULL = len(VIDEO)


def _limited(house: House, limit_bytes: int | dict[str, int]) -> House:
    """The project "small" may keep so much; every other as much as the disk takes."""
    services = house.services
    limits = limit_bytes if isinstance(limit_bytes, dict) else {"small": limit_bytes}
    intake = replace(services.intake, quota_of=limits.get)
    resumables = Resumables(
        intake, Hands(intake, services.recovery), replace(services.resumables.finder, intake=intake)
    )
    return House(replace(services, intake=intake, resumables=resumables), house.root)


def _wish(length: int | None, **fields: str) -> Wish:
    return Wish("tus", ANN, "a.mp4", {"project_id": ["small"], **{k: [v] for k, v in fields.items()}}, length)


def _append(uploads: Resumables, upload_id: str, content: bytes, length: int | None = None) -> None:
    with uploads.append(upload_id, ANN, "tus", Append(0, lambda: None, length)) as appending:
        appending.write(content)
        appending.finish()


def test_an_upload_that_does_not_fit_is_refused_before_its_bytes_and_says_why(house: House) -> None:
    small = _limited(house, 2 * FULL - 1)
    small.upload(project_id="small")
    with pytest.raises(QuotaReached, match="Delete videos") as refused:
        small.intake.open("b.mp4", ANN, "test", FULL, "small")
    told = refused.value.detail
    assert (told["used_bytes"], told["limit_bytes"], told["needed_bytes"]) == (FULL, 2 * FULL - 1, FULL)
    assert (refused.value.code, told["project_id"], told["filename"]) == ("quota", "small", "b.mp4")
    small.check()


def test_what_fits_to_the_last_byte_is_taken(house: House) -> None:
    small = _limited(house, 2 * FULL)
    small.upload(project_id="small")
    small.upload(VIDEO[::-1], "b.mp4", project_id="small")
    with pytest.raises(QuotaReached):
        small.upload(b"x", "c.mp4", project_id="small")
    small.upload(b"x", "c.mp4", project_id="other")
    small.check()


def test_shared_bytes_count_for_each_video_that_has_them(house: House) -> None:
    small = _limited(house, 2 * FULL - 1)
    small.upload(project_id="small")
    with pytest.raises(QuotaReached):
        small.upload(project_id="small")
    small.check()


def test_what_lies_in_the_trash_counts_until_it_is_purged(build: Build) -> None:
    small = _limited(build(TRASH_DAYS="0"), FULL)
    saved = small.upload(project_id="small")
    small.services.trash.throw_away(saved.video_id, "ann")
    with pytest.raises(QuotaReached):
        small.upload(project_id="small")
    assert small.services.trash.purge_due() == 1
    small.upload(project_id="small")


def test_of_many_uploads_at_once_only_as_many_get_in_as_fit(house: House) -> None:
    small, outcomes = _limited(house, 3 * FULL), []

    def send(number: int) -> None:
        try:
            small.upload(VIDEO[:-1] + bytes([number]), f"{number}.mp4", project_id="small")
            outcomes.append("saved")
        except QuotaReached:
            outcomes.append("refused")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["saved"] * 3
    small.check()


def test_an_upload_on_its_way_holds_its_room_and_gives_it_back(house: House) -> None:
    small = _limited(house, FULL)
    first = small.intake.open("a.mp4", ANN, "test", FULL, "small")
    with pytest.raises(QuotaReached):
        small.intake.open("b.mp4", ANN, "test", 1, "small")
    small.intake.abandon(first, RuntimeError("gone"))
    small.upload(project_id="small")
    small.check()


def test_an_unfinished_resumable_upload_holds_all_that_it_declared(house: House) -> None:
    small = _limited(house, FULL)
    uploads = small.services.resumables
    begun = uploads.create(_wish(FULL))
    with pytest.raises(QuotaReached):
        uploads.create(_wish(1))
    assert len(list(house.services.layout.incoming.glob("*.part"))) == 1
    _append(uploads, begun.id, VIDEO)
    with pytest.raises(QuotaReached):
        uploads.create(_wish(1))
    small.check()


def test_a_terminated_upload_gives_its_room_back(house: House) -> None:
    uploads = _limited(house, FULL).services.resumables
    uploads.terminate(uploads.create(_wish(FULL)).id, ANN, "tus")
    uploads.create(_wish(FULL))


def test_a_length_that_is_told_later_is_refused_then_and_the_upload_stays(house: House) -> None:
    small = _limited(house, FULL)
    uploads = small.services.resumables
    begun = uploads.create(_wish(None))
    with pytest.raises(QuotaReached):
        _append(uploads, begun.id, VIDEO, FULL + 1)
    _append(uploads, begun.id, VIDEO, FULL)
    small.check()


def test_a_quota_that_was_lowered_meanwhile_keeps_the_bytes_until_it_is_raised(house: House) -> None:
    limits = {"small": FULL}
    small = _limited(house, limits)
    uploads = small.services.resumables
    begun = uploads.create(_wish(FULL))
    limits["small"] = FULL - 1
    with pytest.raises(QuotaReached):
        _append(uploads, begun.id, VIDEO)
    assert uploads.look(begun.id, ANN, "tus").offset == FULL - 1
    limits["small"] = FULL
    with uploads.append(begun.id, ANN, "tus", Append(FULL - 1, lambda: None)) as appending:
        appending.write(VIDEO[-1:])
        assert appending.finish()[0].is_whole
    small.check()


def test_room_of_an_upload_that_died_is_swept_away(house: House) -> None:
    small = _limited(house, FULL)
    layout = small.services.layout
    quota.room_path(layout, "dead").write_text(json.dumps(["small", FULL]))
    small.upload(project_id="small")
    small.sweep()
    assert not quota.room_path(layout, "dead").exists()
    assert not partial.part_path(layout, "dead").exists()
    small.check()
