"""Everything that an operator may have wrong with Google Drive: how it comes about, and what the check must say.

Each trouble makes the options of a target on the emulator; `words` name what is wrong and `remedy` what to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.tls_port import untrusted_port
from tests.services.drive.faults import Answer, Fault, Hang, daily_750_gb, forbidden, html_page
from tests.services.drive.model import SCOPE, SCOPE_FILE, SCOPE_READ, Item
from tests.services.drive.plan import Kind
from tests.services.drive.replies import json_reply
from tests.services.drive.server import DriveServer

ANN = "ann@example.org"
BOT = "bot@project.iam.gserviceaccount.com"
HOURS = 3600.0
_NOT_ENABLED = (
    "Google Drive API has not been used in project 123 before or it is disabled. Enable it by visiting https://x"
)
Options = dict[str, Any]


@dataclass
class Desk:
    """Where a trouble is made: the emulator, and a folder for credentials files."""

    drive: DriveServer
    folder: Path

    def file(self, content: object) -> str:
        path = self.folder / "credentials.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def bot(self, *, delegated: bool = False, **options: str) -> Options:
        return {"credentials": self.file(self.drive.service_account(BOT, delegated=delegated)), **options}

    def ann(self, scope: str = SCOPE, **options: Any) -> Options:
        found = {**self.drive.authorised_user(ANN, [scope]), "scopes": [scope], "account": ANN}
        return {"credentials": self.file(found), **options}

    def team(self, role: str = "organizer") -> str:
        return self.drive.shared_drive("Team", {BOT: role})

    def hit(self, fault: Fault, on: Kind) -> Desk:
        """This fault for every such request."""
        self.drive.faults.add(fault, on=on, times=None)
        return self


@dataclass(frozen=True)
class Trouble:
    make: Callable[[Desk], Options]
    words: str
    remedy: str


def _file_as_folder(desk: Desk) -> Options:
    options, drive_id, world = desk.bot(), desk.team(), desk.drive.world
    item = Item(world.new_id(), "a.txt", "text/plain", drive_id, None, drive_id, 0, 0, world.new_blob(b"x"))
    return options | {"folder_id": world.add(item).id}


def _trashed(desk: Desk, *, by_its_parent: bool) -> Options:
    parent = desk.drive.folder("Above", owner=ANN)
    folder_id = desk.drive.folder("Videos", parent=parent)
    desk.drive.trash(parent if by_its_parent else folder_id)
    return desk.ann(folder_id=folder_id)


def _revoked(desk: Desk, options: Options, email: str) -> Options:
    desk.drive.revoke(email)
    return options


def _away(desk: Desk) -> Options:
    options = desk.ann()
    desk.drive.pause()
    return options


def _clock(desk: Desk, seconds: float) -> Options:
    desk.drive.clock_offset_seconds = seconds
    return desk.bot(folder_id=desk.team())


def _full(desk: Desk) -> Options:
    desk.drive.world.people[ANN].quota_bytes = 0
    return desk.ann()


def _token_says(desk: Desk, error: str, status: int = 401) -> Options:
    reply = json_reply({"error": error, "error_description": "See https://secret.example/ya29.x"}, status)
    return desk.hit(Answer(reply), "token").ann()


def _untrusted(desk: Desk, *, token: bool) -> Options:
    address = f"https://127.0.0.1:{untrusted_port()}/"
    if not token:
        return desk.ann(root_url=address)
    found = {**desk.drive.authorised_user(ANN), "token_uri": f"{address}token"}
    return {"credentials": desk.file(found)}


_LOGIN = r"video_manager targets login drive"
_WITH_CLIENT = _LOGIN + r" --client FILE"
_ROOT_URL = "root_url"

TROUBLES = {
    # Service accounts
    "a service account, and a folder in somebody's My Drive": Trouble(
        lambda d: d.bot(folder_id=d.drive.folder("Videos", owner=ANN, shared_with={BOT: "writer"})),
        "service accounts no storage of their own",
        rf"folder in a shared drive of which {BOT}.*subject.*{_LOGIN}",
    ),
    "a service account, and no folder": Trouble(
        lambda d: d.bot(), "service accounts no storage of their own", rf"shared drive.*subject.*{_LOGIN}"
    ),
    "a service account that was deleted": Trouble(
        lambda d: _revoked(d, d.bot(folder_id=d.team()), BOT), f"no longer knows this key of {BOT}", "Make a new key"
    ),
    "no delegation": Trouble(
        lambda d: d.bot(subject=ANN),
        f"does not allow {BOT} for {ANN}",
        r"admin console.*domain-wide.*client_id.*auth/drive",
    ),
    "a subject whom nobody knows": Trouble(
        lambda d: d.bot(delegated=True, subject="x@example.org"),
        "no such person.*x@example.org",
        "Correct the option subject",
    ),
    # Folders
    "a folder that is not shared": Trouble(
        lambda d: d.bot(folder_id=d.drive.folder("Videos", owner=ANN)),
        "shows no folder “1.*deleted, or is not shared",
        f"Share it with {BOT} as Editor.*Content manager.*or correct folder_id",
    ),
    "a folder that may only be read": Trouble(
        lambda d: d.bot(folder_id=d.team("reader")),
        "does not let .* write into the folder",
        "as Editor.*Content manager",
    ),
    "a shared drive whose files may not be removed": Trouble(
        lambda d: d.bot(folder_id=d.team("writer")), "add files .* and not remove them", f"Make {BOT} a Content manager"
    ),
    "the id of a file": Trouble(_file_as_folder, "is no folder", "Correct folder_id"),
    "a folder in the trash": Trouble(
        lambda d: _trashed(d, by_its_parent=False), "in its trash", "Take it out of the trash, or correct folder_id"
    ),
    "a folder that went into the trash with another": Trouble(
        lambda d: _trashed(d, by_its_parent=True), "in its trash", "Take it out of the trash, or correct folder_id"
    ),
    "a sign-in for its own files, and somebody's folder": Trouble(
        lambda d: d.ann(SCOPE_FILE, folder_id=d.drive.folder("Videos", owner=ANN)),
        "sees only what it made itself",
        f"Take folder_id away.*or sign in with --whole-drive: {_LOGIN}",
    ),
    # Sign-ins
    "a sign-in that was revoked, or ended with the test": Trouble(
        lambda d: _revoked(d, d.ann(), ANN),
        f"sign-in of {ANN}.*revoked or has run out",
        f"Testing.*7 days: publish.*{_LOGIN}",
    ),
    "a sign-in that may only read": Trouble(lambda d: d.ann(SCOPE_READ), "may not use Drive", _LOGIN),
    "an OAuth client that was deleted": Trouble(
        lambda d: _token_says(d, "deleted_client"), "no longer knows the OAuth client", _WITH_CLIENT
    ),
    "an OAuth client with another secret": Trouble(
        lambda d: _token_says(d, "invalid_client"), "its secret was changed", _WITH_CLIENT
    ),
    "a refusal that nobody knows": Trouble(
        lambda d: _token_says(d, "odd_thing", 400), f"does not let {ANN} in", _LOGIN
    ),
    # Google Cloud, limits
    "the API is not enabled": Trouble(
        lambda d: d.hit(forbidden("accessNotConfigured", _NOT_ENABLED), "metadata").ann(),
        "not switched on in the Google Cloud project",
        "Enable the “Google Drive API”",
    ),
    "an account that is full": Trouble(
        _full, f"storage behind the folder “Holdfast” is used up: that of {ANN}, or of the shared", "Free space"
    ),
    "750 GB in a day": Trouble(
        lambda d: d.hit(daily_750_gb(), "start").ann(), "750 GB within 24 hours", "goes on by itself"
    ),
    # This server
    "a clock that is behind": Trouble(
        lambda d: _clock(d, 3 * HOURS), "clock is 180 min behind", r"Set the clock \(NTP\)"
    ),
    "a clock that is ahead": Trouble(
        lambda d: _clock(d, -3 * HOURS), "clock is 180 min ahead", r"Set the clock \(NTP\)"
    ),
    "the network is away": Trouble(_away, "refused the connection", "network, the firewall"),
    "no answer": Trouble(
        lambda d: d.hit(Hang(5), "metadata").ann(read_timeout_seconds=0.3), "did not answer in time", "network"
    ),
    "no such host": Trouble(
        lambda d: d.ann(root_url="https://no-such-host.invalid/"), "host name is unknown", rf"DNS.*{_ROOT_URL}"
    ),
    "another path": Trouble(
        lambda d: d.bot(folder_id=d.team(), root_url=f"{d.drive.root_url}wrong/"),
        "does not answer like Drive",
        _ROOT_URL,
    ),
    "a page in between": Trouble(
        lambda d: d.hit(html_page(200), "metadata").ann(), "could not be read", rf"proxies.*{_ROOT_URL}"
    ),
    "no TLS there": Trouble(
        lambda d: d.ann(root_url=d.drive.root_url.replace("http:", "https:")), "does not speak TLS", _ROOT_URL
    ),
    "a certificate of somebody else": Trouble(
        lambda d: _untrusted(d, token=False), r"certificate is not accepted \(self-signed", "HTTPLIB2_CA_CERTS.*clock"
    ),
    "a certificate of somebody else at the token's address": Trouble(
        lambda d: _untrusted(d, token=True), r"certificate is not accepted \(self-signed", "HTTPLIB2_CA_CERTS.*clock"
    ),
    # The credentials file
    "no credentials file": Trouble(
        lambda _: {"credentials": "/nowhere/key.json"}, "/nowhere/key.json is not there", f"Put a.*key.*{_WITH_CLIENT}"
    ),
    "an empty credentials file": Trouble(lambda d: {"credentials": d.file(" \n")}, "is empty", f"key.*{_WITH_CLIENT}"),
    "a credentials file that is no JSON": Trouble(
        lambda d: {"credentials": d.file("hello")}, "is no JSON", f"key.*{_WITH_CLIENT}"
    ),
    "a list as credentials": Trouble(lambda d: {"credentials": d.file([])}, "is no JSON object", _WITH_CLIENT),
    "some other JSON": Trouble(
        lambda d: {"credentials": d.file({"a": 1})}, "neither a service account's key nor a sign-in", _WITH_CLIENT
    ),
    "half a key": Trouble(
        lambda d: {"credentials": d.file({"type": "service_account"})},
        "its field client_email is missing",
        _WITH_CLIENT,
    ),
    "a key that was cut": Trouble(
        lambda d: {"credentials": d.file({**d.drive.service_account(BOT), "private_key": "-----BEGIN"})},
        "its field private_key cannot be read",
        _WITH_CLIENT,
    ),
    "half a sign-in": Trouble(
        lambda d: {"credentials": d.file({"type": "authorized_user"})}, "its field client_id is missing", _WITH_CLIENT
    ),
    "half a character": Trouble(
        lambda d: {"credentials": d.file({"type": "authorized_user", "client_id": "\ud800"})},
        "its field client_id cannot be read",
        _WITH_CLIENT,
    ),
    "an OAuth client": Trouble(
        lambda d: {"credentials": d.file(d.drive.client_secrets())}, "is an OAuth client.*lets nobody in", _LOGIN
    ),
    "a sign-in with a subject": Trouble(
        lambda d: d.ann(subject=ANN), "acts for nobody else", "Take the option subject away"
    ),
    "a folder as credentials file": Trouble(
        lambda d: {"credentials": str(d.folder)},
        r"cannot be read \(Is a directory\)",
        "owner and rights, or the option",
    ),
}
