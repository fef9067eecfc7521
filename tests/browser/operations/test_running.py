"""Jobs, tokens and the log: what runs with how far it is, who may sign in, and what the server wrote of a video."""

from __future__ import annotations

import json
import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import GB, MadeUpServer, ago, media_job, place, token, trouble
from tests.services.app import RunningApp

VIDEO = str(uuid.UUID(int=7))


def test_what_runs_is_told_first_with_its_progress_then_what_failed_and_what_waits(desk: Desk) -> None:
    desk.server.jobs = [
        media_job(1, "waiting"),
        media_job(2, "failed", kind="probe", error="This is not a video", title="Not a video"),
        media_job(3, "running", progress=0.42),
    ]
    desk.server.troubles = [
        trouble(9, "nas", "in_progress", "", bytes_sent=GB // 4, bytes_per_second=40 * 1024**2, seconds_left=19)
    ]
    desk.go()
    part = desk.part("Jobs")
    expect(part).to_contain_text("2 running · 1 failed · 1 waiting")
    rows = part.get_by_role("listitem")
    expect(rows).to_have_text(
        [
            re.compile(r"Moving 25.%clip_0009.mp4Copy to NAS · 40 MB/s, 19 s left"),
            re.compile(r"Running 42.%clip_0003.mp4The copy that browsers can play"),
            "FailedNot a videoLooking at the file · This is not a video.",
            "Waitingclip_0001.mp4The copy that browsers can play",
        ],
        use_inner_text=False,
    )
    expect(rows.nth(1).get_by_role("progressbar")).to_have_attribute("value", "42")
    rows.nth(2).get_by_role("link", name="Not a video").click()
    assert f"video={desk.server.jobs[1]['video_id']}" in desk.page.url
    desk.page.go_back()
    desk.server.jobs, desk.server.troubles = [], []
    desk.look_again()
    expect(part).to_contain_text("Nothing is being made or copied at the moment")


def test_an_admin_sees_who_may_sign_in_and_the_end_of_the_log(desk: Desk) -> None:
    desk.server.tokens = [
        token("admin", "admin", last_used_at=ago(minutes=3)),
        token("Ana", "uploader", projects=["films", "surf"]),
        token("gone", "viewer", revoked_at=ago(days=2)),
    ]
    desk.server.log = [
        f'2026-11-21T18:07:02.985Z INFO    saved        upload={VIDEO} name="a b.mp4"',
        "2026-11-21T18:07:01.727Z WARNING probed       target=usb ok=False",
        json.dumps({"at": "2026-11-21T18:07:00.000Z", "level": "error", "step": "broke", "upload": VIDEO}),
    ]
    desk.go()
    people = desk.part("Tokens and people")
    expect(people.get_by_role("listitem")).to_have_count(2)
    expect(people).to_contain_text("AnauploaderMaylook, download and uploadProjectsfilms and surfLast usednever")
    desk.press("Show 1 token that was revoked")
    expect(people.get_by_role("listitem").nth(2)).to_contain_text(re.compile("gone.*Revoked.*Wasviewer"))
    lines = desk.part("Log").get_by_role("listitem")
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_contain_text(re.compile("21 Nov.*warning probed target=usb ok=False"))
    expect(lines.nth(2)).to_contain_text(f"error broke upload={VIDEO}")
    desk.page.get_by_role("searchbox", name="Only lines that hold").fill("a b.mp4")
    expect(lines).to_have_count(1)
    desk.page.get_by_role("searchbox", name="Only lines that hold").fill("nothing has this")
    expect(desk.part("Log")).to_contain_text("No line holds “nothing has this”.")
    desk.page.get_by_role("searchbox", name="Only lines that hold").fill(VIDEO)
    expect(lines).to_have_count(2)
    lines.first.get_by_role("link").click()
    assert f"video={VIDEO}" in desk.page.url


def test_without_a_connection_no_lines_stand_under_another_filter(desk: Desk) -> None:
    desk.server.log = ["2026-11-21T18:07:02.985Z INFO    saved        name=a.mp4"]
    desk.go()
    log = desk.part("Log")
    expect(log.get_by_role("listitem")).to_have_count(1)
    desk.visit.cut_network()
    desk.page.route("**/api/**", lambda route: route.abort())
    desk.page.get_by_role("searchbox", name="Only lines that hold").fill("b.mp4")
    expect(log).to_contain_text("There is no connection.")
    expect(log.get_by_role("listitem")).to_have_count(0)
    desk.page.unroute_all(behavior="ignoreErrors")
    desk.server.serve(desk.page)
    desk.visit.mend_network()
    expect(log).to_contain_text("No line holds “b.mp4”.")


def test_nobody_else_is_asked_for_or_shown_tokens_and_log(open_page: OpenPage, team_server: RunningApp) -> None:
    made = team_server.cli("token", "create", "--name", "operates", "--role", "operator", "--json")
    visit = open_page(team_server, sign_in=False)
    visit.open(token=json.loads(made.stdout)["token"])
    desk = Desk(visit, MadeUpServer())
    desk.server.serve(desk.page)
    desk.go()
    expect(desk.part("Jobs")).to_be_visible()
    expect(desk.page.get_by_role("heading", name="Tokens and people")).to_have_count(0)
    expect(desk.page.get_by_role("heading", name="Log")).to_have_count(0)
    assert not {"GET /api/tokens", "GET /api/log"} & set(desk.server.asked)


def test_where_it_cannot_be_looked_up_nothing_is_said_to_be_well(desk: Desk) -> None:
    desk.server.refusals = {"/api/deliveries": 503, "/api/media/jobs": 503}
    desk.server.places = [place("usb", "USB disk", required=False, state="parked", reason="Mount it")]
    desk.go()
    needs = desk.part("What needs a person")
    expect(needs).to_contain_text("Not all of this could be looked up.")
    expect(needs).to_contain_text("USB disk needs a person: Mount it.")
    expect(desk.part("Jobs")).to_contain_text("This could not be looked up.")
    desk.server.places = [place("nas", "NAS")]
    desk.look_again()
    expect(needs.get_by_role("listitem")).to_have_count(0)
    expect(needs).not_to_contain_text("Nothing at the moment")
