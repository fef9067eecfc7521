"""What the sweep and the rebuild leave in the audit."""

from __future__ import annotations

from sqlalchemy import delete

from backend.actor import Actor, acting
from backend.catalog.audit_list import Asked, every
from backend.catalog.models import Video
from tests.unit.intake.house import OTHER, VIDEO, House


def forget(house: House, video_id: str) -> None:
    """As if the save's transaction had not happened; its line stays, as nothing takes lines away."""
    with house.services.database.write() as session:
        session.execute(delete(Video).where(Video.id == video_id))


def saved(house: House, content: bytes = VIDEO, name: str = "a.mp4") -> Video:
    return house.video(house.upload(content, name).video_id)


def test_what_a_sweep_lists_is_written_down_as_nobodys_doing_and_a_rebuild_in_one_line(house: House) -> None:
    database = house.services.database
    with acting(Actor("t-ann", "ann")):
        video = saved(house)
        forget(house, video.id)
        house.sweep()
    first, adopted = every(database, Asked(video_id=video.id))
    assert (first.who, first.action, adopted.who, adopted.action) == ("ann", "video.saved", "Holdfast", "video.saved")
    assert (adopted.what["adopted"], adopted.what["by"]) == (True, "ann")
    other = saved(house, OTHER, "b.mp4")
    for video_id in (video.id, other.id):
        forget(house, video_id)
    house.services.recovery.rebuild()
    assert [(line.action, line.what) for line in every(database, Asked())][3:] == [("catalog.rebuilt", {"videos": 2})]
