"""What looks alike, over HTTP: its shape, how far the search is, and nothing of what the caller may not see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from backend.catalog import tokens
from backend.catalog.fingerprints import VERSION
from backend.web import schemas
from tests.services.media_site import FACTS
from tests.unit.web.conftest import Site
from tests.unit.web.making import Shown, ready, upload


def compared(shown: Shown, seed: int, count: int = 20) -> Shown:
    """As the worker leaves a video whose frames are these."""
    frames = np.random.default_rng(seed).integers(0, 256, (40, 32), np.uint8)[:count]
    raw = frames.tobytes() + b"\x64" * count
    result = {
        "file": "fingerprint.bin", "frames": count, "interval_seconds": 0.5, "version": VERSION, "reason": None,
        "keyframes": False,
    }  # fmt: skip
    shown.make("fingerprint", result, {"fingerprint.bin": raw})
    shown.site.services.likeness.take(shown.id, shown.folder("fingerprint"), result)
    return shown


def similar(shown: Shown, who: str = "viewer", query: str = "", **options: Any) -> dict[str, Any]:
    answer = shown.site.call("GET", shown.path(f"similar{query}"), who, **options)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    TypeAdapter(schemas.Similar).validate_python(found, strict=True)
    return found


def test_both_videos_tell_of_each_other(site: Site) -> None:
    whole, clip = compared(ready(site), 1), compared(ready(site), 1, 10)
    found = similar(clip)
    assert (found["state"], found["reason"]) == ("ready", None)
    (other,) = found["similar"]
    assert other["video"]["id"] == whole.id
    assert other["video"]["thumbnail"]["file"] == "thumbnail.jpg"
    assert (other["share_of_this"], other["share_of_other"]) == (1.0, 0.5)
    assert other["ranges"] == [{"this": [0.0, 5.0], "other": [0.0, 5.0]}]
    (back,) = similar(whole)["similar"]
    assert (back["share_of_this"], back["share_of_other"]) == (0.5, 1.0)
    video = site.call("GET", f"/api/videos/{whole.id}").get_json()["video"]
    assert video["looks_alike"] == 1
    assert "looks_alike" not in site.call("GET", "/api/videos/list").get_json()["videos"][0]


def test_the_most_alike_comes_first_and_as_many_as_are_wanted(site: Site) -> None:
    asked = compared(ready(site), 1)
    for count in (5, 15, 10):
        compared(ready(site), 1, count)
    shares = [each["share_of_this"] for each in similar(asked)["similar"]]
    assert len(shares) == 3
    assert len(similar(asked, query="?limit=2")["similar"]) == 2
    assert site.call("GET", asked.path("similar?limit=0"), "viewer").status_code == 422


def test_projects_that_a_token_may_not_see_are_not_told_of(site: Site) -> None:
    ours, theirs = upload(site, project_id="ours"), upload(site, "other.mp4", project_id="theirs")
    for shown in (ours, theirs):
        shown.make("probe", FACTS)
        compared(shown, 1)
    with site.services.database.write() as session:
        _, secret = tokens.create(session, "limited", "viewer", ["ours"])
    limited = {"headers": {"Authorization": f"Bearer {secret}"}}
    answer = site.call("GET", ours.path("similar"), None, **limited).get_json()
    assert answer["similar"] == []
    assert site.call("GET", f"/api/videos/{ours.id}", None, **limited).get_json()["video"]["looks_alike"] == 0
    assert site.call("GET", theirs.path("similar"), None, **limited).status_code == 404
    assert len(similar(ours)["similar"]) == 1
    site.call("DELETE", f"/api/videos/{theirs.id}")
    assert similar(ours)["similar"] == []


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        ({}, "waiting", "before videos were compared"),
        ({"video_codec": ""}, "none", "sound only"),
        ({"duration_seconds": 0.04}, "none", "too short"),
    ],
)
def test_what_has_no_job_says_why(site: Site, facts: dict[str, Any], state: str, words: str) -> None:
    found = similar(ready(site, **facts))
    assert found["state"] == state
    assert words in found["reason"]


def test_how_far_it_is_follows_the_job(site: Site) -> None:
    fresh = upload(site)
    assert similar(fresh)["state"] == "waiting"
    shown = ready(site)
    job = shown.plan("fingerprint")
    assert similar(shown)["state"] == "waiting"
    listed = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]
    assert (listed["status"], listed["media"]["jobs"]) == ("ready", []), "nobody waits for it"
    shown.end(job, "over-limit", "It took too long.")
    assert (similar(shown)["state"], similar(shown)["reason"]) == ("none", "It took too long.")
    short = ready(site)
    short.make("fingerprint", {"frames": 0, "version": VERSION, "reason": "It is too short to be compared."})
    assert (similar(short)["state"], similar(short)["reason"]) == ("none", "It is too short to be compared.")


def test_an_unknown_video_is_not_found(site: Site) -> None:
    assert site.call("GET", "/api/videos/nobody/similar", "viewer").status_code == 404
