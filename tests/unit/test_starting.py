"""Garbage collection rests while an entry point imports, and only then."""

from __future__ import annotations

import gc

import pytest

from backend.starting import importing


def test_what_was_imported_is_left_alone_and_what_comes_later_is_collected() -> None:
    before = gc.get_freeze_count()
    with importing():
        assert not gc.isenabled()
        kept: list[list[int]] = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(kept)


def test_an_import_that_fails_leaves_collection_on() -> None:
    with pytest.raises(ImportError), importing():
        raise ImportError
    assert gc.isenabled()
