"""verify-receipt: genuine or not, offline, and why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.signing import load_signer
from tests.unit.cli.conftest import VIDEO, CommandLine


@pytest.fixture
def receipt(cli: CommandLine) -> str:
    return str(cli.upload()["receipt"])


def test_the_saved_file_is_proved(cli: CommandLine, receipt: str) -> None:
    answer = cli.well("verify-receipt", str(cli.file("another name.mp4")), receipt)
    assert answer.out.startswith("Genuine. 'holiday.mp4'")


@pytest.mark.parametrize("form", ["bare", "answer of the server"])
def test_the_receipt_may_lie_in_a_file(cli: CommandLine, receipt: str, form: str) -> None:
    place = cli.files / "receipt"
    place.write_text(receipt + "\n" if form == "bare" else json.dumps({"success": True, "receipt": receipt}))
    cli.well("--from", str(cli.files), "verify-receipt", "holiday.mp4", "receipt")


def test_another_file_is_told_apart_by_size_or_digest(cli: CommandLine, receipt: str) -> None:
    for content in (VIDEO + b"x", VIDEO[:-1] + b"x"):
        answer = cli("verify-receipt", str(cli.file("other.mp4", content)), receipt)
        assert answer.code == 1
        assert "NOT the file" in answer.err


def test_a_changed_receipt_is_not_genuine(cli: CommandLine, receipt: str) -> None:
    header, payload, signature = receipt.split(".")
    forged = f"{header}.{payload[:-2]}{'AA' if payload[-2:] != 'AA' else 'BB'}.{signature}"
    answer = cli("verify-receipt", str(cli.file()), forged)
    assert answer.code == 1
    assert "not genuine" in answer.err
    assert cli("verify-receipt", str(cli.file()), forged, "--json").json["ok"] is False


def test_a_saved_key_proves_it_on_any_machine(cli: CommandLine, receipt: str, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(load_signer(cli.storage / "metadata" / "keys").public_jwk()))
    cli.monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "nothing-here"))
    cli.well("verify-receipt", str(cli.file()), receipt, "--key", str(key))
    answer = cli("verify-receipt", str(cli.file()), receipt)
    assert answer.code == 3
    assert "--key" in answer.err


def test_a_file_without_a_key_in_it_is_no_proof_against_anything(
    cli: CommandLine, receipt: str, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"success": false}')
    answer = cli("verify-receipt", str(cli.file()), receipt, "--key", str(key))
    assert answer.code == 3
    assert "holds no public key" in answer.err


def test_a_receipt_of_another_server_is_told_as_that(cli: CommandLine, receipt: str, tmp_path: Path) -> None:
    cli.monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "another"))
    cli.well("release")
    answer = cli("verify-receipt", str(cli.file()), receipt)
    assert answer.code == 1
    assert "take the key of the server that signed it" in answer.err


@pytest.mark.parametrize("text", ["", "{}", "no receipt", '{"receipt": 3}'])
def test_what_is_no_receipt_is_told(cli: CommandLine, receipt: str, text: str) -> None:
    place = cli.files / "receipt"
    place.write_text(text)
    assert cli("verify-receipt", str(cli.file()), str(place)).code in (1, 3)
    assert cli("verify-receipt", str(cli.file()), str(cli.files / "none")).code == 3
