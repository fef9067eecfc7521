"""GET /api/scrub: how far everything was read again, and what is damaged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from backend.catalog.models import Video
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site


def asked(site: Site) -> schemas.Scrub:
    return schemas.Scrub.model_validate(site.call("GET", "/api/scrub", "viewer").get_json())


def test_it_counts_what_is_due_what_was_read_and_what_is_damaged(site: Site) -> None:
    assert asked(site).local.oldest_check_at is None
    ids = [site.upload(f"{n}.mp4", VIDEO + bytes([n])).get_json()["video_id"] for n in range(2)]
    with site.services.database.write() as session:
        session.execute(update(Video).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    before = asked(site).local
    assert (before.checked, before.due, before.damaged, before.last_run_at) == (0, 2, 0, None)
    video = site.call("GET", f"/api/videos/{ids[0]}").get_json()["video"]
    (Path(site.services.settings.storage_path) / video["relative_path"]).write_bytes(b"rot")
    site.services.scrubber.run_due()
    found = asked(site)
    assert (found.local.checked, found.local.damaged) == (1, 1)
    assert found.local.last_run_at is not None
    (damage,) = found.local.damages
    assert (damage.video_id, damage.kind, damage.no_copy) == (ids[0], "shortened", True)
    assert set(found.remote) == {"nas"}
    shown = site.call("GET", f"/api/videos/{ids[0]}").get_json()["video"]
    assert (shown["local"], shown["local_reason"]) == ("damaged", damage.reason)
    listed = site.call("GET", "/api/videos/list?status=unplayable").get_json()["videos"]
    assert [one["id"] for one in listed] == [ids[0]]
