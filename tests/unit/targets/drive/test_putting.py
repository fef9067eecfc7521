"""Promises of the state that an attempt leaves to the next (backend/targets/drive/putting.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.drive.putting import State, read_state
from backend.targets.drive.sealed import seal

_URI = "https://www.googleapis.com/upload/drive/v3/files?upload_id=AB-secret"
_SHA, _SECRET = "a" * 64, b"private key"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("state", [State("1id"), State("1id", _URI), State("1id", _URI, replaces=True)])
def test_a_state_comes_back_from_json_as_it_was(state: State) -> None:
    stored = json.loads(json.dumps(state.stored(_SHA, _SECRET)))
    assert read_state(stored, _SHA, _SECRET) == state


def test_the_session_is_not_to_be_read_in_what_is_stored() -> None:
    text = json.dumps(State("1id", _URI).stored(_SHA, _SECRET))
    assert "secret" not in text
    assert "upload_id" not in text


@pytest.mark.parametrize(
    ("sha256", "secret"), [("b" * 64, _SECRET), (_SHA, b"another key")], ids=["other bytes", "other credentials"]
)
def test_a_session_for_other_bytes_or_of_other_credentials_is_left_and_the_id_is_kept(
    sha256: str, secret: bytes
) -> None:
    assert read_state(State("1id", _URI).stored(_SHA, _SECRET), sha256, secret).session_uri == ""
    assert read_state(State("1id", _URI).stored(_SHA, _SECRET), sha256, secret).file_id == "1id"


@pytest.mark.parametrize("session", ["", "garbled", 7, None, ["x"], seal(_URI, _SECRET)[:-3]])
def test_a_garbled_session_is_left_and_the_id_is_kept(session: Any) -> None:
    stored = {"file_id": "1id", "sha256": _SHA, "session": session}
    assert read_state(stored, _SHA, _SECRET) == State("1id")


@pytest.mark.parametrize("file_id", ["", None, 7, ["1id"], {"id": "x"}, "a/b", "../1id", "1id?x", "a b", "\ud800"])
def test_what_cannot_be_a_file_id_counts_as_none(file_id: Any) -> None:
    assert read_state({"file_id": file_id, "sha256": _SHA, "session": seal(_URI, _SECRET)}, _SHA, _SECRET) == State()


@given(st.dictionaries(st.sampled_from(["file_id", "sha256", "session", "replaces", "x"]), _JSON))
def test_any_state_is_read_without_an_error_and_never_brings_a_session_of_strangers(stored: dict[str, Any]) -> None:
    state = read_state(stored, _SHA, _SECRET)
    assert state.session_uri == ""
    assert state.file_id in ("", stored.get("file_id"))
