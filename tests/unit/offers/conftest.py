"""A storage root of one test, and its book of offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.disk.layout import Layout
from backend.offers.book import Book


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "storage")
    layout.prepare()
    return layout


@pytest.fixture
def book(layout: Layout) -> Book:
    return Book(layout)
