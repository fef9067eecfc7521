"""What a visitor with a share link gets, and what nobody gets without one."""

from __future__ import annotations

import pytest

from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.making import JPEG, MP4, ready, upload, with_copies
from tests.unit.web.test_shares import path_of, saved, shared, visit


def opened(site: Site, video_id: str) -> list[int]:
    return [one["opened"] for one in site.call("GET", f"/api/videos/{video_id}/share").get_json()["shares"]]


def test_the_page_needs_no_token_sets_no_cookie_and_runs_nothing(site: Site) -> None:
    share = shared(site, saved(site, title="<b>Sea</b> & sand", description="for us only"), label="for Ann")
    answer = visit(site, path_of(share))
    assert answer.status_code == 200
    assert "&lt;b&gt;Sea&lt;/b&gt; &amp; sand" in answer.text
    assert "<script" not in answer.text
    assert "for us only" not in answer.text
    assert "for Ann" not in answer.text
    assert "Download" not in answer.text
    assert "Set-Cookie" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_bytes_come_in_ranges_and_by_the_address_alone(site: Site) -> None:
    path = path_of(shared(site, saved(site)))
    whole = visit(site, f"{path}/content")
    assert (whole.status_code, whole.data) == (200, VIDEO)
    assert whole.headers["Content-Disposition"].startswith("inline")
    part = visit(site, f"{path}/content", Range="bytes=10-19")
    assert (part.status_code, part.data) == (206, VIDEO[10:20])
    assert part.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in part.headers


def test_the_file_itself_is_given_only_where_that_is_allowed(site: Site) -> None:
    video_id = saved(site)
    watch, keep = path_of(shared(site, video_id)), path_of(shared(site, video_id, may_download=True))
    refused = visit(site, f"{watch}/download")
    assert refused.status_code == 403
    assert "not download it" in refused.text
    given = visit(site, f"{keep}/download")
    assert (given.status_code, given.data) == (200, VIDEO)
    assert given.headers["Content-Disposition"].startswith("attachment")
    assert "Download" in visit(site, keep).text


def test_a_visit_is_counted_once_whatever_its_player_asks_for(site: Site) -> None:
    video_id = saved(site)
    path = path_of(shared(site, video_id, may_download=True))
    page = visit(site, path).text
    source = page.partition('src="/s/')[2].partition('"')[0]
    for span in ("bytes=0-", "bytes=100-", "bytes=0-0"):
        assert visit(site, f"/s/{source}", Range=span).status_code == 206
    site.call("HEAD", path, None)
    visit(site, f"{path}/thumbnail")
    assert opened(site, video_id) == [1]
    # By the address of the bytes alone it is a visit too, when it begins.
    visit(site, f"{path}/content", Range="bytes=0-")
    visit(site, f"{path}/content", Range="bytes=500-")
    visit(site, f"{path}/download?visit=9999999999.forged")
    assert opened(site, video_id) == [3]
    # Every visitor stands in the audit, and not every reload.
    lines = site.call("GET", f"/api/audit?video_id={video_id}&action=share.opened").get_json()["audit"]
    assert len(lines) == 1


def test_another_address_is_nothing_and_guessing_is_stopped(site: Site) -> None:
    share, other = shared(site, saved(site)), shared(site, saved(site, content=VIDEO + b"x"))
    good = path_of(share)
    stranger = f"/s/{share['id']}.{path_of(other).rpartition('.')[2]}"
    for wrong in (stranger, good[:-1], f"/s/{share['id']}", "/s/x", f"{good}x", "/s/%00", "/s/é.é"):
        answer = visit(site, wrong)
        assert answer.status_code in (404, 401), wrong
    for _ in range(30):
        visit(site, stranger)
    assert visit(site, stranger).status_code == 429
    assert visit(site, good).status_code == 429
    assert site.call("GET", "/api/session", "viewer").status_code == 200


def test_what_a_letter_puts_behind_a_link_does_no_harm(site: Site) -> None:
    path = path_of(shared(site, saved(site)))
    for behind in ("/", ".", ").", "”", "%22%3E"):
        answer = visit(site, path + behind)
        assert answer.status_code == 200, behind
        assert f'src="{path}/content' in answer.text


def test_no_address_of_a_link_stands_in_the_log(site: Site) -> None:
    video_id = saved(site)
    path = path_of(shared(site, video_id))
    for request in (path, f"{path}/content", f"{path}/download", f"{path}/nothing"):
        visit(site, request)
    site.call("POST", path, None)
    log = (site.services.settings.log_dir / "video_uploads.log").read_text()
    assert video_id in log
    assert path.rpartition(".")[2] not in log


def test_a_link_does_not_open_on_another_installation(site: Site) -> None:
    share = shared(site, saved(site))
    key = site.services.shares.key
    assert key.id_in(path_of(share).removeprefix("/s/")) == share["id"]
    assert type(key)("another secret").id_in(path_of(share).removeprefix("/s/")) is None
    assert key.secret not in repr(key)


def test_what_browsers_do_not_play_is_shown_as_the_copy_that_was_made_for_them(site: Site) -> None:
    made = with_copies(site)
    path = path_of(shared(site, made.id))
    page = visit(site, path)
    assert 'poster="' in page.text
    assert (visit(site, f"{path}/thumbnail").data, visit(site, f"{path}/content").data) == (JPEG, MP4)
    assert visit(site, f"{path}/content").headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize(("facts", "words"), [({"browser_plays": False}, "cannot be played"), ({}, "<video")])
def test_what_cannot_be_played_says_so_and_gives_no_bytes_for_watching(
    site: Site, facts: dict[str, bool], words: str
) -> None:
    path = path_of(shared(site, ready(site, **facts).id))
    assert words in visit(site, path).text
    assert visit(site, f"{path}/content").status_code == (200 if words == "<video" else 404)
    assert visit(site, path_of(shared(site, upload(site, "b.mp4", title="b").id)) + "/thumbnail").status_code == 404


def test_a_stranger_is_told_nothing_of_our_own_troubles(site: Site) -> None:
    made = ready(site)
    path = path_of(shared(site, made.id))
    site.services.layout.absolute(made.row.relative_path).unlink()
    answer = visit(site, f"{path}/content")
    assert answer.status_code >= 404
    assert "<h1>" in answer.text
    assert "holiday" not in answer.text
    assert "copy" not in answer.text


@pytest.mark.parametrize("headers", [{"Host": "video.example.org"}, {"X-Forwarded-For": "203.0.113.9"}])
def test_open_mode_shows_nothing_to_anybody_elsewhere(open_site: Open, headers: dict[str, str]) -> None:
    site = open_site(AUTH_MODE="open")
    answer = site.call("POST", f"/api/videos/{saved(site, None)}/share", None, json={})
    path = path_of(answer.get_json()["share"])
    assert visit(site, path).status_code == 200
    assert visit(site, path, **headers).status_code == 403
    assert visit(site, f"{path}/content", **headers).status_code == 403
