"""Receipts: what we sign verifies with the public key alone, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import signing
from backend.errors import BadField


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> signing.Signer:
    keys: Path = tmp_path_factory.mktemp("keys")
    (keys / signing.RECEIPT_KEY_FILE).write_bytes(signing.new_receipt_key())
    return signing.load_signer(keys)


def test_signed_payload_comes_back_with_the_public_key(signer: signing.Signer) -> None:
    payload = {"id": "1", "size": 3, "filename": "ä\u202e.mp4"}
    assert signing.verify(signer.sign(payload), signer.public_jwk()) == payload
    assert signer.sign(payload) == signer.sign(payload)
    assert "d" not in signer.public_jwk()


def test_another_servers_receipt_is_not_genuine(signer: signing.Signer, tmp_path: Path) -> None:
    (tmp_path / signing.RECEIPT_KEY_FILE).write_bytes(signing.new_receipt_key())
    other = signing.load_signer(tmp_path)
    with pytest.raises(BadField):
        signing.verify(other.sign({"id": "1"}), signer.public_jwk())


@given(position=st.integers(min_value=0), letter=st.sampled_from("ABCxyz09-_."))
def test_any_changed_letter_is_found(signer: signing.Signer, position: int, letter: str) -> None:
    token = signer.sign({"id": "1", "size": 3})
    # The last letter of a 64-byte signature carries four unused bits.
    place = position % (len(token) - 1)
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(BadField):
        signing.verify(changed, signer.public_jwk())


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "eyJhbGciOiJub25lIn0.e30."])
def test_rubbish_and_unsigned_tokens_are_refused(signer: signing.Signer, token: str) -> None:
    with pytest.raises(BadField):
        signing.verify(token, signer.public_jwk())
