"""Names on disk: safe whatever the original says, never equal for two uploads or two projects."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from backend.disk.layout import (
    CATEGORIES,
    Layout,
    category_of,
    project_folder,
    split_extension,
    stored_name,
    without_category,
)
from backend.errors import SettingsError
from backend.settings import Settings

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
EXTENSIONS = st.sampled_from(Settings().allowed_extensions)
INSTANTS = st.integers(0, 8000 * 365 * 86_400 * 10**6).map(
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(0, 0, n)
)
# Lone surrogates too: they stand for bytes of a file name that were not UTF-8.
ANY_TEXT = st.text(st.characters(), max_size=400)
NASTY = ["", ".", "..", "../../etc/passwd", "a/b\\c", "CON", "CON.mp4", ".mp4", "nul\x00byte", "\u202egnp.mp4",
         "x" * 300, "🎬" * 100, "a\r\nX: y", "%2e%2e%2f", "\udcff", "ﬃ" * 80, "-rf", "~", "$(x)"]  # fmt: skip


@given(ANY_TEXT | st.sampled_from(NASTY), ANY_TEXT | st.sampled_from(NASTY), ANY_TEXT, EXTENSIONS, INSTANTS)
def test_stored_name_is_safe_on_any_file_system(
    project: str, filename: str, label: str, extension: str, at: datetime
) -> None:
    name = stored_name(project, filename, label, extension, at)
    assert SAFE.fullmatch(name)
    assert len(f"{name}.json".encode()) <= 255
    assert name.endswith(f".{extension}")
    assert not WINDOWS_DEVICE.fullmatch(name)


@given(ANY_TEXT | st.sampled_from(NASTY))
def test_project_folder_is_safe_on_any_file_system(project: str) -> None:
    name = project_folder(project)
    assert re.fullmatch(r"project_[A-Za-z0-9._-]+", name)
    assert len(name) <= 100
    assert not name.endswith(".")


@given(ANY_TEXT | st.sampled_from(NASTY), ANY_TEXT | st.sampled_from(NASTY))
@example("a/b", "a_b")
@example("A", "a")
@example("é", "e")
@example("x" * 61, "x" * 60)
@example("é", project_folder("é").removeprefix("project_"))
@example("日本", project_folder("日本").removeprefix("project_"))
@example("", "project")
@example("a.", "a")
def test_two_projects_never_share_a_folder(one: str, other: str) -> None:
    assume(one != other)
    assert project_folder(one) != project_folder(other)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT, INSTANTS), min_size=2, max_size=2, unique=True), EXTENSIONS)
def test_two_uploads_never_meet_on_one_name(uploads: list[tuple[str, str, datetime]], extension: str) -> None:
    (p1, n1, at1), (p2, n2, at2) = uploads
    one, other = stored_name(p1, n1, "", extension, at1), stored_name(p2, n2, "", extension, at2)
    assert (project_folder(p1), one) != (project_folder(p2), other)


def test_later_microsecond_makes_another_name() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    names = {stored_name("p", "a.mp4", "", "mp4", at + timedelta(microseconds=n)) for n in range(1000)}
    assert len(names) == 1000


def test_name_reads_as_the_specification_shows_it() -> None:
    at = datetime(2024, 11, 12, 15, 30, 52, tzinfo=timezone(timedelta(hours=1)))
    name = stored_name("default", "my vidéo.MP4", "Tutorial", "mp4", at)
    assert re.fullmatch(r"20241112_143052_Tutorial_my_video-[0-9a-f]{10}\.mp4", name)
    assert project_folder("default") == "project_default"


@pytest.mark.parametrize(
    ("filename", "parts"),
    [
        ("holiday.final.MP4", ("holiday.final", "mp4")),
        (r"C:\films\a.mov", ("a", "mov")),
        ("../a.mp4", ("a", "mp4")),
        (".mp4", ("", "mp4")),
        ("noext", ("noext", "")),
        ("", ("", "")),
        ("a.mp4 ", ("a", "mp4")),
        ("a.", ("a", "")),
    ],
)
def test_extension_is_split_from_the_last_part(filename: str, parts: tuple[str, str]) -> None:
    assert split_extension(filename) == parts


def test_prepare_makes_every_folder_and_is_safe_to_repeat(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "deep" / "storage")
    layout.prepare()
    layout.prepare()
    made = {p.name for p in layout.root.iterdir()}
    assert made == {*CATEGORIES, "incoming", "quarantine", "metadata"}
    assert layout.keys.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", [*CATEGORIES, "incoming", "quarantine"])
def test_root_that_spans_file_systems_is_refused(tmp_path: Path, place: str) -> None:
    layout = Layout(tmp_path / "storage")
    layout.root.mkdir()
    (layout.root / place).symlink_to("/dev/shm")
    with pytest.raises(SettingsError, match="one file system"):
        layout.prepare()


@pytest.mark.parametrize(
    ("extension", "media_type", "category"),
    [
        ("mp3", "audio/mpeg", "music"), ("wav", "audio/wav", "music"), ("flac", "audio/flac", "music"),
        ("m4a", "video/mp4", "music"), ("m4a", "application/octet-stream", "music"), ("mp4", "audio/mp4", "music"),
        ("bin", "audio/wav", "music"), ("mp4", "video/mp4", "uploads"), ("mkv", "application/octet-stream", "uploads"),
    ],
)  # fmt: skip
def test_sound_is_music_by_its_name_or_its_content(extension: str, media_type: str, category: str) -> None:
    assert category_of(extension, media_type) == category


def test_what_is_made_from_music_lies_where_that_of_videos_does(layout: Layout) -> None:
    place = "music/project_p/song-0123456789.mp3"
    assert layout.pictures_of(place) == layout.root / "thumbnails/project_p/song-0123456789"
    assert layout.renditions_of(place) == layout.root / "processed/project_p/song-0123456789"
    assert str(without_category(place)) == "project_p/song-0123456789.mp3"


def test_an_installation_of_an_earlier_version_has_no_music_folder_yet(layout: Layout) -> None:
    layout.music.rmdir()
    (layout.uploads / "project_p").mkdir()
    assert layout.kept_folders() == [layout.uploads / "project_p"]
