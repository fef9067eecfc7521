"""Promises of backend/targets/drive/sealed.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.drive.sealed import seal, unseal

_URI = "https://www.googleapis.com/upload/drive/v3/files?uploadType=resumable&upload_id=AB-secret"


def test_who_has_the_secret_reads_the_session_and_nobody_else() -> None:
    sealed = seal(_URI, b"private key")
    assert unseal(sealed, b"private key") == _URI
    assert unseal(sealed, b"another key") is None
    assert unseal(sealed, b"") is None


def test_nothing_of_the_address_shows() -> None:
    sealed = seal(_URI, b"private key")
    assert not [part for part in ("secret", "upload", "google", "http") if part in sealed]


def test_the_same_session_looks_different_each_time() -> None:
    assert seal(_URI, b"k") != seal(_URI, b"k")


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_sealed_session_that_was_changed_is_none(cut: int) -> None:
    sealed = seal(_URI, b"k")
    assert unseal(sealed[:-cut], b"k") is None
    assert unseal(sealed[:cut] + ("A" if sealed[cut] != "A" else "B") + sealed[cut + 1 :], b"k") is None


@given(st.text(), st.binary())
def test_any_text_is_read_or_refused_without_an_error(sealed: str, secret: bytes) -> None:
    assert unseal(sealed, secret) is None


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary())
def test_whatever_is_sealed_comes_back(uri: str, secret: bytes) -> None:
    assert unseal(seal(uri, secret), secret) == uri
