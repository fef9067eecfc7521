"""`video_manager targets login`: the real command, a browser that follows its address, and the Drive emulator."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import urllib3

from tests.e2e.signing_in import ANN, SECRET, Installation, MakePlace, consent, follow, mode
from tests.e2e.test_cli_terminal import Terminal
from tests.services.drive.faults import forbidden
from tests.services.drive.server import DriveServer
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64


def test_a_sign_in_is_a_private_file_whose_check_is_well_and_leaves_nothing(place: Installation) -> None:
    ended = place.sign_in("--client", str(place.client))
    assert ended.code == 0, ended
    assert f"Signed in as {ANN}" in ended.out
    assert "drive: well." in ended.out
    assert "Room left in the account: 15" in ended.out
    assert "running worker takes this sign-in by itself" in ended.out
    assert mode(place.credentials) == 0o600
    kept = place.kept
    assert (kept["type"], kept["account"]) == ("authorized_user", ANN)
    assert kept["scopes"] == ["https://www.googleapis.com/auth/drive.file"]
    assert [folder.path for folder in place.drive.live_folders()] == ["Holdfast"]
    assert [item for item in place.drive.world.items.values() if item.blob] == []
    # Nothing but the sign-in was written beside it, and nothing that was told lets anybody in.
    assert {file.name for file in place.app.home.glob("*.tmp")} == set()
    assert not SECRET.search(ended.said + place.app.log_file.read_text())


def test_google_is_asked_for_lasting_access_with_proof_of_possession(place: Installation) -> None:
    assert place.sign_in("--client", str(place.client)).code == 0
    asked = next(request for request in place.drive.requests if request.kind == "consent").query
    assert (asked["access_type"], asked["prompt"], asked["code_challenge_method"]) == ("offline", "consent", "S256")
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert len(asked["state"]) >= 20


def test_no_process_shows_a_secret_in_its_command_line(place: Installation) -> None:
    login = place.login("--client", str(place.client))
    follow(login.address())
    shown = Path(f"/proc/{login.process.pid}/cmdline")
    told = ""
    while login.process.poll() is None:
        told += shown.read_text() if shown.exists() else ""
    assert login.end().code == 0
    assert not SECRET.search(told)


@pytest.mark.parametrize("umask", ["000", "077"])
def test_the_file_is_private_under_any_umask(place: Installation, umask: str) -> None:
    prefix = ("bash", "-c", f'umask {umask}; exec "$@"', "-")
    assert place.sign_in("--client", str(place.client), prefix=prefix).code == 0
    assert mode(place.credentials) == 0o600


def test_the_file_is_never_readable_by_others_while_it_is_written(place: Installation) -> None:
    trace = place.app.home / "trace"
    prefix = ("strace", "-f", "-qq", "-o", str(trace), "-e", "trace=open,openat,creat,rename,renameat2,fsync,chmod")
    assert place.sign_in("--client", str(place.client), prefix=prefix).code == 0
    lines = [line for line in trace.read_text().splitlines() if "drive-login.json" in line]
    made = [line for line in lines if "O_CREAT" in line]
    assert made
    assert all("O_EXCL" in line and ", 0600)" in line for line in made)
    assert sum("rename" in line for line in lines) == 1


def test_an_upload_through_the_running_worker_works_with_it(place: Installation) -> None:
    app = place.app
    app.release_here()
    app.start("web", "worker")
    app.request("POST", "/api/upload-video", fields={"video": ("a.mp4", VIDEO, "video/mp4")})

    def state() -> str:
        (target,) = json.loads(app.cli("targets", "--json").stdout)
        return str(target["state"])

    # Nobody has signed in: the target waits for a person, and its worker goes on running.
    wait_until(lambda: state() == "parked", "the target to be parked", seconds=60)
    assert place.sign_in("--client", str(place.client)).code == 0
    wait_until(lambda: len(place.drive.live_files()) == 1, "the copy", seconds=60)
    (file,) = place.drive.live_files()
    wait_until(lambda: state() == "up", "the target to be up", seconds=60)
    assert file.content == VIDEO
    assert file.owner == ANN


def test_after_a_revoked_sign_in_the_next_needs_no_client(place: Installation) -> None:
    assert place.sign_in("--client", str(place.client)).code == 0
    first = place.kept["refresh_token"]
    place.drive.revoke(ANN)
    place.drive.world.add_person(ANN, 15 * 2**30)
    said = place.app.cli("targets", "check", "drive")
    assert said.returncode == 1
    assert "Sign in again: video_manager targets login drive" in said.stdout
    ended = place.sign_in()
    assert ended.code == 0, ended
    assert place.kept["refresh_token"] != first


def test_a_pasted_address_signs_in(place: Installation) -> None:
    login = place.login("--client", str(place.client), "--paste")
    there = consent(login.address())
    login.paste("http://127.0.0.1/what is this")
    wait_until(lambda: "That is not the address" in login.told, "the word about a wrong paste")
    login.paste(f'  "{there}" ')
    ended = login.end()
    assert ended.code == 0, ended
    assert place.kept["account"] == ANN
    assert not SECRET.search(ended.said)


def test_while_an_address_is_awaited_for_pasting_nobody_listens(place: Installation) -> None:
    login = place.login("--client", str(place.client), "--no-browser")
    there = consent(login.address())
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("GET", there, timeout=5)
    ended = login.end()
    assert ended.code == 1
    assert "No address was pasted" in ended.err


def test_what_is_pasted_on_a_terminal_is_not_shown(place: Installation) -> None:
    terminal = Terminal(place.app, "targets", "login", "--client", str(place.client), "--paste")
    terminal.wait_for("press Enter")
    address = next(line for line in terminal.text.splitlines() if "/o/oauth2/auth?" in line)
    terminal.wait_for("It is not shown.")
    terminal.type(consent(address.strip()) + "\n")
    assert terminal.end() == 0, terminal.text
    assert not SECRET.search(terminal.text)


def test_ctrl_c_ends_it_in_words(place: Installation) -> None:
    login = place.login("--client", str(place.client))
    login.address()
    login.process.send_signal(signal.SIGINT)
    ended = login.end()
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == "Stopped; nothing more was done."
    assert not place.credentials.exists()


@pytest.mark.parametrize("more", [[], ["--paste"]])
def test_nobody_waits_longer_than_the_timeout(place: Installation, more: list[str]) -> None:
    ended_waiting = place.login("--client", str(place.client), "--timeout", "0.01", *more)
    # Its stdin stays open: a terminal where nobody types.
    ended_waiting.process.wait(30)
    ended = ended_waiting.end()
    assert ended.code == 1
    assert "No answer came within 0.01 minutes; nothing was changed" in ended.err


def test_what_a_browser_asks_for_beside_the_answer_does_not_end_it(place: Installation) -> None:
    login = place.login("--client", str(place.client))
    there = consent(login.address())
    base = there.partition("?")[0]
    with urllib3.PoolManager(retries=False) as pool:
        for path in ("", "favicon.ico", "?state=x", "?code=x"):
            assert pool.request("GET", base + path, timeout=20).status == 404
        assert pool.request("GET", there, timeout=20).status == 200
    assert login.end().code == 0


def test_a_program_reads_json_and_the_address_stands_on_stderr(place: Installation) -> None:
    ended = place.sign_in("--client", str(place.client), "--json")
    assert ended.code == 0
    answer = ended.json
    assert (answer["target"], answer["account"], answer["file"]) == ("drive", ANN, str(place.credentials))
    assert answer["check"]["ok"] is True
    assert answer["kept"] is None


def test_a_sign_in_whose_check_fails_is_kept_and_told(place: Installation) -> None:
    words = "Access Not Configured. Drive API has not been used in project 1 before or it is disabled."
    place.drive.faults.add(forbidden("accessNotConfigured", words), times=None, on="metadata")
    ended = place.sign_in("--client", str(place.client))
    assert ended.code == 1
    assert "drive: NOT WELL. " in ended.out
    assert "Enable the “Google Drive API”" in ended.out
    assert place.kept["account"] == ""


def test_the_whole_drive_is_asked_for_on_request(make: MakePlace, drive: DriveServer) -> None:
    place = make(folder_id=drive.folder("Mine", owner=ANN))
    narrow = place.sign_in("--client", str(place.client))
    assert narrow.code == 1
    assert "use --whole-drive" in narrow.err
    assert "sign in with --whole-drive" in narrow.out
    wide = place.sign_in("--whole-drive")
    assert wide.code == 0, wide
    assert place.kept["scopes"] == ["https://www.googleapis.com/auth/drive"]


def test_another_account_than_before_is_told(place: Installation) -> None:
    assert place.sign_in("--client", str(place.client)).code == 0
    place.drive.person("bob@example.org")
    ended = place.sign_in()
    assert ended.code == 0, ended
    assert f"Before, {ANN} was signed in." in ended.err
    assert place.kept["account"] == "bob@example.org"


def test_no_browser_is_opened_where_nobody_would_see_it(place: Installation) -> None:
    opened = place.app.home / "opened"
    browser = place.app.home / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    place.app.environ |= {"BROWSER": str(browser), "DISPLAY": ":99"}
    # A pipe is no person.
    assert place.sign_in("--client", str(place.client)).code == 0
    assert not opened.exists()
    # A terminal with a display is.
    terminal = Terminal(place.app, "targets", "login")
    wait_until(opened.exists, "the browser to be opened")
    wait_until(lambda: opened.read_text().endswith("\n"), "the address")
    follow(opened.read_text().strip())
    assert terminal.end() == 0
    # One behind SSH has its browser elsewhere.
    opened.unlink()
    place.app.environ["SSH_CONNECTION"] = "10.0.0.1 1 10.0.0.2 22"
    terminal = Terminal(place.app, "targets", "login")
    terminal.wait_for("run it with --paste")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 1
    assert not opened.exists()
