"""Opening files below SEGMENT_ROOTS: nothing outside is read, whatever names are swapped; no pipe is waited for."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from backend.errors import BadField, NotFound
from backend.intake.segment_source import opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "recordings"
    (root / "gate").mkdir(parents=True)
    (root / "gate" / "a.ts").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.ts").write_bytes(b"secret")
    return root


def read(root: Path, path: Path | str) -> bytes:
    with opened([str(root)], str(path)) as source:
        return os.pread(source.fd, 100, 0)


def test_a_file_below_a_root_is_opened(root: Path) -> None:
    assert read(root, root / "gate" / "a.ts") == b"inside"
    with opened(["/nowhere", str(root)], str(root / "gate" / "a.ts")) as source:
        assert source.name == "a.ts"


def test_a_root_may_be_a_link_and_be_named_either_way(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert read(tmp_path / "link", tmp_path / "link" / "gate" / "a.ts") == b"inside"
    assert read(tmp_path / "link", root / "gate" / "a.ts") == b"inside"


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "{root}/../outside/a.ts", "gate/a.ts", "", "/", "{root}", "{root}/gate\x00/a.ts", "{root}2/a.ts",
     "{root}/" + "a/" * 3000 + "a.ts", "{root}/\ud800.ts"],
)  # fmt: skip
def test_what_lies_outside_or_is_no_path_is_refused_before_it_is_touched(root: Path, path: str) -> None:
    with pytest.raises(BadField, match="file_path"):
        read(root, path.replace("{root}", str(root)))


def test_a_name_longer_than_any_file_s_is_refused_in_words(root: Path) -> None:
    with pytest.raises(BadField, match="file_path"):
        read(root, root / ("a" * 300 + ".ts"))


def test_links_are_refused_wherever_they_stand(root: Path, tmp_path: Path) -> None:
    (root / "file.ts").symlink_to(tmp_path / "outside" / "a.ts")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "within.ts").symlink_to(root / "gate" / "a.ts")
    for name in ("file.ts", "folder/a.ts", "within.ts", "gate/a.ts/b.ts"):
        with pytest.raises(BadField, match="file_path"):
            read(root, root / name)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.ts")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "s.ts"))
        for name in ("pipe.ts", "s.ts", "gate"):
            with pytest.raises(BadField, match=r"folder|regular"):
                read(root, root / name)


def test_no_file_is_no_fault_of_the_path(root: Path) -> None:
    for name in ("none.ts", "none/a.ts"):
        with pytest.raises(NotFound):
            read(root, root / name)
    with pytest.raises(BadField, match="SEGMENT_ROOTS"), opened([], str(root / "gate" / "a.ts")):
        pass


def test_names_that_are_swapped_all_the_time_never_lead_outside(root: Path, tmp_path: Path) -> None:
    """A folder and a file take turns with links to what lies outside, while they are opened again and again."""
    (root / "real").mkdir()
    (root / "real" / "a.ts").write_bytes(b"inside")
    ends = threading.Event()

    outside = tmp_path / "outside"
    swapped = ((outside, root / "real"), (outside / "a.ts", root / "gate" / "a.ts"))

    def swap() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            spare = tmp_path / f"spare-{number}"
            for target, there in swapped:
                there.rename(spare)
                there.symlink_to(target)
                there.unlink()
                spare.rename(there)

    thread = threading.Thread(target=swap)
    thread.start()
    found = {b"inside": 0, b"refused": 0}
    try:
        for _ in range(3000):
            for name in ("real/a.ts", "gate/a.ts"):
                try:
                    content = read(root, root / name)
                except (BadField, NotFound):
                    content = b"refused"
                found[content] += 1  # a KeyError: something else was read
    finally:
        ends.set()
        thread.join()
    assert min(found.values()) > 0


def test_the_file_that_was_opened_is_read_though_its_name_is_another_s_by_then(root: Path, tmp_path: Path) -> None:
    path = root / "gate" / "a.ts"
    with opened([str(root)], str(path)) as source:
        path.unlink()
        path.symlink_to(tmp_path / "outside" / "a.ts")
        assert os.pread(source.fd, 100, 0) == b"inside"
