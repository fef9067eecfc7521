"""How safe the videos are: counted by what is required, and never more than is so."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from backend.catalog.database import Database
from backend.catalog.figures import picture
from backend.catalog.report import report
from backend.catalog.safety import Safe
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.sidecar import DeliveryFacts
from tests.unit.catalog.test_listing import NOON, add, database, document

__all__ = ["database"]


def told(
    database: Database, *required: str, scope: Scope = EVERYTHING, passing: tuple[str, ...] = (), vms: str = ""
) -> Safe:
    """`vms`: the target that is required of recordings alone."""
    with database.read() as session:
        return report(session, scope, required, passing, [vms] if vms else []).safe


def with_copies(database: Database) -> None:
    """Videos with each pair of states at two targets that matters."""
    pairs = [
        ("delivered", "delivered"), ("delivered", "pending"), ("delivered", "failed"), ("in_progress", "parked"),
        ("delivered", ""), ("", ""), ("delivered", "deleted"),
    ]  # fmt: skip
    for number, states in enumerate(pairs):
        copies = [
            DeliveryFacts(target=target, state=state)
            for target, state in zip(("nas", "drive"), states, strict=True)
            if state
        ]
        add(database, document(number, deliveries=copies, project_id="odd" if number % 2 else "even"))


def test_a_video_is_verified_when_it_is_at_every_required_target(database: Database) -> None:
    with_copies(database)
    assert told(database, "nas", "drive") == Safe(videos=7, verified=1, waiting=1, needs_person=2)
    assert told(database, "nas") == Safe(videos=7, verified=5, waiting=1, needs_person=0)
    assert told(database, "nas", "drive", scope=Scope(frozenset({"even"}))) == Safe(4, 1, 0, 1)


def test_where_none_is_required_any_verified_copy_counts(database: Database) -> None:
    with_copies(database)
    assert told(database) == Safe(videos=7, verified=5, waiting=0, needs_person=1)


def test_what_was_never_queued_at_one_target_and_at_another_is_verified_at_neither(database: Database) -> None:
    """Old videos have no row for targets that came later; some have one here, some there, some nowhere."""
    pairs = [("delivered", "delivered"), ("delivered", ""), ("", "delivered"), ("", ""), ("parked", "delivered")]
    for number, states in enumerate(pairs):
        named = zip(("nas", "drive"), states, strict=True)
        add(database, document(number, deliveries=[DeliveryFacts(target=t, state=s) for t, s in named if s]))
    assert told(database, "nas", "drive") == Safe(videos=5, verified=1, waiting=0, needs_person=1)
    assert told(database, "drive") == Safe(videos=5, verified=3, waiting=0, needs_person=0)
    assert told(database, "nas", "drive", "new") == Safe(videos=5, verified=0, waiting=0, needs_person=1)
    assert told(database) == Safe(videos=5, verified=4, waiting=0, needs_person=0)


@pytest.mark.parametrize("required", [(), ("a",), ("a", "b"), ("b", "c"), ("a", "b", "c")])
def test_it_is_what_looking_at_every_video_finds(database: Database, required: tuple[str, ...]) -> None:
    states = ("delivered", "pending", "failed", "deleted", "")
    every = list(itertools.product(states, states[:3], ("delivered", "")))
    for number, own in enumerate(every):
        named = zip("abc", own, strict=True)
        add(database, document(number, deliveries=[DeliveryFacts(target=t, state=s) for t, s in named if s]))
    found = Counter(_kind(dict(zip("abc", own, strict=True)), required) for own in every)
    assert told(database, *required) == Safe(len(every), found["verified"], found["waiting"], found["person"])


@pytest.mark.parametrize("passing", ["b", "ab", "abc"])
def test_copies_at_targets_that_let_go_of_them_never_count(database: Database, passing: str) -> None:
    states = ("delivered", "pending", "failed", "deleted", "")
    every = list(itertools.product(states, states[:3], ("delivered", "")))
    for number, own in enumerate(every):
        named = zip("abc", own, strict=True)
        add(database, document(number, deliveries=[DeliveryFacts(target=t, state=s) for t, s in named if s]))
    found = Counter(_kind({n: s for n, s in zip("abc", own, strict=True) if n not in passing}, ()) for own in every)
    assert told(database, passing=tuple(passing)) == Safe(
        len(every), found["verified"], found["waiting"], found["person"]
    )


def _kind(states: dict[str, str], required: tuple[str, ...]) -> str:
    asked = [states[name] for name in required] if required else [state for state in states.values() if state]
    if (all if required else any)(state == "delivered" for state in asked):
        return "verified"
    if "failed" in asked:
        return "person"
    return "waiting" if "pending" in asked else "nothing"


RECORDED: dict[str, Any] = {"camera_id": "gate", "start_at": NOON, "end_at": NOON + timedelta(hours=1)}
# All but one make it an ordinary upload: what the camera saw, and when, must both be told.
KINDS = [RECORDED, {}, {**RECORDED, "camera_id": ""}, {**RECORDED, "end_at": None}]


@pytest.mark.parametrize("required", [(), ("a",), ("a", "b")])
@pytest.mark.parametrize("kinds", [KINDS, KINDS[:1], KINDS[1:]], ids=["both", "recordings", "ordinary"])
def test_of_a_vms_only_recordings_are_missed_and_what_was_named_for_it(
    database: Database, required: tuple[str, ...], kinds: list[dict[str, Any]]
) -> None:
    states = ("delivered", "pending", "failed", "deleted", "")
    every = [
        (states, kind) for states in itertools.product((*states[:3], ""), ("delivered", ""), states) for kind in kinds
    ]
    for number, (own, kind) in enumerate(every):
        copies = [DeliveryFacts(target=t, state=s) for t, s in zip(("a", "b", "vms"), own, strict=True) if s]
        add(database, document(number, deliveries=copies, **kind))
    found: Counter[str] = Counter()
    for own, kind in every:
        there = dict(zip(("a", "b", "vms"), own, strict=True))
        asked = [*required, *(["vms"] if there["vms"] or kind is RECORDED else [])]
        one = _kind(there, tuple(asked))
        found["exempt" if not asked and one != "verified" else one] += 1
    assert told(database, *required, vms="vms") == Safe(
        len(every), found["verified"], found["waiting"], found["person"], found["exempt"]
    )


def test_an_ordinary_upload_without_any_target_is_neither_verified_nor_unsafe(database: Database) -> None:
    add(database, document(0))
    add(database, document(1, deliveries=[DeliveryFacts(target="nas", state="delivered")]))
    add(database, document(2, **RECORDED))
    assert told(database, vms="vms") == Safe(videos=3, verified=1, waiting=0, needs_person=0, exempt=1)
    assert told(database, "nas", vms="vms") == Safe(videos=3, verified=1, waiting=0, needs_person=0)
    seen = picture(database, ["nas", "vms"], [], [], 10, ["vms"])
    assert seen.unsafe == 1, "the recording"
    assert picture(database, ["nas", "vms"], ["nas"], [], 10, ["vms"]).unsafe == 2
