"""The calls about the caller and about shared drives."""

from __future__ import annotations

import hashlib

from tests.services.drive.creation import Params
from tests.services.drive.fields import free_mask, select
from tests.services.drive.model import Caller, World, rank
from tests.services.drive.replies import Reply, json_reply, refused


class Drives:
    def __init__(self, world: World) -> None:
        self._world = world

    def about(self, caller: Caller, params: Params) -> Reply:
        wanted = params.text("fields")
        if wanted is None:
            words = "The 'fields' parameter is required for this method."
            raise refused(400, "required", words, location="fields")
        with self._world.lock:
            quota = self._quota(caller.email)
        answer: dict[str, object] = {"kind": "drive#about", "user": _user(caller), "storageQuota": quota}
        answer["maxUploadSize"] = str(5 * 2**40)
        return json_reply(select(answer, free_mask(wanted)))

    def _quota(self, email: str) -> dict[str, str]:
        person, used = self._world.people[email], self._world.usage_bytes(email)
        limit = {} if person.quota_bytes is None else {"limit": str(person.quota_bytes)}
        trashed = self._world.usage_bytes(email, trashed_only=True)
        return {**limit, "usage": str(used), "usageInDrive": str(used), "usageInDriveTrash": str(trashed)}

    def get(self, caller: Caller, params: Params, drive_id: str) -> Reply:
        with self._world.lock:
            if drive_id not in self._visible(caller):
                raise refused(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId")
            resource = self._resource(caller, drive_id)
        return json_reply(select(resource, free_mask(params.text("fields") or "kind,id,name")))

    def list_all(self, caller: Caller, params: Params) -> Reply:
        with self._world.lock:
            drives = [self._resource(caller, drive_id) for drive_id in self._visible(caller)]
        mask = free_mask(params.text("fields") or "kind,drives(kind,id,name)")
        return json_reply(select({"kind": "drive#driveList", "drives": drives}, mask))

    def _visible(self, caller: Caller) -> list[str]:
        if caller.sees_only_its_own:
            return []
        return [drive_id for drive_id, members in self._world.members.items() if caller.email in members]

    def _resource(self, caller: Caller, drive_id: str) -> dict[str, object]:
        role = rank(self._world.members[drive_id].get(caller.email))
        abilities = {"canAddChildren": "writer", "canTrashChildren": "fileOrganizer", "canDeleteChildren": "organizer"}
        may = {name: role >= rank(needed) for name, needed in abilities.items()}
        return {"kind": "drive#drive", "id": drive_id, "name": self._world.drives[drive_id], "capabilities": may}


def _user(caller: Caller) -> dict[str, object]:
    return {
        "kind": "drive#user",
        "displayName": caller.email.split("@")[0],
        "me": True,
        "permissionId": str(int(hashlib.sha256(caller.email.encode()).hexdigest()[:15], 16)),
        "emailAddress": caller.email,
    }
