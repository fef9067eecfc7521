"""The check of a Drive: a small file is made, read back and deleted, and what stands against that is said in words.

Listing a folder proves nothing: a service account may see one in which it can never own a file.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from backend.errors import TargetError
from backend.targets.base import CheckReport
from backend.targets.drive import files
from backend.targets.drive.client import Client
from backend.targets.drive.failures import Answer, DriveProblem, Who, judge
from backend.targets.drive.folders import Folder, Folders

_MOST_SKEW_SECONDS = 300
_LONGEST_PROBE_SECONDS = 600
_IN_TRASH = "in the trash"
_MARK = {"holdfast_check": "yes"}
_NAME = re.compile(r"holdfast-check-([0-9]{1,12})-[0-9a-f]+\.txt")


@dataclass
class Probe:
    client: Client
    folders: Folders
    who: Who

    def run(self) -> CheckReport:
        """Never raises for what it can explain."""
        details: dict[str, Any] = {"account": self.who.account}
        try:
            folder = self.folders.root(self.client)
            details |= {"folder_id": folder.id, "in_shared_drive": bool(folder.drive_id)}
            self._look_before(folder)
            details["probe"] = self._write_read_remove(folder.id)
            self._sweep(folder)
            if not folder.drive_id:
                details |= self._room()
        except DriveProblem as problem:
            error = judge(problem.answer, replace(self.who, folder=self.folders.shown))
            return CheckReport.failed(error, self._with_clock(problem, error), **details)
        return CheckReport(ok=True, message=self._praise(details["probe"]), details=details)

    def _praise(self, probe: str) -> str:
        folder = f"The folder “{self.folders.shown}” in Drive"
        if probe != _IN_TRASH:
            return f"{folder} can be written, read and cleared by {self.who.account}."
        return (
            f"{folder} can be written and read by {self.who.account}; what is removed goes to its trash, since a "
            "Content manager may not delete for ever."
        )

    def _look_before(self, folder: Folder) -> None:
        """What could not be removed again is not written: a probe of a waiting target would leave one each time."""
        found = files.find(self.client, folder.id) if folder.drive_id else None
        if found is not None and not found.may_clear:
            raise DriveProblem(Answer("cannot-clear"))

    def _write_read_remove(self, folder_id: str) -> str:
        content = secrets.token_hex(32).encode()
        name = f"holdfast-check-{int(time.time())}-{secrets.token_hex(4)}.txt"
        file_id = files.make_small_file(self.client, name, folder_id, content, _MARK)
        try:
            read = files.small_content(self.client, file_id)
        finally:
            removed = files.remove(self.client, file_id)
        if read != content:
            raise DriveProblem(Answer("not-drive", message="it gave back other bytes than were written"))
        return {"deleted": "removed", "trashed": _IN_TRASH, "gone": "gone before it was removed"}[removed]

    def _sweep(self, folder: Folder) -> None:
        """Remove what earlier probes left that broke off in the middle; not another's that is under way."""
        with suppress(DriveProblem):
            for file in files.search(self.client, _MARK, folder.drive_id):
                made = _NAME.fullmatch(file.name)
                if made and time.time() - int(made[1]) > _LONGEST_PROBE_SECONDS:
                    files.remove(self.client, file.id)

    def _room(self) -> dict[str, Any]:
        """How much is left in the account itself; shared drives have no figure of their own."""
        quota = self.client.run(self.client.drive.about().get(fields="storageQuota")).get("storageQuota") or {}
        figures = {name: int(quota[name]) for name in ("limit", "usage") if str(quota.get(name, "")).isdecimal()}
        return {f"storage_{name}_bytes": figure for name, figure in figures.items()}

    def _with_clock(self, problem: DriveProblem, error: TargetError) -> str:
        """A wrong clock is behind many refusals that do not say so."""
        skew = self._skew_seconds() if problem.status in (400, 401) else None
        if skew is None or abs(skew) < _MOST_SKEW_SECONDS:
            return error.message
        minutes, way = round(abs(skew) / 60), "behind" if skew > 0 else "ahead"
        remedy = "" if problem.reason == "token-clock" else " Set the clock (NTP)."
        return f"{error.message} This server's clock is {minutes} min {way}.{remedy}"

    def _skew_seconds(self) -> float | None:
        said = self.client.wire.date(self.client.root_url)
        try:
            return None if said is None else parsedate_to_datetime(said).timestamp() - time.time()
        except ValueError:
            return None
