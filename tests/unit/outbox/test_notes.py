"""What targets keep for themselves: one value for all, whoever comes first, on either database."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.outbox.notes import CatalogNotes, hand_out
from backend.targets.base import Notes
from tests.services.app import ROOT
from tests.services.ledger import MemoryTarget, place


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def notes(database: Database) -> CatalogNotes:
    return CatalogNotes(database, "drive")


def test_the_first_value_is_kept_and_everybody_later_is_told_it(notes: CatalogNotes) -> None:
    assert notes.get("folder") is None
    assert notes.put("folder", "first") == "first"
    assert notes.put("folder", "second") == "first"
    assert notes.get("folder") == "first"


def test_a_value_is_replaced_only_by_whoever_knows_it(notes: CatalogNotes) -> None:
    notes.put("folder", "first")
    assert notes.put("folder", "second", instead_of="another") == "first"
    assert notes.put("folder", "second", instead_of="first") == "second"
    assert notes.put("folder", "third", instead_of="first") == "second"
    assert notes.put("folder", "second", instead_of="second") == "second"
    assert notes.get("folder") == "second"


def test_a_value_that_was_lost_with_an_older_catalog_is_replaced_too(notes: CatalogNotes) -> None:
    assert notes.put("folder", "second", instead_of="first") == "second"


def test_each_target_and_each_name_has_a_note_of_its_own(notes: CatalogNotes, database: Database) -> None:
    notes.put("folder", "a")
    notes.put("another", "b")
    CatalogNotes(database, "archive").put("folder", "c")
    assert [notes.get("folder"), notes.get("another"), CatalogNotes(database, "archive").get("folder")] == [*"abc"]


def test_odd_text_comes_back_as_it_was_and_is_known_again(notes: CatalogNotes) -> None:
    odd = "a\\0\x00\ud800 日本"
    assert notes.put("folder", odd) == odd
    assert notes.put("folder", "next", instead_of=odd) == "next"


def test_a_note_is_durable_for_other_connections_when_put_returns(database_url: str, notes: CatalogNotes) -> None:
    notes.put("folder", "first")
    other = Database(database_url)
    assert CatalogNotes(other, "drive").get("folder") == "first"
    other.close()


@pytest.mark.parametrize("before", [None, "old"])
def test_of_threads_that_put_at_once_one_wins_and_all_are_told_who(notes: CatalogNotes, before: str | None) -> None:
    if before:
        notes.put("folder", before)
    start = threading.Barrier(8)

    def put(number: int) -> str:
        start.wait()
        return notes.put("folder", f"thread {number}", instead_of=before)

    with ThreadPoolExecutor(8) as threads:
        told = set(threads.map(put, range(8)))
    assert told == {notes.get("folder")}
    assert told != {before}


def test_of_processes_that_put_at_once_one_wins_and_all_are_told_who(notes: CatalogNotes, database_url: str) -> None:
    script = Path(__file__).with_name("note_process.py")
    for number in range(20):
        notes.put(f"gone {number}", "old")
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), database_url, f"w{number}", "20"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
                )
            )
            for number in range(3)
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("go\n")
            worker.stdin.flush()
        lines = [line for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
        assert all(worker.returncode == 0 for worker in workers)
    told = defaultdict(set)
    for line in lines:
        name, kept = line.split("\t")
        told[name].add(kept)
    assert len(lines) == 3 * 2 * 20
    assert told == {name: {notes.get(name)} for name in told}
    assert "old" not in set().union(*told.values())


@dataclass
class NotingTarget(MemoryTarget):
    notes: Notes | None = None

    def take_notes_in(self, notes: Notes) -> None:
        assert self.notes is None, "told once"
        self.notes = notes


def test_targets_that_take_notes_get_their_own_and_others_are_left_alone(database: Database) -> None:
    first, second = NotingTarget("first"), NotingTarget("second")
    hand_out([place(first), place(MemoryTarget()), place(second)], database)
    assert first.notes
    assert second.notes
    first.notes.put("folder", "a")
    assert second.notes.get("folder") is None
    assert CatalogNotes(database, "first").get("folder") == "a"
