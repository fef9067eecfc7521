"""Kinds of index from other packages are found by their entry points; what is wrong with one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.vectors.registry import built_in_kinds, check_kind, index_kinds, load_kind

_MODULE = """
from backend.vectors.base import IndexKind
from backend.vectors.numpy_index import NumpyIndex

ANOTHER = IndexKind("another", NumpyIndex, exact=True, proved_here=False)
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "outside_index-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-index\nVersion: 1.0\n")
    points = "another = outside_index:ANOTHER\nmisnamed = outside_index:ANOTHER\nbroken = outside_index:NOWHERE\n"
    (info / "entry_points.txt").write_text(f"[holdfast.vectors]\n{points}")
    (tmp_path / "outside_index.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("outside")
def test_a_kind_of_another_package_is_known_and_loaded() -> None:
    assert "another" in index_kinds()
    check_kind("another")
    assert load_kind("another").name == "another"


@pytest.mark.usefixtures("outside")
def test_what_is_wrong_with_a_kind_from_outside_is_told() -> None:
    with pytest.raises(SettingsError, match=r"VECTOR_INDEX=broken could not be loaded from “outside_index:NOWHERE”"):
        load_kind("broken")
    with pytest.raises(SettingsError, match=r"VECTOR_INDEX=misnamed: .* must be a .*IndexKind of that name"):
        load_kind("misnamed")


def test_every_built_in_kind_has_its_own_name_and_says_what_it_needs() -> None:
    kinds = built_in_kinds()
    assert [kind.name for kind in kinds] == sorted(kind.name for kind in kinds) == index_kinds()
    assert [kind.name for kind in kinds if not kind.needs] == ["numpy"]
    assert [kind.name for kind in kinds if not kind.proved_here] == ["weaviate"]
