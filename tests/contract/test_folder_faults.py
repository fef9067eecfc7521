"""What the folder target makes of a disk that is full, fails, vanishes or is the wrong one; and of being killed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.errors import PermanentFailure, TargetParked
from backend.targets.base import RemoteCopy, Verdict
from tests.contract.conftest import Video
from tests.contract.places import MIB, FolderPlace
from tests.contract.putting import last_line, putting, stored_state
from tests.contract.transfers import CancelAt, Told

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


@pytest.fixture(params=["link", "rename", "exclusive"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path, request.param)


@pytest.fixture
def folder(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path, "link")


@pytest.fixture
def clip(make_video: Callable[..., Video]) -> Video:
    return make_video(3 * MIB + 7, "clip")


def _traced(place: FolderPlace, video: Video, *rules: str, log: Path | None = None) -> str:
    """Put in a process whose system calls strace spoils; its last line."""
    spoil = [f"--inject={rule}" for rule in rules]
    calls = sorted({rule.split(":")[0] for rule in rules} | ({"fsync", "fdatasync"} if log else set()))
    under = ["strace", "-f", "-qq", "-y", "-o", str(log or "/dev/null"), "-e", f"trace={','.join(calls)}", *spoil]
    with putting(place.table(), video.source, KEY, "traced", quiet=True, under=under) as process:
        return last_line(process)


def _right_after_the_next_put(place: FolderPlace, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told(resume=stored_state(video.source, "traced")))
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


@pytest.mark.service
@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("write:error=ENOSPC:when=2", "target-parked"),
        ("write:error=EDQUOT:when=2", "target-parked"),
        ("write:error=EROFS:when=1", "target-parked"),
        ("write:error=EIO:when=3", "target-transient"),
        ("write:error=EFBIG:when=3", "target-permanent"),
        ("fsync:error=EIO:when=1", "target-transient"),
        ("fsync:error=EIO:when=3", "target-transient"),
        ("fsync:error=ENOSPC:when=3", "target-parked"),
        ("mkdirat:error=EACCES:when=1", "target-parked"),
        ("preadv2:error=EIO:when=2", "target-transient"),
        ("openat:error=ESTALE:when={openat}", "target-transient"),
    ],
)
def test_a_failing_disk_is_told_for_what_it_is_and_leaves_nothing_half(
    place: FolderPlace, clip: Video, rule: str, code: str
) -> None:
    if "{openat}" in rule:
        # The last file a put opens is its temporary one.
        rule = rule.format(openat=_opened_by_a_put(place, clip))
    outcome = _traced(place, clip, rule)

    assert outcome.startswith(f"failed {code} "), outcome
    assert place.objects() in ({}, {KEY: clip.content})
    _right_after_the_next_put(place, clip)


def _opened_by_a_put(place: FolderPlace, video: Video) -> int:
    """How many files the process opens up to its temporary one, once the folders are there."""
    place.target().put(video.source, KEY, Told())
    place.lose(KEY)
    log = video.source.path.with_name("openat.log")
    under = ["strace", "-qq", "-o", str(log), "-e", "trace=openat"]
    with putting(place.table(), video.source, KEY, "counted", quiet=True, under=under) as process:
        assert last_line(process).startswith("done")
    place.lose(KEY)
    opened = [n for n, line in enumerate(log.read_text().splitlines(), start=1) if ".part" in line]
    return opened[-1]


@pytest.mark.service
def test_a_failed_fsync_is_not_tried_again_on_the_same_file(folder: FolderPlace, clip: Video, tmp_path: Path) -> None:
    log = tmp_path / "fsync.log"

    _traced(folder, clip, "fsync:error=EIO:when=3", log=log)

    synced = [line for line in log.read_text().splitlines() if ".part" in line]
    assert len(synced) == 1
    assert "EIO" in synced[0]


@pytest.mark.service
@pytest.mark.parametrize("call", ["mkdirat", "openat", "flock", "write", "fsync", "linkat", "renameat2", "unlinkat"])
def test_a_put_killed_at_any_system_call_is_completed_by_the_next(place: FolderPlace, clip: Video, call: str) -> None:
    for count in range(1, 200):
        # The interpreter opens hundreds of files by itself; only those of the put matter.
        first = _opened_by_a_put(place, clip) - 5 if call == "openat" and count == 1 else 0
        when = count + first if call == "openat" else count
        outcome = _traced(place, clip, f"{call}:signal=KILL:when={when}")
        assert set(place.objects()) <= {KEY}
        finished = outcome.startswith("done")
        _right_after_the_next_put(place, clip)
        place.lose(KEY)
        (place.root / KEY).parent.rmdir()
        if finished or (call in ("write", "openat") and count == 8):
            return
    raise AssertionError("the put never came to its end")


@pytest.mark.service
@pytest.mark.parametrize(("call", "publish"), [("linkat", "link"), ("renameat2", "rename")])
@pytest.mark.parametrize("error", ["EPERM", "EOPNOTSUPP", "EINVAL"])
def test_a_file_system_that_cannot_publish_so_parks_the_target_and_names_another_way(
    tmp_path: Path, clip: Video, call: str, publish: str, error: str
) -> None:
    if (call, error) in {("linkat", "EINVAL"), ("renameat2", "EPERM")}:
        return
    place = FolderPlace(tmp_path, publish)

    outcome = _traced(place, clip, f"{call}:error={error}")

    assert outcome.startswith("failed target-parked ")
    assert 'publish = "' in outcome
    assert place.objects() == {}
    assert place.leftovers() == []


@pytest.mark.service
def test_without_locks_the_temporary_file_of_a_killed_put_is_still_found(folder: FolderPlace, clip: Video) -> None:
    _traced(folder, clip, "flock:error=ENOLCK", "fsync:signal=KILL:when=3")
    assert len(folder.leftovers()) == 1
    assert stored_state(clip.source, "traced")

    _right_after_the_next_put(folder, clip)


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


def test_two_puts_that_end_together_leave_the_first_ones_file_in_place(place: FolderPlace, clip: Video) -> None:
    class Overtaken(Told):
        """A second put of the same key is faster."""

        def advance(self, done_bytes: int) -> None:
            if not self.advances:
                self.advances.append(done_bytes)
                place.target().put(clip.source, KEY, Told())

    place.target().put(clip.source, KEY, Overtaken())

    assert place.objects() == {KEY: clip.content}
    assert place.leftovers() == []


@pytest.mark.service
def test_the_bytes_are_durable_before_they_have_a_name_and_the_name_before_the_put_ends(
    place: FolderPlace, clip: Video, tmp_path: Path
) -> None:
    log = tmp_path / "order.log"
    calls = "trace=mkdirat,fsync,linkat,renameat,renameat2,unlinkat"
    with putting(
        place.table(), clip.source, KEY, "ordered", quiet=True, under=["strace", "-y", "-o", str(log), "-e", calls]
    ) as process:
        assert last_line(process).startswith("done")

    steps = [_step(line, place.root) for line in log.read_text().splitlines() if str(place.root) in line]
    published = {"link": "linkat", "rename": "renameat2", "exclusive": "renameat"}[place.table()["publish"]]
    assert steps[:7] == [
        "mkdirat project_default",
        "fsync root",
        "mkdirat .holdfast-incoming",
        "fsync root",
        "fsync the bytes",
        published,
        "fsync project_default",
    ]


def _step(line: str, root: Path) -> str:
    call = line.partition("(")[0].split()[-1]
    if call == "mkdirat":
        name = line.split('"')[1]
        return f"mkdirat {name}"
    if call == "fsync":
        path = line.partition("<")[2].partition(">")[0].removeprefix(str(root)).strip("/")
        return f"fsync {'the bytes' if path.endswith('.part') else path or 'root'}"
    return call
