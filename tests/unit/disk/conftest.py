"""A storage root of one test, and the border to the kernel below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.disk.layout import Layout
from tests.unit.disk.border import Border


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "storage")
    layout.prepare()
    return layout


@pytest.fixture
def border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Border:
    border = Border(tmp_path)
    border.install(monkeypatch)
    return border
