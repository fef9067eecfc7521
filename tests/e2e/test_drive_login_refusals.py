"""`targets login` where it cannot or must not go on: why, in words, and that nothing was lost by it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

import pytest
import urllib3

from tests.e2e.signing_in import ANN, SECRET, Installation, MakePlace, consent, follow, mode
from tests.e2e.test_cli_terminal import Terminal
from tests.services.drive.faults import Answer, Fault, html_page
from tests.services.drive.replies import Reply, json_reply
from tests.services.drive.server import DriveServer

pytestmark = pytest.mark.service


def _wrong_state(found: dict[str, str]) -> dict[str, str]:
    return found | {"state": "guessed"}


def _wrong_code(found: dict[str, str]) -> dict[str, str]:
    return found | {"code": "4/0expired"}


def _refusal(error: str, status: int = 400) -> Answer:
    return Answer(json_reply({"error": error, "error_description": "GOCSPX-echoed 4/0code"}, status))


_NO_REFRESH = {"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer", "scope": ""}
_FILE_SCOPE = "https://www.googleapis.com/auth/drive.file"


def _deny(drive: DriveServer) -> None:
    drive.tokens.denies_consent = True


def _on_token(fault: Fault) -> Callable[[DriveServer], None]:
    return lambda drive: drive.faults.add(fault, on="token")


def _nothing(drive: DriveServer) -> None:
    pass


FAILURES = {
    "consent was denied": (_deny, None, "declined in the browser.*test users"),
    "the state is not ours": (_nothing, _wrong_state, "answer to another sign-in.*Run the command again"),
    "the code has expired": (_nothing, _wrong_code, "good once, and for some minutes. Run the command again"),
    "the client was deleted": (_on_token(_refusal("deleted_client", 401)), None, "OAuth client.*--client FILE"),
    "the secret was changed": (_on_token(_refusal("invalid_client", 401)), None, "secret was changed.*--client FILE"),
    "it is no desktop client": (_on_token(_refusal("redirect_uri_mismatch")), None, "Desktop app.*--client FILE"),
    "Google says what nobody knows": (_on_token(_refusal("gone_fishing")), None, "gave no access .gone_fishing."),
    "Google answers with a page": (_on_token(html_page(502)), None, "could not give access now.*again|read.*again"),
    "Google's answer is empty": (_on_token(Answer(Reply(200))), None, "could not give access now|could not be read"),
    "no lasting access came": (
        _on_token(Answer(json_reply(_NO_REFRESH | {"scope": _FILE_SCOPE}))), None, "no refresh token.*connections"
    ),
    "the box was not ticked": (
        _on_token(Answer(json_reply(_NO_REFRESH | {"scope": "openid", "refresh_token": "1//x"}))), None, "not ticked"
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_sign_in_says_why_and_leaves_the_old_one(place: Installation, failure: str) -> None:
    bring_about, change, words = FAILURES[failure]
    place.credentials.write_text(json.dumps(place.drive.authorised_user(ANN)))
    before = place.credentials.read_bytes()
    bring_about(place.drive)
    login = place.login("--client", str(place.client))
    page = follow(login.address(), change) if change else follow(login.address())
    assert b"The terminal tells the rest" in page
    ended = login.end()
    assert ended.code == 1, ended
    assert _matches(words, ended.err), ended.err
    assert "Traceback" not in ended.err
    assert not SECRET.search(ended.said)
    assert place.credentials.read_bytes() == before
    assert not list(place.app.home.glob(".drive-login*"))


def _matches(words: str, text: str) -> bool:
    return re.search(words, text, re.DOTALL) is not None


def test_without_a_way_to_google_it_says_so(place: Installation) -> None:
    login = place.login("--client", str(place.client))
    there = consent(login.address())
    place.drive.pause()
    with urllib3.PoolManager(retries=False) as pool:
        pool.request("GET", there, timeout=20)
    ended = login.end()
    place.drive.resume()
    assert ended.code == 1
    assert "could not be reached at 127.0.0.1" in ended.err
    assert not place.credentials.exists()


def test_a_link_stays_and_the_file_behind_it_is_replaced(place: Installation) -> None:
    behind = place.app.home / "secrets" / "login.json"
    behind.parent.mkdir()
    place.credentials.symlink_to(behind)
    assert place.sign_in("--client", str(place.client)).code == 0
    assert place.credentials.is_symlink()
    assert mode(behind) == 0o600


def test_the_seeds_credentials_file_is_kept_when_the_sign_in_takes_its_place(place: Installation) -> None:
    place.credentials.write_bytes(place.client.read_bytes())
    refused = place.login().end()
    assert refused.code == 3
    assert "holds an OAuth client, so nothing was done" in refused.err
    assert f"--client {place.credentials}" in refused.err
    assert place.credentials.read_bytes() == place.client.read_bytes()
    ended = place.sign_in("--replace")
    assert ended.code == 0, ended
    kept = place.credentials.with_name("drive-login.json.before-1")
    assert str(kept) in ended.out
    assert kept.read_bytes() == place.client.read_bytes()
    assert mode(kept) == 0o600
    assert place.kept["account"] == ANN


def test_a_person_at_a_terminal_is_asked_before_anything_is_replaced(place: Installation) -> None:
    place.credentials.write_bytes(place.client.read_bytes())
    terminal = Terminal(place.app, "targets", "login")
    terminal.wait_for("in its place")
    terminal.type("n\n")
    assert terminal.end() == 1
    assert place.credentials.read_bytes() == place.client.read_bytes()


def test_a_service_accounts_key_is_replaced_only_on_request(place: Installation) -> None:
    key = json.dumps(place.drive.service_account("bot@project.iam.gserviceaccount.com"))
    place.credentials.write_text(key)
    refused = place.login("--client", str(place.client)).end()
    assert refused.code == 3
    assert "holds a service account's key" in refused.err
    assert place.credentials.read_text() == key
    assert place.sign_in("--client", str(place.client), "--replace").code == 0
    assert place.credentials.with_name("drive-login.json.before-1").read_text() == key


def test_root_gives_the_file_to_the_owner_of_its_folder(place: Installation) -> None:
    assert os.geteuid() == 0, "this promise can be tried by root only"
    folder = place.app.home / "service"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    place.credentials.symlink_to(folder / "login.json")
    ended = place.sign_in("--client", str(place.client))
    assert ended.code == 0, ended
    status = (folder / "login.json").stat()
    assert (status.st_uid, status.st_gid) == (65534, 65534)
    assert "which only nobody may read" in ended.out


REFUSED: dict[str, tuple[dict[str, object], list[str], int, str]] = {
    "inline JSON": ({"credentials": '{"type": "x"}'}, [], 3, "no sign-in can be written. Name a file"),
    "a subject": ({"subject": "boss@example.org"}, [], 3, "take subject away"),
    "no client anywhere": ({}, [], 1, "Which OAuth client.*Desktop app.*--client FILE"),
    "a client file that is not there": ({}, ["--client", "nowhere.json"], 1, "nowhere.json cannot be read"),
    "a web client": ({}, ["--client", "web.json"], 1, "Web application.*Desktop app"),
    "a key as the client": ({}, ["--client", "key.json"], 1, "service account's key, which needs no sign-in"),
    "no JSON as the client": ({}, ["--client", "text.json"], 1, "no JSON object.*Desktop app"),
    "half a client": ({}, ["--client", "half.json"], 1, "not a complete OAuth client"),
    "a client with an unsafe address": ({}, ["--client", "unsafe.json"], 1, "not a complete OAuth client"),
    "another target": ({}, ["nas"], 3, "no target nas; of the kind drive: drive"),
    "no folder for it": ({"credentials": "/nowhere/at/all/login.json"}, [], 3, "no folder /nowhere/at/all"),
    "a folder in its place": ({"credentials": "/tmp"}, [], 3, "/tmp is a folder"),
    "too long a wait": ({}, ["--timeout", "61"], 2, "timeout"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_said_before_a_browser_opens(make: MakePlace, case: str) -> None:
    options, arguments, code, words = REFUSED[case]
    place = make(**options)
    home, good = place.app.home, place.drive.client_secrets()["installed"]
    contents: dict[str, object] = {
        "web.json": {"web": good},
        "key.json": {"type": "service_account"},
        "half.json": {"installed": {"client_id": "x"}},
        "unsafe.json": {"installed": good | {"token_uri": "http://example.org/token"}},
    }
    for name, content in contents.items():
        (home / name).write_text(json.dumps(content))
    (home / "text.json").write_text("client")
    ended = place.login(*arguments).end()
    assert ended.code == code, ended
    assert _matches(words, ended.err), ended.err
    assert not SECRET.search(ended.said)


def test_of_several_targets_one_must_be_named(place: Installation) -> None:
    text = (place.app.home / "targets.toml").read_text()
    second = text.replace('"drive"\nkind', '"second"\nkind').replace("drive-login.json", "second-login.json")
    (place.app.home / "targets.toml").write_text(text + second + 'folder_name = "Second"\n')
    refused = place.login("--client", str(place.client)).end()
    assert refused.code == 3
    assert "name one: drive, second" in refused.err
    assert place.sign_in("second", "--client", str(place.client)).code == 0
    assert (place.app.home / "second-login.json").exists()
