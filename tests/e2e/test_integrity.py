"""What rots, at home or away, at the running program and a real S3 server: found, told, mended, and never passed on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery
from tests.e2e.delivering import MIB, Site, video_bytes
from tests.services.app import RunningApp
from tests.services.process import find_program
from tests.services.s3 import S3Server
from tests.services.waiting import wait_until

SMALL = video_bytes(300_000)
BIG = video_bytes(12 * MIB + 7, "big")  # three parts

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(running_app: Callable[..., RunningApp], s3_server: S3Server) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(env: dict[str, str] | None = None, **options: Any) -> Site:
        made.append(Site.make(running_app, s3_server, env, **options))
        return made[-1]

    yield make
    for site in made:
        site.close()


def file_of(site: Site, video_id: str) -> Path:
    return site.sidecar(video_id).with_suffix("")


def flip(path: Path, at: int = -100) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    with path.open("r+b") as file:
        file.write(content)


def overwrite(site: Site, content: bytes) -> None:
    """Somebody changes the only object, behind everybody's back."""
    key = site.versions()[0]
    site.client.put_object(bucket_name=site.bucket, object_name=key, data=io.BytesIO(content), length=len(content))


def scrub(site: Site, *options: str, code: int) -> dict[str, Any]:
    done = site.app.cli("scrub", *options, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(site: Site, video_id: str) -> dict[str, Any]:
    video: dict[str, Any] = site.app.request("GET", f"/api/videos/{video_id}").json()["video"]
    return video


def delivered(site: Site, content: bytes = SMALL) -> str:
    video_id = site.upload(content)
    site.wait_for(video_id, "delivered")
    return video_id


def test_a_bit_that_flips_here_is_mended_from_the_bucket_and_one_that_flips_there_is_found_by_rereading(
    make_site: MakeSite,
) -> None:
    site = make_site()
    site.start_all()
    video_id = delivered(site)
    flip(file_of(site, video_id))
    (repaired,) = scrub(site, "--all", code=1)["repaired"]
    assert (repaired["video_id"], repaired["kind"]) == (video_id, "changed")
    assert site.content(video_id).data == SMALL
    figures = site.app.request("GET", "/api/scrub").json()
    assert figures["local"]["damaged"] == 0
    assert figures["local"]["checked"] == 1
    assert scrub(site, "--all", code=0)["right"] == 1
    assert scrub(site, "--remote", "--reread", "--all", code=0)["right"] == 1
    overwrite(site, SMALL[:-1] + b"?")
    (found,) = scrub(site, "--remote", "--reread", "--all", code=1)["damaged"]
    assert found["target"] == "s3"
    site.wait_for(video_id, "delivered")
    assert site.object(site.versions()[0]) == SMALL


def test_rotten_here_and_there_is_said_plainly_and_nothing_of_it_is_served(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start("web", "worker")
    video_id = delivered(site)
    site.app.stop("worker")
    flip(file_of(site, video_id))
    overwrite(site, SMALL[:-1] + b"?")
    (item,) = scrub(site, video_id, code=1)["damaged"]
    assert item["no_copy"]
    video = shown(site, video_id)
    assert (video["local"], video["status"]) == ("damaged", "unplayable")
    assert "No good copy of it is known anywhere" in video["local_reason"]
    answer = site.content(video_id)
    assert answer.status >= 500
    assert answer.json()["success"] is False
    (damage,) = site.app.request("GET", "/api/scrub").json()["local"]["damages"]
    assert (damage["video_id"], damage["no_copy"]) == (video_id, True)
    assert "there is no good copy anywhere" in site.app.cli("doctor").stdout
    site.app.start("worker")
    wait_until(lambda: site.delivery(video_id)["error_code"] == "local-damage", "the delivery to refuse it")
    assert site.object(site.versions()[0]) == SMALL[:-1] + b"?", "nothing rotten was put over it"
    site.upload(SMALL, "again.mp4")
    site.wait_for_all(2)
    assert site.content(video_id).data == SMALL
    assert shown(site, video_id)["local"] == "present"


@pytest.mark.parametrize("content", [SMALL, BIG], ids=["one part", "three parts"])
def test_a_file_that_rots_before_it_was_ever_sent_is_not_sent(make_site: MakeSite, content: bytes) -> None:
    site = make_site()
    site.app.start("web")
    video_id = site.upload(content)
    flip(file_of(site, video_id))
    site.app.start("worker")
    assert site.wait_for(video_id, "failed")["error_code"] == "local-damage"
    assert (site.versions(), site.unfinished()) == ([], [])


def test_a_file_that_rots_between_two_attempts_is_not_sent(make_site: MakeSite) -> None:
    site = make_site()
    site.proxy.pause()
    site.app.start()
    video_id = site.upload(BIG)
    wait_until(lambda: site.delivery(video_id)["attempts"] == 1 and site.delivery(video_id)["error"], "one attempt")
    flip(file_of(site, video_id))
    site.proxy.resume()
    assert site.app.request("POST", f"/api/videos/{video_id}/deliveries/s3/retry").status == 200
    assert site.wait_for(video_id, "failed")["error_code"] == "local-damage"
    assert (site.versions(), site.unfinished()) == ([], [])


def test_a_rotten_file_never_takes_the_place_of_a_good_copy_that_was_called_damaged(make_site: MakeSite) -> None:
    """The copy looked bad for a moment, and before it is sent again the file here rots."""
    site = make_site()
    site.app.start()
    video_id = delivered(site, BIG)
    site.app.stop("worker")
    with site.ledger() as database, database.write() as session:
        session.execute(update(Delivery).values(state="damaged"))
    flip(file_of(site, video_id))
    site.app.start("worker")
    site.wait_for(video_id, "delivered")
    site.assert_one_object(BIG)
    assert scrub(site, "--all", code=1)["repaired"]
    assert site.content(video_id).data == BIG


def test_a_disk_that_cannot_read_a_file_is_told_and_the_file_is_mended(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start()
    video_id = delivered(site)
    path = file_of(site, video_id)
    strace = find_program("strace", package="strace")
    faulty = [strace, "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-e", "trace=preadv,preadv2,read"]
    # Both readings of the scrub, and the one before the file is given up; what takes its place reads well.
    eio = [f"inject={call}:error=EIO:when={when}" for call, when in (("preadv,preadv2", "1..2"), ("read", "1"))]
    done = site.app.run(
        "python", "-m", "backend", "scrub", "--all", "--json", prefix=[*faulty, "-e", eio[0], "-e", eio[1]]
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (item,) = json.loads(done.stdout)["repaired"]
    assert (item["video_id"], item["kind"]) == (video_id, "unreadable")
    assert "EIO" in item["reason"]
    assert scrub(site, "--all", code=0)["right"] == 1
    assert site.content(video_id).data == SMALL


def test_the_worker_finds_by_itself_what_rots(make_site: MakeSite) -> None:
    site = make_site({"SCRUB_DAYS": "0.00001"})
    site.app.start("web", "worker")
    video_id = delivered(site)
    site.app.stop("worker")
    flip(file_of(site, video_id))
    site.app.start("worker")  # its first look is at its start
    wait_until(lambda: " mended " in site.app.log_file.read_text(), "the repair to be told")
    assert file_of(site, video_id).read_bytes() == SMALL
    actions = [line["action"] for line in site.app.request("GET", f"/api/videos/{video_id}/audit").json()["audit"]]
    assert actions.index("scrub.repaired") < actions.index("scrub.damage"), "newest first"
