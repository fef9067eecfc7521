"""STORAGE_MODE=MILESTONE keeps recordings in the VMS: a rule of its own frees them here, after retention.toml's."""

from __future__ import annotations

from dataclasses import replace

from backend.outbox.places import Places
from backend.retention.rules import Retention, Rule

NAME = "STORAGE_MODE=MILESTONE"


def with_spool(retention: Retention, places: Places) -> Retention:
    """The rules, and in that mode the one that frees what names a camera once the VMS covers its time.

    The operator's own rules come first: the one that matches a recording decides about it, and this one then does not.
    By no rule does footage alone free a file that has sound, or may have: see `facts.copies_of`.
    """
    if not places.footage_suffices:
        return retention
    vms = tuple(sorted(places.footage & set(places.default))) or tuple(sorted(places.footage))
    spool = Rule(NAME, cameras=("?*",), keep_local_days=0, needs=vms)
    return replace(retention, rules=(*retention.rules, spool))
