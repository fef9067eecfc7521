"""What each role sees: nothing is offered that the server would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenPage, folder_target
from tests.browser.visit import Visit, clip
from tests.services.app import RunningApp


def new_token(app: RunningApp, *options: str) -> dict[str, Any]:
    """Make a token by the command line; with its secret and its sign-in link."""
    done = app.cli("token", "create", *options, "--json")
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def signed_in(open_page: OpenPage, app: RunningApp, token: str) -> Visit:
    visit = open_page(app, sign_in=False)
    visit.open(token=token)
    return visit


def test_the_link_of_the_command_line_signs_the_next_person_in_under_their_name(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, sign_in=False)
    visit.page.goto(new_token(team_server, "--name", "Margarethe", "--role", "uploader")["sign_in_link"])
    expect(visit.page.get_by_role("navigation")).to_contain_text("Margarethe")
    visit.choose(clip("of margarethe.mp4"))
    visit.expect_saved("of margarethe.mp4")
    expect(visit.listed("of margarethe.mp4")).to_contain_text("by Margarethe")


def test_a_viewer_is_offered_no_upload_and_a_dropped_file_does_not_replace_the_page(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    token = new_token(team_server, "--name", "guest", "--role", "viewer")["token"]
    visit = signed_in(open_page, team_server, token)
    expect(visit.page.get_by_text("Your token lets you look and download.")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Choose files")).to_have_count(0)
    prevented = visit.page.evaluate("""() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["x"], "x.mp4"));
        return !document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }""")
    assert prevented


def test_one_limited_to_projects_chooses_among_them_only(open_page: OpenPage, team_server: RunningApp) -> None:
    made = new_token(
        team_server, "--name", "two", "--role", "uploader", "--project", "surf-2026", "--project", "winter"
    )
    visit = signed_in(open_page, team_server, made["token"])
    project = visit.page.get_by_label("Project")
    assert sorted(project.locator("option").all_text_contents()) == ["surf-2026", "winter"]
    project.select_option("winter")
    visit.choose(clip("in winter.mp4"))
    visit.expect_saved("in winter.mp4")
    expect(visit.listed("in winter.mp4").get_by_text("winter", exact=True)).to_be_visible()


def test_only_who_operates_is_offered_retry(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    nas = tmp_path / "unplugged"
    nas.mkdir()
    app = running_app(targets_toml=folder_target(nas))
    nas.rmdir()
    nas.write_text("not a folder")
    uploader = signed_in(open_page, app, new_token(app, "--name", "camera", "--role", "uploader")["token"])
    uploader.choose(clip("stuck.mp4"))
    expect(uploader.listed("stuck.mp4").locator(".note")).to_be_visible(timeout=60_000)
    expect(uploader.page.get_by_role("button", name="Retry stuck.mp4 on NAS")).to_have_count(0)
    expect(uploader.page.get_by_role("button", name="Check now")).to_have_count(0)
    operator = signed_in(open_page, app, new_token(app, "--name", "desk", "--role", "operator")["token"])
    expect(operator.page.get_by_role("button", name="Retry stuck.mp4 on NAS")).to_be_visible()
    expect(operator.page.get_by_role("button", name="Check now: NAS")).to_be_visible()


def test_a_revoked_token_ends_its_session_with_a_sentence(open_page: OpenPage, team_server: RunningApp) -> None:
    made = new_token(team_server, "--name", "leaves", "--role", "uploader")
    visit = signed_in(open_page, team_server, made["token"])
    assert team_server.cli("token", "revoke", made["id"], "--yes").returncode == 0
    visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(visit.page.get_by_role("alert")).to_contain_text("Your session has ended.")


def test_a_late_answer_to_who_was_signed_in_before_does_not_sign_out_whoever_opened_a_link_since(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    made = new_token(team_server, "--name", "Quick", "--role", "uploader")
    visit = open_page(team_server, sign_in=False)
    expect(visit.page.get_by_label("Token")).to_be_visible()
    held: list[Route] = []
    visit.page.route(
        "**/api/session", lambda route: held.append(route) if route.request.method == "GET" else route.continue_()
    )
    with visit.page.expect_request(lambda request: request.url.endswith("/api/session") and request.method == "GET"):
        visit.page.reload()
    visit.open(token=made["token"])
    with visit.page.expect_response(lambda answer: answer.status == 401):
        held[0].fulfill(status=401, json={"error": "Sign in first.", "code": "unauthenticated", "detail": {}})
    visit.choose(clip("of quick.mp4"))
    visit.expect_saved("of quick.mp4")
