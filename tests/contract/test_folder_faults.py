"""What the folder target makes of a disk that is full, not mounted or the wrong one, and of names that lead out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.errors import PermanentFailure, TargetParked
from backend.targets.base import RemoteCopy, Verdict
from tests.contract.conftest import Video
from tests.contract.places import MIB, FolderPlace
from tests.contract.transfers import CancelAt, Told

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mount)], check=True)
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.service
def test_a_file_that_cannot_fit_is_refused_before_it_is_sent(
    small_disk: Path, make_video: Callable[..., Video]
) -> None:
    place = FolderPlace(small_disk, "link")
    transfer = Told()

    with pytest.raises(TargetParked, match=r"is full.*Free space"):
        place.target().put(make_video(5 * MIB).source, KEY, transfer)

    assert transfer.advances == []
    assert place.leftovers() == []


@pytest.mark.service
def test_a_disk_that_fills_up_while_it_is_written_parks_the_target_and_is_used_again_when_there_is_space(
    small_disk: Path, make_video: Callable[..., Video]
) -> None:
    video = make_video(3 * MIB)
    place = FolderPlace(small_disk, "link")
    filler = small_disk / "filler"

    class Filling(Told):
        def advance(self, done_bytes: int) -> None:
            if not filler.exists():
                filler.write_bytes(bytes(2 * MIB))

    with pytest.raises(TargetParked, match="is full"):
        place.target().put(video.source, KEY, Filling())
    assert place.leftovers() == []

    filler.unlink()
    place.target().put(video.source, KEY, Told())
    assert place.objects() == {KEY: video.content}


@pytest.mark.service
def test_a_disk_that_must_be_mounted_is_used_only_while_it_is(small_disk: Path, clip: Video) -> None:
    (small_disk / "video").mkdir()
    place = FolderPlace(small_disk, "link")
    mounted = {"path": str(small_disk / "video"), "require_mount": str(small_disk)}
    target = place.target(**mounted)
    copy = target.put(clip.source, KEY, Told())
    assert target.verify(clip.expected, copy).verdict is Verdict.MATCHES

    subprocess.run(["umount", str(small_disk)], check=True)
    (small_disk / "video").mkdir()
    with pytest.raises(TargetParked, match="Mount it"):
        target.verify(clip.expected, copy)
    with pytest.raises(TargetParked, match="Mount it"):
        target.put(clip.source, KEY, Told())
    assert list((small_disk / "video").iterdir()) == []
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small_disk)], check=True)


def test_the_folder_of_the_uploads_themselves_is_no_second_place(tmp_path: Path, clip: Video) -> None:
    place = FolderPlace(tmp_path, "link")
    stored = place.root / KEY
    stored.parent.mkdir()
    stored.hardlink_to(clip.source.path)

    with pytest.raises(TargetParked, match="no second copy"):
        place.target().put(clip.source, KEY, Told())


@pytest.mark.parametrize(
    "key",
    [
        "../outside.mp4",
        "project_x/../../outside.mp4",
        "/etc/outside.mp4",
        "project_x//outside.mp4",
        "project_x/",
        "",
        ".",
        "project_x/.",
        "nul\0l.mp4",
        ".holdfast-incoming/x.part",
    ],
)
def test_no_key_leads_out_of_the_folder(folder: FolderPlace, clip: Video, key: str) -> None:
    target = folder.target()

    with pytest.raises(PermanentFailure):
        target.put(clip.source, key, Told())
    with pytest.raises(PermanentFailure):
        target.verify(clip.expected, RemoteCopy(key))

    assert [path for path in folder.root.parent.rglob("*outside*") if path.is_file()] == []


@pytest.mark.parametrize("where", ["the project", "the file", "the temporary files"])
def test_no_symbolic_link_is_followed(folder: FolderPlace, clip: Video, where: str) -> None:
    outside = folder.root.with_name("outside")
    outside.mkdir()
    kept = outside / "kept"
    kept.write_text("not ours")
    (folder.root / "project_default").mkdir()
    if where == "the file":
        (folder.root / KEY).symlink_to(kept)
    else:
        name = "project_default" if where == "the project" else ".holdfast-incoming"
        if where == "the project":
            (folder.root / name).rmdir()
        (folder.root / name).symlink_to(outside)

    with pytest.raises(TargetParked):
        folder.target().put(clip.source, KEY, Told())

    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert kept.read_text() == "not ours"


def test_the_temporary_file_of_a_living_put_is_left_alone(folder: FolderPlace, clip: Video) -> None:
    class Interrupted(Told):
        """Lets a second put of the same key run to its end in the middle of the first."""

        def advance(self, done_bytes: int) -> None:
            if not self.advances:
                self.advances.append(done_bytes)
                before = folder.leftovers()
                with pytest.raises(Exception, match="stops"):
                    folder.target().put(clip.source, KEY, CancelAt(at_bytes=1))
                assert folder.leftovers() == before

    folder.target().put(clip.source, KEY, Interrupted())

    assert folder.objects() == {KEY: clip.content}
    assert folder.leftovers() == []


def test_two_puts_that_end_together_leave_the_first_ones_file_in_place(any_folder: FolderPlace, clip: Video) -> None:
    class Overtaken(Told):
        """A second put of the same key is faster."""

        def advance(self, done_bytes: int) -> None:
            if not self.advances:
                self.advances.append(done_bytes)
                any_folder.target().put(clip.source, KEY, Told())

    any_folder.target().put(clip.source, KEY, Overtaken())

    assert any_folder.objects() == {KEY: clip.content}
    assert any_folder.leftovers() == []
