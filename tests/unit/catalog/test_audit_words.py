"""Every action has plain words, whatever of its facts is there."""

from __future__ import annotations

from typing import Any

import pytest

from backend.catalog.audit_words import _WORDS, words


@pytest.mark.parametrize(
    ("action", "what", "told"),
    [
        ("video.saved", {}, "Saved"),
        ("video.saved", {"duplicate_of": "x"}, "Saved, with the same content as an earlier video"),
        ("video.saved", {"adopted": True}, "Found saved after a crash, and listed"),
        ("video.edited", {"description": {"from": "", "to": "x"}}, "Description added"),
        ("video.edited", {"title": {"from": "x", "to": ""}}, "Title taken away"),
        (
            "video.edited",
            {"tags": {"from": ["a", "b"], "to": ["b", "c"]}},
            "Tagged “c” and tag “a” taken away",
        ),
        ("video.edited", {"tags": {"from": ["a", "b"], "to": ["b", "a"]}}, "Tags put in another order"),
        ("video.held", {"reason": "court"}, "Held: court"),
        ("video.held", {"until_at": "2026-11-21T14:23:00.000Z"}, "Held until 2026-11-21 14:23 UTC"),
        ("evidence.locked", {"target": "vms", "reason": "court"}, "An evidence lock was made in vms: court"),
        (
            "evidence.locked",
            {"target": "vms", "instead_of": "l-1"},
            "An evidence lock was made in vms, as the one before was gone",
        ),
        (
            "evidence.unlocked",
            {"target": "vms", "locks": ["l-1"]},
            "Its evidence lock in vms was removed, as no hold asks for it any more",
        ),
        ("evidence.unlocked", {"target": "vms", "locks": []}, "No evidence lock is left in vms"),
        ("video.expired", {"rule": "meetings"}, "Moved to the trash, by the rule “meetings”"),
        ("share.revoked", {"label": "for Ann"}, "A share link “for Ann” was ended"),
        ("token.created", {"name": "Ann", "role": "viewer"}, "A token of Ann (viewer) was made"),
        ("delivery.retried", {"targets": ["a", "b"], "count": 1}, "1 copy to a and b sent again"),
        ("project.emptied", {"videos": 3}, "All videos of the project were moved to the trash (3 videos)"),
    ],
)
def test_words_say_what_was_done(action: str, what: dict[str, Any], told: str) -> None:
    assert words(action, what) == told


@pytest.mark.parametrize("action", sorted(_WORDS))
def test_a_line_of_another_version_breaks_nothing(action: str) -> None:
    for what in ({}, {"tags": 1, "title": None, "label": 7, "targets": "x", "videos": "many", "rule": 0, "count": "n"}):
        assert words(action, what)
