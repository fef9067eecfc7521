"""Deliveries by the real program to a real S3 server: whatever is killed, stopped or lied, each file arrives once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from minio.error import S3Error

from tests.e2e.delivering import MIB, Site, timed, video_bytes
from tests.services.app import RunningApp
from tests.services.s3 import S3Server
from tests.services.s3_faults import Answer, Stall
from tests.services.waiting import wait_until

BIG = video_bytes(22 * MIB + 12345)  # five parts
SMALL = video_bytes(50_000)

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


def test_a_worker_killed_in_the_middle_of_an_upload_is_followed_by_one_that_sends_only_the_rest(
    make_site: MakeSite,
) -> None:
    site = make_site()
    site.app.start()
    stall = Stall(method="PUT", has="partNumber=4", at_bytes=MIB)
    with site.proxy.broken(stall):
        video_id = site.upload(BIG)
        assert stall.stalled.wait(30)
        wait_until(lambda: len(site.parts_sent()) >= 2, "some parts to be whole")
        site.app.kill9("worker")
    before = site.parts_sent()
    assert site.delivery(video_id)["state"] == "in_progress"
    ((key, upload_id),) = site.unfinished()
    kept = {p.part_number for p in site.client._list_parts(site.bucket, key, upload_id).parts}
    assert kept >= set(before)
    site.run_leases_out()
    site.app.start("worker")
    shown = site.wait_for(video_id, "delivered")
    assert shown["attempts"] == 2
    assert site.parts_sent() == dict.fromkeys(range(1, 6), 1), f"of which {sorted(kept)} were there"
    site.assert_one_object(BIG)


def test_a_stopped_worker_gives_its_delivery_back_at_once_and_the_next_one_goes_on(make_site: MakeSite) -> None:
    site = make_site({"STOP_SECONDS": "6"}, max_mib_per_second=4)
    site.app.start()
    (video_id, seconds) = timed(lambda: site.upload(BIG))
    assert seconds < 5, "a slow target does not slow the upload"
    moving = wait_until(
        lambda: (d := site.delivery(video_id))["bytes_per_second"] and d["bytes_sent"] > 7 * MIB and d,
        "the progress to show",
    )
    assert (moving["state"], moving["bytes_total"]) == ("in_progress", len(BIG))
    assert 0.5 * MIB < moving["bytes_per_second"] < 12 * MIB
    assert 0 < moving["seconds_left"] < 60
    _, seconds = timed(lambda: site.app.stop("worker"))
    assert seconds < 6 + 5
    shown = site.delivery(video_id)
    assert (shown["state"], shown["attempts"], shown["error"]) == ("pending", 0, None)
    before = site.parts_sent()
    assert before
    site.configure()
    site.app.start("worker")
    site.wait_for(video_id, "delivered")
    assert all(site.parts_sent()[number] == 1 for number in before)
    site.assert_one_object(BIG)


def test_a_worker_whose_target_keeps_it_waiting_stops_in_time_all_the_same(make_site: MakeSite) -> None:
    site = make_site({"STOP_SECONDS": "6"})
    site.app.start()
    stall = Stall(method="PUT", has="", at_bytes=1000)
    with site.proxy.broken(stall):
        video_id = site.upload(SMALL)
        assert stall.stalled.wait(30)
        _, seconds = timed(lambda: site.app.stop("worker"))
        assert seconds < 6 + 5
        assert site.delivery(video_id)["state"] == "pending", "given back, not left until its lease runs out"
        site.app.start("worker")
        site.wait_for(video_id, "delivered", seconds=25)
    site.assert_one_object(SMALL)


def test_a_frozen_worker_that_wakes_up_after_another_has_delivered_makes_no_second_object(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start()
    stall = Stall(method="PUT", has="partNumber=3", at_bytes=MIB)
    with site.proxy.broken(stall):
        video_id = site.upload(BIG)
        assert stall.stalled.wait(30)
        site.app.process("worker").pause()
        site.run_leases_out()
        site.second_worker()
        site.wait_for(video_id, "delivered")
    site.app.process("worker").resume()
    wait_until(lambda: "lease_lost" in site.app.log_file.read_text(), "the first worker to see it")
    assert site.delivery(video_id)["attempts"] == 2
    site.assert_one_object(BIG)


def test_two_workers_deliver_fifty_videos_each_exactly_once(make_site: MakeSite) -> None:
    site = make_site(max_concurrent=4)
    site.app.start("web")
    videos = {site.upload(video_bytes(20_000, str(n)), f"{n}.mp4"): n for n in range(50)}
    site.app.start("worker")
    site.second_worker()
    site.wait_for_all(50)
    keys = site.versions()
    assert len(keys) == len(set(keys)) == 50
    puts = Counter(r.target for r in site.proxy.requests if r.method == "PUT" and "-check" not in r.target)
    assert set(puts.values()) == {1}
    log = site.app.log_file.read_text().splitlines()
    for video_id in videos:
        steps = [line.split()[2] for line in log if video_id in line]
        assert steps.count("attempt") == steps.count("verified") == 1
    workers = {site.app.process(name).pid for name in ("worker", "worker-2")}
    assert len(workers) == 2


def test_a_target_that_is_down_from_the_start_delays_no_upload_and_gets_everything_later(make_site: MakeSite) -> None:
    site = make_site()
    with site.server.stopped():
        site.app.start()
        answered = [timed(lambda n=n: site.upload(video_bytes(20_000, str(n)), f"{n}.mp4")) for n in range(6)]
        assert max(seconds for _, seconds in answered) < 5
        wait_until(lambda: site.target()["state"] == "degraded", "the target to be paused")
        shown = site.target()
        assert shown["backlog"]["count"] == 6
        assert "refused the connection" in shown["reason"] or "broke the connection" in shown["reason"]
        assert {site.delivery(v)["state"] for v, _ in answered} == {"pending"}
        assert all(site.content(v).status == 200 for v, _ in answered), "saved is saved"
    site.wait_for_all(6)
    assert len(site.versions()) == 6
    assert site.target()["state"] == "up"


def test_a_target_that_says_yes_and_holds_nothing_never_counts_as_delivered(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start()
    lie = Answer(method="PUT", has=site.bucket + "/", times=0, status=200, headers={"ETag": '"00"'})
    with site.proxy.broken(lie):
        videos = [site.upload(video_bytes(20_000, str(n)), f"{n}.mp4") for n in range(5)]
        wait_until(lambda: site.target()["state"] != "up", "the target to be paused")
        for shown in map(site.delivery, videos):
            assert shown["state"] in ("pending", "in_progress")
            assert shown["verified_at"] is None
        assert "reading back says otherwise" in site.app.log_file.read_text()
        assert " verified " not in site.app.log_file.read_text()
        # But for what a check of the target may have there just now.
        assert [key for key in site.versions() if not key.startswith(".holdfast-check/")] == []
    assert site.app.request("POST", "/api/targets/s3/check").json()["ok"]
    site.wait_for_all(5)
    # The worker's own probe may just be at it, and removes what it wrote.
    wait_until(lambda: len(site.versions()) == 5, "one copy of each and nothing else")


def test_wrong_credentials_park_the_target_with_words_and_right_ones_set_everything_free(make_site: MakeSite) -> None:
    site = make_site(secret_key="wrong-secret")
    site.app.start()
    video_id = site.upload(SMALL)
    wait_until(lambda: site.target()["state"] == "parked", "the target to be parked")
    shown = site.wait_for(video_id, "parked")
    for words in (shown["error"], site.target()["reason"]):
        assert "does not accept the secret key. Correct access_key and secret_key" in words
        assert "wrong-secret" not in words
    site.app.stop("worker")
    site.configure()
    site.app.start("worker")
    site.wait_for(video_id, "delivered")
    site.assert_one_object(SMALL)


def test_a_bucket_that_is_deleted_in_the_middle_of_an_upload_is_made_again_and_filled(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start()
    stall = Stall(method="PUT", has="partNumber=4", at_bytes=MIB)
    with site.proxy.broken(stall):
        video_id = site.upload(BIG)
        assert stall.stalled.wait(30)
        for key, upload_id in site.unfinished():
            with suppress(S3Error):
                site.client._abort_multipart_upload(site.bucket, key, upload_id)
        site.client.remove_bucket(bucket_name=site.bucket)
    site.wait_for(video_id, "delivered", seconds=60)
    site.assert_one_object(BIG)


def test_local_bytes_go_only_while_the_copy_is_good_and_come_back_checked(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start()
    video_id = site.upload(SMALL)
    site.wait_for(video_id, "delivered")
    local = site.sidecar(video_id).with_suffix("")
    (key,) = site.versions()
    # Somebody changed the copy since it was verified.
    site.client.fput_object(bucket_name=site.bucket, object_name=key, file_path=str(_other(site)))
    refused = site.app.cli("cleanup-exec", "0", "--yes", "--json")
    (judged,) = json.loads(refused.stdout)
    assert "s3 no longer has it" in json.dumps(judged)
    assert local.read_bytes() == SMALL
    # The ledger noticed, and mends it by itself.
    site.wait_for(video_id, "delivered")
    assert site.object(key) == SMALL
    assert site.app.cli("cleanup-exec", "0", "--yes").returncode == 0
    assert not local.exists()
    assert site.app.request("GET", f"/api/videos/{video_id}").json()["video"]["status"] == "remote-only"
    gets = _reads(site)
    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(lambda _: site.content(video_id), range(6)))
    assert {answer.data for answer in answers} == {SMALL}
    assert _reads(site) - gets == 1, "six asked, one fetched"
    assert local.read_bytes() == SMALL
    # Gone again, and now the only copy is bad: it is never served.
    assert site.app.cli("cleanup-exec", "0", "--yes").returncode == 0
    site.client.fput_object(bucket_name=site.bucket, object_name=key, file_path=str(_other(site)))
    answer = site.content(video_id)
    assert answer.status >= 500
    assert "not what was saved" in answer.json()["error"]
    assert not local.exists()
    assert site.delivery(video_id)["state"] == "damaged"


def _other(site: Site) -> Any:
    path = site.app.home / "other.bin"
    path.write_bytes(SMALL[:-1] + b"x")
    return path


def _reads(site: Site) -> int:
    return sum(r.method == "GET" and r.target.endswith(".mp4") for r in site.proxy.requests)


def test_a_kill_between_ledger_and_sidecar_costs_one_look_after_a_rebuild_and_no_second_object(
    make_site: MakeSite,
) -> None:
    site = make_site()
    site.app.start("web")
    video_id = site.upload(SMALL)
    sidecar = site.sidecar(video_id)
    before = sidecar.read_bytes()
    site.app.start("worker")
    site.wait_for(video_id, "delivered")
    wait_until(lambda: '"delivered"' in sidecar.read_text(), "the sidecar to follow")
    site.app.stop()
    sidecar.write_bytes(before)
    for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (site.app.storage_path / "metadata" / name).unlink(missing_ok=True)
    rebuilt = site.app.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert site.app.release().returncode == 0  # the admin's token was in the catalog
    site.app.start()
    site.wait_for(video_id, "delivered")
    wait_until(lambda: '"delivered"' in sidecar.read_text(), "the sidecar to follow")
    site.assert_one_object(SMALL)


def test_a_deleted_video_takes_its_copy_along_where_that_is_wanted(make_site: MakeSite) -> None:
    site = make_site({"TRASH_DAYS": "0"}, on_delete="delete")
    site.app.start()
    gone, kept = site.upload(SMALL), site.upload(video_bytes(30_000, "kept"))
    site.wait_for_all(2)
    assert site.app.request("DELETE", f"/api/videos/{gone}").status == 200
    site.app.stop("worker")
    site.app.start("worker")  # looks into the trash at its start, and then every minute
    wait_until(
        lambda: len(list(site.client.list_objects(site.bucket, recursive=True))) == 1, "the copy to go", seconds=45
    )
    assert site.content(kept).data == video_bytes(30_000, "kept")
    assert site.content(gone).status == 404


def test_a_target_that_was_removed_or_disabled_keeps_its_rows_and_breaks_nothing(make_site: MakeSite) -> None:
    site = make_site()
    site.app.start("web")
    video_id = site.upload(SMALL)
    site.app.stop()
    site.configure(enabled=False)
    site.start_all()
    shown = site.target()
    assert (shown["enabled"], shown["state"], shown["backlog"]["count"]) == (False, "paused", 1)
    assert "disabled" in shown["reason"]
    site.app.stop()
    nas = site.app.home / "nas"
    nas.mkdir()
    site.write_targets(f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{nas}"\n')
    site.start_all()
    new = site.upload(video_bytes(30_000, "new"))
    wait_until(lambda: site.delivery(new, "nas")["state"] == "delivered", "the new target to get the new video")
    left = site.delivery(video_id)
    assert (left["state"], left["kind"]) == ("pending", None)
    assert [t["name"] for t in site.app.request("GET", "/api/targets").json()["targets"]] == ["nas"]
    site.app.stop()
    site.configure()
    site.app.start()
    site.wait_for(video_id, "delivered")
