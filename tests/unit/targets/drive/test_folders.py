"""Promises of the pure parts of backend/targets/drive/folders.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.drive.folders import marks_of, parts_of
from backend.targets.drive.options import LAYOUTS
from backend.targets.memory_notes import MemoryNotes

_NAME = "20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


@pytest.mark.parametrize(
    ("layout", "folders"),
    [
        ("flat", []),
        ("project", ["project_a"]),
        ("project/month", ["project_a", "2026-11"]),
        ("project/day", ["project_a", "2026-11-21"]),
    ],
)
def test_the_layout_chooses_the_folders_by_the_stored_name(layout: str, folders: list[str]) -> None:
    assert parts_of(f"project_a/{_NAME}", layout) == (folders, _NAME)


@pytest.mark.parametrize(
    ("layout", "folders"),
    [("project/month", ["p", "undated"]), ("project/day", ["p", "undated"]), ("project", ["p"]), ("flat", [])],
)
@pytest.mark.parametrize("name", ["holiday.mp4", "2026_1.mp4", "202611211_x.mp4", "x20261121_101112.mp4"])
def test_a_name_without_a_date_has_a_folder_of_its_own_kind(name: str, layout: str, folders: list[str]) -> None:
    assert parts_of(f"p/{name}", layout) == (folders, name)


@given(st.text(), st.sampled_from(LAYOUTS))
def test_a_name_is_never_changed_and_the_same_key_always_leads_to_the_same_place(key: str, layout: str) -> None:
    folders, name = parts_of(key, layout)
    assert name == key.rpartition("/")[2]
    assert (folders, name) == parts_of(key, layout)


@given(st.text(), st.text(max_size=40).filter(lambda text: len(text.encode("utf-8", "surrogatepass")) <= 64))
def test_marks_fit_what_drive_allows_whatever_the_key(key: str, video_id: str) -> None:
    marks = marks_of(key, video_id)
    assert len(marks) <= 30
    sizes = [len(f"{name}{value}".encode("utf-8", "surrogatepass")) for name, value in marks.items()]
    assert max(sizes) <= 124


@given(st.text(), st.text())
def test_marks_tell_keys_apart(one: str, other: str) -> None:
    assert (marks_of(one) == marks_of(other)) is (one == other)


def test_marks_cannot_end_the_query_they_stand_in() -> None:
    assert marks_of("it's'}\\").keys() == {"holdfast_key"}
    assert "'" not in marks_of("it's'}\\")["holdfast_key"]


def test_of_several_that_note_at_once_one_wins_and_all_hear_whose_it_was() -> None:
    notes = MemoryNotes()
    with ThreadPoolExecutor(8) as threads:
        heard = set(threads.map(lambda n: notes.put("folder", str(n)), range(200)))
    assert heard == {notes.get("folder")}


def test_a_note_is_replaced_only_by_who_knows_it() -> None:
    notes = MemoryNotes()
    assert notes.put("folder", "old") == "old"
    assert notes.put("folder", "new") == "old"
    assert notes.put("folder", "new", instead_of="other") == "old"
    assert notes.put("folder", "new", instead_of="old") == "new"
    assert notes.put("lost", "x", instead_of="what was there") == "x"
