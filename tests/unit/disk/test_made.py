"""What was made from a video, on disk: put in place whole, noted, and taken away without taking more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.disk import made
from backend.disk.layout import Layout

VIDEO = "uploads/project_p/a-0123456789.mp4"
STREAM = {"file": "hls/master.m3u8"}


def keep(layout: Layout, key: str, result: dict[str, Any], *names: str, words: str = "x") -> Path:
    """Files with these names, made and put in place; the folder of renditions."""
    folder = layout.renditions_of(VIDEO)
    with made.scratch(layout, key.replace(" ", "-")) as scratch:
        for name in names:
            (scratch / name).parent.mkdir(exist_ok=True)
            (scratch / name).write_text(words)
        made.keep(layout, VIDEO, "v", scratch, folder, (key, result))
    assert not list(layout.incoming.iterdir())
    return folder


def test_a_folder_that_is_made_anew_replaces_the_old_one_whole(layout: Layout) -> None:
    folder = keep(layout, "convert hls-720", STREAM, "hls/master.m3u8", "hls/720.ts")
    keep(layout, "convert hls-480", STREAM, "hls/master.m3u8", "hls/480.ts", words="new")
    assert sorted(path.name for path in (folder / "hls").iterdir()) == ["480.ts", "master.m3u8"]
    assert (folder / "hls" / "master.m3u8").read_text() == "new"


def test_what_was_replaced_is_noted_no_more_and_everything_else_is(layout: Layout) -> None:
    keep(layout, "probe", {"container": "mov"})
    keep(layout, "pictures", {"thumbnail": {"file": "thumbnail.jpg"}}, "thumbnail.jpg")
    keep(layout, "convert hls-720", STREAM, "hls/master.m3u8")
    keep(layout, "convert mp4-720", {"file": "720p.mp4"}, "720p.mp4")
    keep(layout, "convert hls-480", STREAM, "hls/master.m3u8")
    assert set(made.notes(layout, VIDEO)) == {"probe", "pictures", "convert mp4-720", "convert hls-480"}


def test_removing_what_was_replaced_leaves_what_is_there_now(layout: Layout) -> None:
    folder = keep(layout, "convert hls-720", STREAM, "hls/master.m3u8")
    keep(layout, "convert hls-480", STREAM, "hls/master.m3u8")
    made.remove(layout, VIDEO, "v", folder / "hls", "convert hls-720")
    assert (folder / "hls" / "master.m3u8").exists()
    made.remove(layout, VIDEO, "v", folder / "hls", "convert hls-480")
    assert not (folder / "hls").exists()
    assert made.notes(layout, VIDEO) == {}


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"x": 3, "y": {"file": 3}, "z": {"file": ""}}', b"\xff"])
def test_notes_that_are_damaged_keep_nobody_from_making_or_removing(layout: Layout, damage: bytes) -> None:
    folder = keep(layout, "convert mp4-720", {"file": "720p.mp4"}, "720p.mp4")
    (layout.pictures_of(VIDEO) / "made.json").write_bytes(damage)
    keep(layout, "convert mp4-480", {"file": "480p.mp4"}, "480p.mp4")
    made.remove(layout, VIDEO, "v", folder / "720p.mp4", "convert mp4-720")
    assert [path.name for path in folder.iterdir()] == ["480p.mp4"]
    assert made.notes(layout, VIDEO)["convert mp4-480"] == {"file": "480p.mp4"}


def test_scratch_folders_of_the_living_are_left_alone(layout: Layout) -> None:
    (layout.incoming / "media-dead").mkdir()
    with made.scratch(layout, "alive") as folder:
        assert made.discard_abandoned(layout) == 1
        assert [path.name for path in layout.incoming.iterdir()] == [folder.name]


def test_what_was_made_is_put_in_place_and_noted_beside_the_pictures(layout: Layout) -> None:
    folder = keep(layout, "browser", {"file": "browser.mp4"}, "browser.mp4")
    assert folder == layout.root / "processed" / "project_p" / "a-0123456789"
    assert [path.name for path in folder.iterdir()] == ["browser.mp4"]
    assert [path.name for path in layout.pictures_of(VIDEO).iterdir()] == ["made.json"]
    assert made.notes(layout, VIDEO) == {"browser": {"file": "browser.mp4"}}


def test_nothing_is_left_of_what_failed(layout: Layout) -> None:
    def half(scratch: Path) -> None:
        (scratch / "half.jpg").write_text("x")
        raise RuntimeError("ffmpeg ended")

    with pytest.raises(RuntimeError), made.scratch(layout, "token") as scratch:
        half(scratch)
    assert list(layout.incoming.iterdir()) == []


def test_scratch_of_the_dead_is_removed(layout: Layout) -> None:
    (layout.incoming / "media-dead").mkdir()
    (layout.incoming / "media-dead" / "half.jpg").write_text("x")
    assert made.discard_abandoned(layout) == 1
    assert list(layout.incoming.iterdir()) == []


def test_all_goes_with_the_video_and_going_twice_is_no_fault(layout: Layout) -> None:
    keep(layout, "browser", {"file": "browser.mp4"}, "browser.mp4")
    made.remove_all(layout, VIDEO, "v")
    made.remove_all(layout, VIDEO, "v")
    assert not layout.pictures_of(VIDEO).exists()
    assert not layout.renditions_of(VIDEO).exists()
