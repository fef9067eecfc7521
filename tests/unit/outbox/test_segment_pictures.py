"""Pictures of segments in their bucket: sent once and read back, tried again, and gone with their segment."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from backend.catalog import media
from backend.catalog.media import PICTURES, SHORT, Planned
from backend.catalog.models import MediaState, Segment, Video
from backend.errors import PermanentFailure, TransientFailure
from backend.outbox.clock import instant
from backend.outbox.segment_pictures import PictureBucket, PictureCourier, open_picture_bucket
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, failing

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
PICTURE = b"\xff\xd8\xff a picture"


@pytest.fixture
def ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger(TRASH_DAYS="0")


@pytest.fixture
def store() -> MemoryTarget:
    return MemoryTarget("minio")


@pytest.fixture
def courier(ledger: Ledger, store: MemoryTarget) -> PictureCourier:
    return PictureCourier(ledger.database, ledger.services.layout, ledger.services.log, PictureBucket("minio", store))


def record(ledger: Ledger, state: MediaState = MediaState.READY, picture: str = "thumbnail.jpg") -> str:
    video_id = ledger.add(camera_id=CAMERA, start_time="2025-01-23T10:00:00Z", end_time="2025-01-23T11:00:00Z")
    with ledger.database.write() as session:
        video = session.get_one(Video, video_id)
        video.media_state = state
        if picture:
            made = {"thumbnail": {"file": picture}, "storyboard": None}
            media.adopt(video, [(Planned(PICTURES, SHORT, 1), made)], instant(session))
    folder = ledger.services.layout.pictures_of(ledger.video(video_id).relative_path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "thumbnail.jpg").write_bytes(PICTURE)
    return video_id


def row(ledger: Ledger, video_id: str) -> Segment:
    with ledger.database.read() as session:
        return session.scalars(select(Segment).where(Segment.video_id == video_id)).one()


def bring_forward(ledger: Ledger, video_id: str) -> None:
    """As if the wait were over; what is settled stays so."""
    waits = (Segment.video_id == video_id, Segment.thumbnail_next_at.is_not(None))
    with ledger.database.write() as session:
        session.execute(update(Segment).where(*waits).values(thumbnail_next_at=Segment.created_at))


def test_a_picture_is_sent_once_under_its_camera_and_told(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget
) -> None:
    video_id = record(ledger)
    assert courier.run_due() == 1
    key = f"{CAMERA}/{video_id}.jpg"
    assert store.objects == {key: PICTURE}
    assert (row(ledger, video_id).thumbnail_key, row(ledger, video_id).thumbnail_next_at) == (key, None)
    assert courier.run_due() == 0
    assert store.puts == [key]


def test_what_is_not_made_yet_is_waited_for_and_what_never_comes_is_not(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget
) -> None:
    later, never = record(ledger, MediaState.WORKING, ""), record(ledger, MediaState.UNPLAYABLE, "")
    assert courier.run_due() == 1
    assert row(ledger, never).thumbnail_next_at is None
    waits_until = row(ledger, later).thumbnail_next_at
    assert waits_until is not None
    assert waits_until > row(ledger, later).created_at
    assert store.puts == []


@pytest.mark.parametrize("trouble", ["away", "lies", "refuses"])
def test_what_fails_comes_again_later(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget, trouble: str
) -> None:
    video_id = record(ledger)
    errors = {"away": TransientFailure("It is away."), "refuses": PermanentFailure("Not this one.")}
    store.lies = trouble == "lies"
    store.on_put = failing(errors[trouble]) if trouble in errors else None
    assert courier.run_due() == 0
    assert row(ledger, video_id).thumbnail_key == ""
    store.lies, store.on_put = False, None
    bring_forward(ledger, video_id)
    courier._rests_until = 0.0
    assert courier.run_due() == 1
    assert row(ledger, video_id).thumbnail_key != ""


def test_a_bucket_that_is_away_is_asked_once_and_then_left_alone(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget
) -> None:
    record(ledger), record(ledger)
    store.on_put = failing(TransientFailure("It is away."))
    courier.run_due()
    courier.run_due()
    assert len(store.puts) == 1


def test_the_picture_goes_with_its_segment(ledger: Ledger, courier: PictureCourier, store: MemoryTarget) -> None:
    video_id = record(ledger)
    courier.run_due()
    ledger.services.trash.throw_away(video_id, "ann")
    courier.run_due()
    assert len(store.objects) == 1  # the trash is not the end
    assert ledger.services.trash.purge_due() == 1
    assert courier.run_due() == 1
    assert store.objects == {}
    assert row(ledger, video_id).thumbnail_key == ""


def test_a_segment_that_is_purged_while_its_picture_is_sent_leaves_none(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget
) -> None:
    video_id = record(ledger)

    def purge(*_: object) -> None:
        ledger.services.trash.throw_away(video_id, "ann")
        ledger.services.trash.purge_due()

    store.on_put = purge
    courier.run_due()
    store.on_put = None
    courier.run_due()
    assert store.objects == {}
    assert row(ledger, video_id).thumbnail_next_at is None


def test_what_another_worker_has_in_hand_is_left_to_it(
    ledger: Ledger, courier: PictureCourier, store: MemoryTarget
) -> None:
    record(ledger)
    other = PictureCourier(ledger.database, ledger.services.layout, ledger.services.log, courier.bucket)
    store.on_put = lambda *_: None if other.run_due() == 0 else pytest.fail("sent twice")
    assert courier.run_due() == 1


def test_without_such_a_bucket_nothing_is_sent(ledger: Ledger) -> None:
    record(ledger)
    assert open_picture_bucket(ledger.services.places) is None
    nowhere = PictureCourier(ledger.database, ledger.services.layout, ledger.services.log, None)
    assert nowhere.run_due() == 0
