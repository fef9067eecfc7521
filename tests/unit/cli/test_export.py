"""export and verify-export: asked for, looked at, fetched, proved; and how each ends."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Export, ExportStatus
from backend.exports import proof_box
from backend.signing import load_signer
from tests.unit.cli.conftest import VIDEO, CommandLine

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
START, END = "2026-01-31T10:00:00Z", "2026-01-31T10:01:00Z"
CLIP = b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00" + b"\x00\x00\x00\x50mdat" + bytes(range(72))


@pytest.fixture
def recorded(cli: CommandLine) -> CommandLine:
    cli.upload("cam.mp4", VIDEO, "--camera-id", CAMERA, "--start-time", START, "--end-time", END)
    return cli


def ask(cli: CommandLine, *more: str) -> str:
    told = cli.well("export", "create", CAMERA, "--start", START, "--end", END, "--json", *more).json
    return str(told["id"])


def change(cli: CommandLine, export_id: str, **values: object) -> None:
    database = Database(f"sqlite:///{cli.storage / 'metadata' / 'catalog.db'}")
    with database.write() as session:
        session.execute(update(Export).where(Export.id == export_id).values(**values))
    database.close()


def made(cli: CommandLine) -> str:
    """An export as the worker leaves it."""
    export_id = ask(cli)
    asked = {"start": "2026-01-31T10:00:00.000000Z", "end": "2026-01-31T10:01:00.000000Z"}
    given = {"start": "2026-01-31T10:00:00.500000Z", "end": asked["end"]}
    gap = {"start": asked["start"], "end": given["start"]}
    digest = hashlib.sha256(CLIP).hexdigest()
    camera = {
        "camera_id": CAMERA, "name": "Gate", "asked": asked, "given": given, "gaps": [gap], "encoded": False,
        "why_encoded": "", "stretches": [given],
        "problems": [{"kind": "missing", "filename": "b.mp4", "words": "It is gone.", "segment_id": "b",
                      "camera_id": CAMERA, **gap}],
        "sources": [{"filename": "cam.mp4", "sha256": "ab" * 32, "used": given, "segment_id": "a", "size_bytes": 1,
                     **asked}],
    }  # fmt: skip
    manifest = load_signer(cli.storage / "metadata" / "keys").sign(
        {
            "type": "holdfast-export", "version": 1, "id": export_id, "requester": "ann", "reason": "incident",
            "asked": {**asked, "camera_ids": [CAMERA]}, "cut": "fast", "layout": "files", "format": "mp4",
            "partial": True, "cameras": [camera],
            "files": [{"name": "clip.mp4", "camera_id": CAMERA, "size_bytes": len(CLIP), "sha256": digest}],
            "made": {"node": "n", "holdfast": "1", "ffmpeg": "ffmpeg 7", "created_at": asked["end"],
                     "completed_at": asked["end"]},
        }
    )  # fmt: skip
    folder = cli.storage / "exports" / export_id
    folder.mkdir()
    content = CLIP + proof_box.box(manifest)
    (folder / "clip.mp4").write_bytes(content)
    change(
        cli, export_id, status=ExportStatus.COMPLETED, file_path=f"exports/{export_id}/clip.mp4", manifest=manifest,
        file_size=len(content), checksum=hashlib.sha256(content).hexdigest(), progress=1.0,
        findings={"filename": "clip.mp4", "mime_type": "video/mp4"},
        expires_at=datetime.now(UTC) + timedelta(hours=1), completed_at=datetime.now(UTC),
    )  # fmt: skip
    return export_id


def test_an_export_is_asked_for_listed_told_cancelled_and_begun_anew(recorded: CommandLine) -> None:
    export_id = ask(recorded, "--reason", "incident", "--cut", "exact", "--slate", "--partial", "--keep-hours", "5")
    (line,) = recorded.well("export", "list").lines
    assert (line[0], line[2], line[4], line[9]) == (export_id, "PENDING", "1", "incident")
    told = recorded.well("export", "info", export_id[:8], "--json").json
    assert (told["cut"], told["slate"], told["incomplete"], told["camera_ids"]) == ("exact", True, "partial", [CAMERA])
    assert "incident" in recorded.well("export", "info", export_id[:8]).out
    assert "cancelled" in recorded.well("export", "cancel", export_id[:8]).out
    assert recorded("export", "cancel", export_id[:8]).code == 3
    assert recorded.well("export", "list", "--status", "cancelled", "--json").json[0]["id"] == export_id
    assert "PENDING" in recorded.well("export", "retry", export_id[:8]).out


def test_what_makes_no_sense_is_refused(recorded: CommandLine) -> None:
    answer = recorded("export", "create", "entrance", "--start", START, "--end", END)
    assert (answer.code, "no UUID" in answer.err) == (3, True)
    for word in ("ffffffff", "x"):
        assert recorded("export", "info", word).code == 3


def test_a_result_is_fetched_with_its_manifest_and_overwrites_nothing(recorded: CommandLine) -> None:
    export_id = made(recorded)
    answer = recorded.well("--from", str(recorded.files), "export", "download", export_id[:8])
    place = recorded.files / "clip.mp4"
    assert "clip.mp4.jws" in answer.out
    assert place.read_bytes() == (recorded.storage / "exports" / export_id / "clip.mp4").read_bytes()
    assert recorded("--from", str(recorded.files), "export", "download", export_id[:8]).code == 3
    assert recorded.well("verify-export", str(place)).out.startswith("Genuine")


def test_a_proved_file_tells_what_was_signed(recorded: CommandLine) -> None:
    export_id = made(recorded)
    place = recorded.storage / "exports" / export_id / "clip.mp4"
    told = recorded.well("verify-export", str(place)).out
    for words in ("asked for by ann", "Reason: incident", "Gate", "GAP", "PROBLEM (missing)", "b.mp4: It is gone.",
                  "10:00:00.5 UTC", f"sha256:{'ab' * 32}", "PARTIAL"):  # fmt: skip
        assert words in told
    assert recorded.well("verify-export", str(place), "--json").json["payload"]["id"] == export_id


def test_it_needs_no_server_when_the_key_is_beside_it(recorded: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    export_id = made(recorded)
    place = recorded.file("clip.mp4", (recorded.storage / "exports" / export_id / "clip.mp4").read_bytes())
    signer = load_signer(recorded.storage / "metadata" / "keys")
    key = recorded.file("key.json", json.dumps(signer.public_jwk()).encode())
    monkeypatch.setenv("STORAGE_PATH", str(recorded.home / "nowhere"))
    recorded.well("verify-export", str(place), "--key", str(key))
    answer = recorded("verify-export", str(place))
    assert (answer.code, "--key" in answer.err) == (3, True)


@pytest.mark.parametrize("change_it", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:60] + b"x" + b[61:]])
def test_a_changed_file_fails(recorded: CommandLine, change_it: object) -> None:
    assert callable(change_it)
    export_id = made(recorded)
    good = (recorded.storage / "exports" / export_id / "clip.mp4").read_bytes()
    answer = recorded("verify-export", str(recorded.file("clip.mp4", change_it(good))))
    assert (answer.code, answer.err.startswith("NOT PROVED.")) == (1, True)
    told = recorded("verify-export", str(recorded.files / "clip.mp4"), "--json")
    assert (told.code, told.json["ok"]) == (1, False)


def test_the_manifest_beside_a_file_may_be_the_server_s_answer(recorded: CommandLine) -> None:
    made(recorded)
    clip = b"\x1a\x45\xdf\xa3 an mkv"
    signer = load_signer(recorded.storage / "metadata" / "keys")
    place = recorded.file("clip.mkv", clip)
    assert recorded("verify-export", str(place)).code == 1
    payload = recorded.well(
        "verify-export", str(next((recorded.storage / "exports").glob("*/clip.mp4"))), "--json"
    ).json["payload"]
    file = {"name": "clip.mkv", "camera_id": CAMERA, "size_bytes": len(clip),
            "sha256": hashlib.sha256(clip).hexdigest()}  # fmt: skip
    manifest = signer.sign(payload | {"format": "mkv", "files": [file]})
    for content in (manifest, json.dumps({"success": True, "manifest": manifest})):
        beside = recorded.file("beside", content.encode())
        recorded.well("verify-export", str(place), "--manifest", str(beside))
    recorded.file("clip.mkv.jws", manifest.encode())
    recorded.well("verify-export", str(place))
    for bad in (b"{}", b"\xff"):
        assert recorded("verify-export", str(place), "--manifest", str(recorded.file("beside", bad))).code == 3
    assert recorded("verify-export", str(recorded.files / "none.mp4")).code == 3
