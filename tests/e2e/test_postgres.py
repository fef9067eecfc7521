"""The same program on PostgreSQL: several workers over one catalog, and a catalog that goes away for a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.delivering import MIB, Site, video_bytes
from tests.services.app import RunningApp
from tests.services.postgres import PostgresServer
from tests.services.s3 import S3Server
from tests.services.s3_faults import Stall
from tests.services.waiting import wait_until

pytestmark = pytest.mark.executed

BIG = video_bytes(22 * MIB + 12345)  # five parts


@pytest.fixture
def site(
    running_app: Callable[..., RunningApp], s3_server: S3Server, postgres_server: PostgresServer
) -> Iterator[Site]:
    made = Site.make(running_app, s3_server, {"DATABASE_URL": postgres_server.fresh_database()}, max_concurrent=4)
    yield made
    made.close()


def test_saving_listing_and_delivering_work_as_on_sqlite(site: Site) -> None:
    site.start_all()
    video_id = site.upload(BIG, "Ferien “am Meer” 🏖.mp4", tags="b,a")
    site.wait_for(video_id, "delivered")
    site.assert_one_object(BIG)
    assert site.content(video_id).data == BIG
    shown = site.app.request("GET", f"/api/videos/{video_id}").json()["video"]
    assert (shown["original_filename"], shown["tags"]) == ("Ferien “am Meer” 🏖.mp4", ["b", "a"])
    assert site.app.cli("cleanup-exec", "0", "--yes").returncode == 0
    assert site.content(video_id).data == BIG
    assert site.app.request("GET", "/readyz").status == 200


def test_workers_that_are_killed_and_started_at_random_lose_and_double_nothing(site: Site) -> None:
    site.app.start("web")
    videos = [site.upload(video_bytes(20_000, str(n)), f"{n}.mp4") for n in range(40)]
    site.app.start("worker")
    site.second_worker()
    for name in ("worker", "worker-2"):
        arrived = len(site.versions())
        wait_until(lambda n=arrived: len(site.versions()) > n, "some more to arrive")  # type: ignore[misc]
        site.app.kill9(name)
        site.run_leases_out(name)
        site.app.process(name).start()
    site.wait_for_all(len(videos))
    assert set(Counter(site.versions()).values()) == {1}
    assert len(site.versions()) == len(videos)


def test_a_catalog_that_goes_away_in_the_middle_of_an_upload_costs_neither_part_nor_object(
    site: Site, postgres_server: PostgresServer
) -> None:
    site.start_all()
    stall = Stall(method="PUT", has="partNumber=4", at_bytes=MIB)
    with site.proxy.broken(stall):
        video_id = site.upload(BIG)
        assert stall.stalled.wait(30)
        postgres_server.kill9()
        wait_until(lambda: "beat_failed" in site.app.log_file.read_text(), "the worker to notice")
    wait_until(lambda: len(site.parts_sent()) == 5, "the rest to be sent without the catalog")
    postgres_server.start()
    site.wait_for(video_id, "delivered")
    assert set(site.parts_sent().values()) == {1}
    site.assert_one_object(BIG)


def test_a_catalog_that_is_away_for_longer_than_a_lease_makes_no_second_object(
    site: Site, postgres_server: PostgresServer
) -> None:
    site.start_all()
    stall = Stall(method="PUT", has="partNumber=4", at_bytes=MIB)
    with site.proxy.broken(stall):
        video_id = site.upload(BIG)
        assert stall.stalled.wait(30)
        with postgres_server.stopped():
            refused = site.app.request(
                "POST", "/api/upload-video", fields={"video": ("b.mp4", BIG[:9999], "video/mp4")}
            )
            assert refused.status == 503
            assert "database" in refused.json()["error"].lower()
        site.run_leases_out()
        site.second_worker()
        site.wait_for(video_id, "delivered")
    site.assert_one_object(BIG)
