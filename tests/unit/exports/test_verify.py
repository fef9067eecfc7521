"""A file proves itself: the least change, anywhere in it, is found; without a server, and by its key alone."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.errors import BadField
from backend.exports import archive, proof_box
from backend.exports.archive import Member
from backend.exports.verify import verify_export
from backend.signing import Signer

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), "key-1")
KEY = SIGNER.public_jwk()
_FTYP, _MOOV = b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00", b"\x00\x00\x00\x20moov" + bytes(24)
MP4 = _FTYP + _MOOV + b"\x00\x00\x00\x50mdat" + bytes(range(72))
MKV = b"\x1a\x45\xdf\xa3" + bytes(range(200))


def payload(form: str, *files: tuple[str, bytes]) -> dict[str, Any]:
    told = [
        {"name": name, "camera_id": None, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files
    ]
    return {"type": "holdfast-export", "version": 1, "id": "x", "format": form, "files": told}


def mp4(folder: Path) -> tuple[Path, str | None]:
    path = folder / "clip.mp4"
    path.write_bytes(MP4 + proof_box.box(SIGNER.sign(payload("mp4", ("clip.mp4", MP4)))))
    return path, None


def zipped(folder: Path) -> tuple[Path, str | None]:
    files = [("a.mp4", MP4), ("b.mkv", MKV), ("empty.mkv", b"")]
    for name, content in files:
        (folder / name).write_bytes(content)
    path = folder / "clips.zip"
    members = [(Member(name, len(c), hashlib.sha256(c).hexdigest()), folder / name) for name, c in files]
    archive.write(path, SIGNER.sign(payload("mp4", *files)), members, lambda: None)
    return path, None


def mkv(folder: Path) -> tuple[Path, str | None]:
    path = folder / "clip.mkv"
    path.write_bytes(MKV)
    return path, SIGNER.sign(payload("mkv", ("clip.mkv", MKV)))


Make = Callable[[Path], tuple[Path, str | None]]
KINDS: list[Make] = [mp4, zipped, mkv]


@pytest.mark.parametrize("make", KINDS)
def test_what_was_signed_is_proved(make: Make, tmp_path: Path) -> None:
    path, manifest = make(tmp_path)
    assert verify_export(path, KEY, manifest)["id"] == "x"


@pytest.mark.parametrize("make", KINDS)
def test_each_single_byte_that_is_changed_is_found(make: Make, tmp_path: Path) -> None:
    path, manifest = make(tmp_path)
    good = path.read_bytes()
    for place in range(len(good)):
        for flip in (0x01, 0x20, 0x80):
            path.write_bytes(good[:place] + bytes([good[place] ^ flip]) + good[place + 1 :])
            with pytest.raises(BadField):
                verify_export(path, KEY, manifest)
    path.write_bytes(good)
    verify_export(path, KEY, manifest)


@pytest.mark.parametrize("make", KINDS)
@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_cut_added_or_moved_is_found(make: Make, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "made"
    if not folder.exists():
        folder.mkdir()
    for left in folder.iterdir():
        left.unlink()
    path, manifest = make(folder)
    good = path.read_bytes()
    start = data.draw(st.integers(0, len(good)), "from")
    end = data.draw(st.integers(start, min(len(good), start + 40)), "to")
    changed = good[:start] + data.draw(st.binary(max_size=40), "new bytes") + good[end:]
    if changed == good:
        return
    path.write_bytes(changed)
    with pytest.raises(BadField):
        verify_export(path, KEY, manifest)


@pytest.mark.parametrize("make", KINDS)
def test_another_key_proves_nothing(make: Make, tmp_path: Path) -> None:
    path, manifest = make(tmp_path)
    other = Signer(Ed25519PrivateKey.generate(), "key-1").public_jwk()
    with pytest.raises(BadField, match="another server"):
        verify_export(path, other, manifest)


@pytest.mark.parametrize("make", KINDS)
def test_a_changed_manifest_beside_it_is_found(make: Make, tmp_path: Path) -> None:
    path, manifest = make(tmp_path)
    text = manifest or SIGNER.sign({"type": "holdfast-export", "version": 1})
    for place in range(len(text)):
        swapped = "A" if text[place] != "A" else "B"
        with pytest.raises(BadField):
            verify_export(path, KEY, text[:place] + swapped + text[place + 1 :])


def test_a_receipt_is_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_bytes(MKV)
    with pytest.raises(BadField, match="not the manifest"):
        verify_export(path, KEY, SIGNER.sign({"id": "1", "sha256": "0" * 64}))


def test_a_file_out_of_the_zip_is_not_the_export(tmp_path: Path) -> None:
    zipped(tmp_path)
    with pytest.raises(BadField, match="several files"):
        verify_export(tmp_path / "b.mkv", KEY, SIGNER.sign(payload("mkv", ("a.mkv", MKV), ("b.mkv", MKV))))


def test_others_read_the_zip_too(tmp_path: Path) -> None:
    path, _ = zipped(tmp_path)
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert found.namelist() == ["manifest.jws", "a.mp4", "b.mkv", "empty.mkv"]
        assert found.read("b.mkv") == MKV
        assert found.infolist()[1].date_time == (1980, 1, 1, 0, 0, 0)


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    assert zipped(tmp_path / "1")[0].read_bytes() == zipped(tmp_path / "2")[0].read_bytes()


def test_files_of_more_than_4_gib_are_read_by_others_too(tmp_path: Path) -> None:
    size = 2**32 + 5
    path = tmp_path / "big.zip"
    with path.open("wb") as file:
        first = archive.Entry("manifest.jws", 1, 0, 0)
        file.write(archive._local(first) + b"x")
        entry = archive.Entry("big.mkv", size, 0, file.tell())
        file.write(archive._local(entry))
        file.seek(size, 1)
        after = archive.Entry("after.mkv", 4, 0, file.tell())
        file.write(archive._local(after) + b"abcd" + archive._tail([first, entry, after]))
    with zipfile.ZipFile(path) as found:
        assert [one.file_size for one in found.infolist()] == [1, size, 4]
        assert found.infolist()[2].header_offset == after.offset > 2**32
