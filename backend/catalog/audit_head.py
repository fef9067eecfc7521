"""The signed head of the audit: which line was the last one, and its digest, in a file beside the catalog.

A chain without its last lines is still a chain. The head, signed with the server's key each minute, tells that they
were there. It is never replaced while it contradicts what the catalog holds: then a person has to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from backend.catalog import audit
from backend.catalog.audit import FIRST
from backend.catalog.audit_check import Chain, Trouble, digest_at, follow, last
from backend.catalog.database import Database
from backend.catalog.types import iso
from backend.disk.atomic import replace, told_as_gone
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.errors import BadField, Conflict
from backend.log import UploadLog
from backend.signing import Signer, verify

HEAD_FILE = "audit-head.json"
_KIND = "holdfast-audit-head"


@dataclass(frozen=True)
class Head:
    """`line`: the number of the last line when it was signed; 0 when there was none."""

    line: int
    digest: str
    at: str


@dataclass(frozen=True)
class Seal:
    """Signs the head and holds the audit against it."""

    database: Database
    layout: Layout
    signer: Signer
    log: UploadLog
    _told: set[str] = field(default_factory=set, repr=False)

    def begin(self) -> None:
        """Sign that there is no line yet. Only where there is none: a head that was removed is missed ever after."""
        with lock(self.layout, "audit", "head"), self.database.read() as session:
            if not self.place.exists() and last(session)[0] == 0:
                self._sign(0, FIRST)

    def renew(self) -> Trouble | None:
        """Sign the last line, unless the head that is there contradicts the catalog: then it stays, and is told."""
        with lock(self.layout, "audit", "head"):
            trouble = self.trouble()
            if trouble is None:
                self._sign_last()
        # Asked each minute; said once in each process.
        if trouble is not None and trouble.words not in self._told:
            self._told.add(trouble.words)
            self.log.write("error", "audit_doubted", error=trouble.words)
        return trouble

    def check(self, chain: Chain) -> Iterator[Trouble]:
        """Follow the whole chain and hold its end against the head; a good audit gets its head renewed."""
        sound = True
        for trouble in follow(self.database, chain):
            sound = False
            yield trouble
        with lock(self.layout, "audit", "head"):
            doubt = self.trouble()
            if doubt is not None:
                yield doubt
            elif sound:
                self._sign_last()

    def accept(self, reason: str) -> None:
        """A person knows why lines are gone, after a rebuild perhaps: write that down and begin a new head."""
        with lock(self.layout, "audit", "head"):
            trouble = self.trouble()
            if trouble is None:
                raise Conflict("The audit agrees with its signed head; there is nothing to accept.")
            with self.database.write() as session:
                audit.append(session, "audit.accepted", reason=reason, trouble=trouble.words, head=self._said())
            with self.database.read() as session:
                self._sign(*last(session))
        self.log.write("warning", "audit_accepted", reason=reason, error=trouble.words)

    def trouble(self) -> Trouble | None:
        """What the head says against the catalog."""
        try:
            head = self.head()
        except BadField:
            words = f"The signed head ({HEAD_FILE}) is not genuine: it was changed, or signed with another key."
            return Trouble("head-forged", 0, words)
        with self.database.read() as session:
            last_id = last(session)[0]
            digest = digest_at(session, head.line) if head is not None else None
        if head is None:
            missing = (
                f"The signed head ({HEAD_FILE}) is missing, so nobody can say whether the last lines are all here."
            )
            return Trouble("head-missing", 0, missing) if last_id else None
        if head.line == 0 or digest == head.digest:
            return None
        known = f"On {head.at} line {head.line} was signed as the last one"
        if digest is not None:
            return Trouble(
                "cut-off", head.line, f"{known}; another one stands there now: lines up to it were replaced."
            )
        return Trouble("cut-off", last_id + 1, f"{known}; the lines from {last_id + 1} on are gone.")

    @property
    def place(self) -> Path:
        return self.layout.metadata / HEAD_FILE

    def head(self) -> Head | None:
        """The head as signed; None when there is none. Raises `BadField` when it is not genuine."""
        try:
            with told_as_gone("reading the head of the audit"):
                kept = self.place.read_bytes()
        except FileNotFoundError:
            return None
        try:
            payload = verify(str(json.loads(kept)["head"]), self.signer.public_jwk())
            if payload["kind"] != _KIND:
                raise ValueError
            return Head(int(payload["line"]), str(payload["digest"]), str(payload["at"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadField("not a head of the audit") from error

    def _sign_last(self) -> None:
        """For a head without trouble."""
        head = self.head()
        with self.database.read() as session:
            line, digest = last(session)
        if head is None or (head.line, head.digest) != (line, digest):
            self._sign(line, digest)

    def _sign(self, line: int, digest: str) -> None:
        payload = {"kind": _KIND, "line": line, "digest": digest, "at": iso(datetime.now(UTC))}
        content = json.dumps({"head": self.signer.sign(payload), "payload": payload}, indent=1).encode()
        # The keys' folder lies on the same file system, and what a crash leaves there is cleared at the next start.
        replace(self.place, content, self.layout.keys)

    def _said(self) -> object:
        """What the file tells, genuine or not."""
        try:
            with told_as_gone("reading the head of the audit"):
                return json.loads(self.place.read_bytes())["payload"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
