"""The hot copy under the real ledger: read by another process, skipped when too large, gone without being damage."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.catalog.describe import describe_delivery
from backend.errors import TargetParked, TransientFailure, Unsupported
from backend.intake.receive import Caller
from backend.outbox.erase import Eraser
from backend.outbox.places import Place
from backend.retention import policy
from backend.retention.facts import facts_of
from backend.storage import RedisVideoStorage
from backend.targets.base import Expected, RemoteCopy, Verdict
from backend.targets.config_table import read_table
from backend.targets.registry import build_target
from tests.contract.conftest import Video
from tests.contract.places import target_of
from tests.contract.redis_place import RedisPlace
from tests.contract.transfers import Told
from tests.services.ledger import VIDEO, Ledger, folder_place
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

_ROOT = Path(__file__).resolve().parents[2]
_READER = """
import hashlib, json, sys
from backend.storage import RedisVideoStorage
with RedisVideoStorage(url=sys.argv[1], prefix=sys.argv[2]) as storage:
    (found,) = storage.search_by_timestamp_range()
    data = storage.retrieve_video(found["key"])
    print(json.dumps({**found, "read": hashlib.sha256(data).hexdigest()}))
"""


@pytest.fixture
def hot(redis_server: RedisServer) -> Iterator[RedisPlace]:
    made = RedisPlace(redis_server)
    yield made
    made.close()


def place_of(hot: RedisPlace, **options: Any) -> Place:
    problems: list[str] = []
    config = read_table({**hot.table(), **options}, "test", problems)
    assert config is not None, problems
    return Place(config, build_target(config))


@pytest.fixture
def ledger(tmp_path: Path, hot: RedisPlace) -> Iterator[Ledger]:
    made = Ledger.fresh(tmp_path / "home", f"sqlite:///{tmp_path / 'catalog.db'}", place_of(hot), TRASH_DAYS="0")
    yield made
    made.services.close()


def delivered(ledger: Ledger, state: str = "delivered") -> str:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for(state, 1, "hot")
    return video_id


def say(ledger: Ledger, video_id: str, **words: Any) -> None:
    ledger.services.editor.revise(video_id, Caller("test", "Ann"), lambda _: words)


def send_again(ledger: Ledger, video_id: str) -> None:
    sent = ledger.delivery(video_id, "hot").attempts
    ledger.services.desk.retry(video_id, "hot")
    with ledger.worker():
        wait_until(lambda: ledger.delivery(video_id, "hot").attempts > sent, "it to be sent again")
        ledger.wait_for("delivered", 1, "hot")


def storage_of(hot: RedisPlace) -> RedisVideoStorage:
    return RedisVideoStorage(url=hot.table()["url"], prefix=hot.prefix)


def test_a_delivered_video_is_read_by_its_id_in_another_process(ledger: Ledger, hot: RedisPlace) -> None:
    video_id = delivered(ledger)
    command = [sys.executable, "-c", _READER, hot.table()["url"], hot.prefix]
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(done.stdout)
    video = ledger.video(video_id)
    assert found["key"] == video_id
    assert found["read"] == found["sha256"] == video.sha256
    assert (found["filename"], found["video_size_bytes"]) == ("a.mp4", len(VIDEO))
    assert {"stored_at", "updated_at", "mime_type", "tags"} <= found.keys()


def test_readers_find_it_by_its_tags_with_its_title_as_they_are_when_it_is_sent(
    ledger: Ledger, hot: RedisPlace
) -> None:
    video_id = ledger.add()
    say(ledger, video_id, title="Gate, north", tags=("gate", "snow"))
    with ledger.worker():
        ledger.wait_for("delivered", 1, "hot")
    with storage_of(hot) as storage:
        (found,) = storage.search_by_tags(["snow"])
        assert (found["key"], found["title"], found["tags"]) == (video_id, "Gate, north", ["gate", "snow"])
        say(ledger, video_id, title="Gate", tags=("gate",))
        send_again(ledger, video_id)
        assert storage.search_by_tags(["snow"]) == []
        assert (storage.get_video(video_id) or {})["title"] == "Gate"


@pytest.mark.parametrize("loss", ["its time is over", "redis lost it"])
def test_a_copy_that_is_gone_is_sent_again_when_somebody_asks(ledger: Ledger, hot: RedisPlace, loss: str) -> None:
    if loss == "its time is over":
        ledger.set_places(place_of(hot, ttl_hours=0.001))
    video_id = delivered(ledger)
    if loss == "its time is over":
        wait_until(lambda: hot.objects() == {}, "its time to be over")
    else:
        hot.lose(ledger.delivery(video_id, "hot").remote_key)
    before = ledger.delivery(video_id, "hot").proof["expires_at"]
    send_again(ledger, video_id)
    after = ledger.delivery(video_id, "hot").proof["expires_at"]
    assert after > before
    assert after.endswith("Z")


def test_what_is_there_and_right_is_not_sent_again(ledger: Ledger, hot: RedisPlace) -> None:
    video_id = delivered(ledger)
    before = hot.mark()
    send_again(ledger, video_id)
    assert hot.mark() == before


def test_when_its_time_is_over_it_stays_delivered_and_says_until_when_it_was_there(
    ledger: Ledger, hot: RedisPlace
) -> None:
    ledger.set_places(place_of(hot, ttl_hours=0.001))
    video_id = delivered(ledger)
    shown = describe_delivery(ledger.delivery(video_id, "hot"), ledger.video(video_id))
    ends = datetime.fromisoformat(shown["expires_at"])
    assert timedelta(0) < ends - datetime.fromisoformat(shown["verified_at"]) <= timedelta(seconds=4)
    wait_until(lambda: hot.objects() == {}, "its time to be over")
    delivery, video = ledger.delivery(video_id, "hot"), ledger.video(video_id)
    copy = RemoteCopy(delivery.remote_key, delivery.proof)
    target = ledger.services.places.get("hot").target
    assert target.verify(Expected(video.size_bytes, video.sha256), copy).verdict is Verdict.MISSING
    assert ledger.reverifier().run_due("hot") == []
    ledger.prune(video_id)
    with pytest.raises(TransientFailure, match="does not hold"):
        ledger.services.restorer.restore(video_id)
    assert ledger.states("hot") == ["delivered"]


def test_it_never_counts_as_a_copy(ledger: Ledger, hot: RedisPlace, tmp_path: Path) -> None:
    ledger.set_places(place_of(hot), folder_place(tmp_path / "nas"))
    video_id = delivered(ledger)
    copies = facts_of(ledger.video(video_id), ledger.services.places, (), datetime.now(UTC)).copies or {}
    assert "hot" not in policy.counted(copies)
    assert ledger.services.places.required == {"nas"}


def test_what_is_too_large_is_skipped_in_words(ledger: Ledger, hot: RedisPlace) -> None:
    ledger.set_places(place_of(hot, max_video_size_mb=0.001))
    big = ledger.add(VIDEO * 2000)
    with ledger.worker():
        ledger.wait_for("skipped", 1, "hot")
    assert "hot takes at most 0.001. Raise its max_video_size_mb" in ledger.delivery(big, "hot").error
    assert hot.objects() == {}


def test_the_smaller_of_both_limits_holds(hot: RedisPlace, video: Video) -> None:
    target = hot.target(max_memory_mb=12.0, max_video_size_mb=100)
    with pytest.raises(Unsupported, match="at most 12"):
        target.put(video.source, "project_a/a.mp4", Told())


@pytest.mark.parametrize(("on_delete", "left"), [("keep", 1), ("delete", 0)])
def test_a_deleted_video_goes_there_too_if_that_is_wished(
    ledger: Ledger, hot: RedisPlace, on_delete: str, left: int
) -> None:
    ledger.set_places(place_of(hot, on_delete=on_delete))
    video_id = delivered(ledger)
    ledger.services.trash.throw_away(video_id, "ann")
    assert ledger.services.trash.purge_due() == 1
    s = ledger.services
    Eraser(s.database, s.layout, s.places, s.log).erase_due()
    with storage_of(hot) as storage:
        assert len(storage) == left
    assert len(hot.objects()) == left


def test_a_server_that_may_throw_away_indexes_is_told_of(redis_server: RedisServer, hot: RedisPlace) -> None:
    before = hot.client.config_get("maxmemory-policy")["maxmemory-policy"]
    hot.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        report = hot.target().check()
    finally:
        hot.client.config_set("maxmemory-policy", before)
    assert not report.ok
    assert report.needs_person
    assert "Set maxmemory-policy noeviction" in report.message


def test_a_full_server_waits_for_a_person_and_goes_on_then(hot: RedisPlace, video: Video) -> None:
    hot.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(TargetParked, match="is full"):
            hot.target().put(video.source, "project_a/a.mp4", Told())
    finally:
        hot.client.config_set("maxmemory", 0)
    assert hot.leftovers() == []
    hot.target().put(video.source, "project_a/a.mp4", Told())
    assert hot.objects() == {"project_a/a.mp4": video.content}


def test_a_server_that_does_not_answer_in_time_is_left_and_tried_again(
    redis_server: RedisServer, hot: RedisPlace
) -> None:
    target = hot.target(timeout_seconds=0.3)
    redis_server.pause()
    over = threading.Timer(20, redis_server.resume)  # should the target hang
    over.start()
    try:
        report = target.check()
    finally:
        over.cancel()
        redis_server.resume()
    assert not report.ok
    assert "did not answer in time" in report.message


def test_a_password_is_in_no_message(hot: RedisPlace, redis_server: RedisServer) -> None:
    url = redis_server.url.replace("//", "//user:s3cr3t@")
    target = target_of({**hot.table(), "url": url})
    report = target.check()
    assert not report.ok
    assert "s3cr3t" not in f"{report} {target!r}"
    problems: list[str] = []
    assert read_table({**hot.table(), "url": "http://user:s3cr3t@x"}, "test", problems) is None
    assert "no address of Redis" in problems[0]
    assert "s3cr3t" not in problems[0]
