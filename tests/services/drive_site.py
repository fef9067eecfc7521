"""An installation's targets.toml with one folder of a shared drive on the emulator."""

from __future__ import annotations

import json
from pathlib import Path

from tests.services.drive.server import DriveServer

BOT = "holdfast@project.iam.gserviceaccount.com"


def drive_target(drive: DriveServer, key: Path) -> str:
    """Writes the service account's key to `key`; the target is named `drive` and labelled Drive."""
    key.write_text(json.dumps(drive.service_account(BOT)))
    folder_id = drive.folder("Videos", parent=drive.shared_drive("Team", {BOT: "organizer"}))
    return (
        f'[[target]]\nname = "drive"\nkind = "drive"\nlabel = "Drive"\ncredentials = "{key}"\n'
        f'folder_id = "{folder_id}"\nroot_url = "{drive.root_url}"\n'
    )
