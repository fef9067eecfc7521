"""What an audit line says, in a sentence for people. Lines of other versions are told as far as is known. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

What = Mapping[str, Any]


def words(action: str, what: What) -> str:
    """One sentence without its full stop, such as "Moved to the trash"."""
    tell = _WORDS.get(action)
    return tell(what) if tell is not None else action.replace(".", ": ").replace("_", " ").capitalize()


def _saved(what: What) -> str:
    said = "Saved" if not what.get("adopted") else "Found saved after a crash, and listed"
    return said + (", with the same content as an earlier video" if what.get("duplicate_of") else "")


def _edited(what: What) -> str:
    said = [_edit(name, change) for name, change in what.items() if isinstance(change, Mapping)]
    told = _listed([one for one in said if one])
    return told[0].upper() + told[1:] if told else "Title, description or tags were changed"


def _edit(name: str, change: Mapping[str, Any]) -> str:
    before, after = change.get("from"), change.get("to")
    if name == "tags" and isinstance(before, list) and isinstance(after, list):
        added, gone = [t for t in after if t not in before], [t for t in before if t not in after]
        parts = [f"tagged {_quoted(added)}"] if added else []
        parts += [f"tag {_quoted(gone)} taken away"] if gone else []
        return _listed(parts) or "tags put in another order"
    if not before or not after or name == "description":
        return f"{name} {'changed' if before and after else 'added' if after else 'taken away'}"
    return f"{name} changed to “{after}”"


def _held(what: What) -> str:
    until = f" until {_when(what['until_at'])}" if what.get("until_at") else ""
    return f"Held{until}{_because(what)}"


def _locked(what: What) -> str:
    again = ", as the one before was gone" if what.get("instead_of") else ""
    return f"An evidence lock was made in {what.get('target', '?')}{again}{_because(what)}"


def _unlocked(what: What) -> str:
    target = what.get("target", "?")
    if not _texts(what.get("locks")):
        return f"No evidence lock is left in {target}"
    return f"Its evidence lock in {target} was removed, as no hold asks for it any more"


def _shared(what: What) -> str:
    label = f" “{what['label']}”" if what.get("label") else ""
    until = f", good until {_when(what['expires_at'])}" if what.get("expires_at") else ""
    return f"A share link{label} was made{until}{', with download' if what.get('may_download') else ''}"


def _share(did: str) -> Callable[[What], str]:
    return lambda what: f"A share link{_named(what, 'label')} was {did}"


def _token(did: str) -> Callable[[What], str]:
    return lambda what: f"A token of {what.get('name', '?')} ({what.get('role', '?')}) was {did}"


def _webhook(did: str) -> Callable[[What], str]:
    return lambda what: f"The webhook{_named(what, 'label')} to {what.get('host') or '?'} was {did}"


def _target(did: str) -> Callable[[What], str]:
    return lambda what: f"Copying to {what.get('target', '?')} was {did}"


def _retried(what: What) -> str:
    if "count" in what:
        return f"{_count(what['count'], 'copy', 'copies')} to {_listed(what.get('targets', []))} sent again"
    return f"The copy to {what.get('target', '?')} was sent again"


def _queued(what: What) -> str:
    return f"{_count(what.get('count'), 'earlier video', 'earlier videos')} queued to {what.get('target', '?')}"


def _job(what: What) -> str:
    return str(what.get("parameters") or what.get("kind") or "?")


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _restored(what: What) -> str:
    return f"Its file was brought back from {what['source']}" if what.get("source") else "Its file was brought back"


def _moved(what: What) -> str:
    target = what.get("target") or what.get("to")
    return (f"Is to be copied to {target} too" if target else "Moved to a colder place") + _by_rule(what)


def _emptied(what: What) -> str:
    return f"All videos of the project were moved to the trash{_in_brackets(what, 'videos', 'video')}"


def _damage(what: What) -> str:
    return f"Damage was found{_where(what)}" + (f": {what['reason']}" if what.get("reason") else "")


def _repaired(what: What) -> str:
    return f"Damage was repaired{_where(what)}" + (f": {what['how']}" if what.get("how") else "")


def _where(what: What) -> str:
    part = what.get("part") or what.get("target")
    return f" ({part})" if part else ""


def _because(what: What) -> str:
    return f": {what['reason']}" if what.get("reason") else ""


def _by_rule(what: What) -> str:
    return f", by the rule “{what['rule']}”" if what.get("rule") else ""


def _count_of(cameras: object) -> str:
    return _count(len(_texts(cameras)), "camera", "cameras")


def _named(what: What, name: str) -> str:
    return f" “{what[name]}”" if what.get(name) else ""


def _in_brackets(what: What, name: str, one: str) -> str:
    return f" ({_count(what[name], one, f'{one}s')})" if isinstance(what.get(name), int) else ""


def _count(number: object, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _when(iso: object) -> str:
    """`2026-11-21T14:23:00.000Z` as people read it."""
    return str(iso)[:16].replace("T", " ") + " UTC"


def _quoted(names: list[str]) -> str:
    return _listed([f"“{name}”" for name in names])


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


_WORDS: Mapping[str, Callable[[What], str]] = {
    "video.saved": _saved,
    "video.imported": lambda what: "Taken in from a folder" + (", found after a crash" if what.get("adopted") else ""),
    "video.edited": _edited,
    "video.trashed": lambda _: "Moved to the trash",
    "video.expired": lambda what: f"Moved to the trash{_by_rule(what)}",
    "video.untrashed": lambda _: "Taken out of the trash",
    "video.purged": lambda _: "Deleted at the end of its time in the trash",
    "video.pruned": lambda what: f"Its file here was removed, as copies hold it{_by_rule(what)}",
    "video.restored": _restored,
    "video.held": _held,
    "video.released": lambda what: f"Released from the hold{_named(what, 'reason')}",
    "video.moved": _moved,
    "evidence.locked": _locked,
    "evidence.unlocked": _unlocked,
    "project.emptied": _emptied,
    "share.created": _shared,
    "share.revoked": _share("ended"),
    "share.opened": _share("opened"),
    "token.created": _token("made"),
    "token.revoked": _token("revoked"),
    "delivery.retried": _retried,
    "delivery.queued": _queued,
    "media.asked": lambda what: f"A copy in another form was asked for ({_listed(_texts(what.get('wanted')))})",
    "media.retried": lambda what: f"Begun anew: {_job(what)}",
    "media.cancelled": lambda what: f"Cancelled or removed: {_job(what)}",
    "target.checked": lambda what: (
        f"{what.get('target', '?')} was checked{'' if what.get('ok') else ', and is not well'}"
    ),
    "target.signed_in": lambda what: f"Somebody signed in to {what.get('target', '?')}{_named(what, 'account')}",
    "target.paused": _target("paused"),
    "target.resumed": _target("resumed"),
    "camera.renamed": lambda what: f"A camera was called{_named(what, 'name') or ' by no name any more'}",
    "webhook.created": _webhook("made"),
    "webhook.changed": _webhook("changed"),
    "webhook.paused": _webhook("paused"),
    "webhook.resumed": _webhook("resumed"),
    "webhook.stopped": lambda what: f"The webhook{_named(what, 'label')} was paused, as its receiver is gone",
    "webhook.deleted": _webhook("deleted"),
    "webhook.secret_renewed": _webhook("given a new secret"),
    "webhook.tested": _webhook("tested"),
    "webhook.retried": _webhook("told of an event once more"),
    "export.created": lambda what: f"An export was asked for ({_count_of(what.get('camera_ids'))}){_because(what)}",
    "export.completed": lambda what: (
        "An export was made" + (", without what could not be had" if what.get("partial") else "")
    ),
    "export.failed": lambda what: f"An export failed ({what.get('code') or '?'})",
    "export.cancelled": lambda _: "An export was cancelled",
    "export.retried": lambda _: "An export was begun anew",
    "export.linked": lambda _: "A link to an export that needs no token was given out",
    "export.downloaded": lambda _: "An export was downloaded",
    "export.deleted": lambda _: "An export was deleted",
    "export.expired": lambda _: "The result of an export was removed",
    "scrub.damage": _damage,
    "scrub.repaired": _repaired,
    "catalog.rebuilt": lambda what: f"The catalog was made anew from the disk{_in_brackets(what, 'videos', 'video')}",
    "audit.restored": lambda what: f"Brought back from a backup{_in_brackets(what, 'audit_lines', 'line')}",
    "audit.accepted": lambda what: f"Lost audit lines were accepted{_because(what)}",
}
