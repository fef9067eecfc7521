"""Where an upload gets its name: sound beside the videos, and everything that walks the disk knows both folders."""

from __future__ import annotations

from backend.cli.doctor_records import Comparison
from backend.disk.atomic import discard
from backend.outbox.claim import remote_key_of
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import OTHER, House

SOUND = b"ID3\x04" + bytes(range(256)) * 40


def test_sound_lands_in_music_and_videos_in_uploads(house: House) -> None:
    song, film = house.upload(SOUND, "song.mp3", project_id="p"), house.upload(OTHER, "film.mp4", project_id="p")
    assert house.video(song.video_id).relative_path.startswith("music/project_p/")
    assert house.video(film.video_id).relative_path.startswith("uploads/project_p/")
    house.check()


def test_the_remote_key_of_music_is_project_and_stored_name_too(house: House) -> None:
    video = house.video(house.upload(SOUND, "song.mp3", project_id="p").video_id)
    assert remote_key_of(video) == f"p/{video.stored_filename}"


def test_music_saved_twice_shares_its_bytes_also_with_a_file_in_uploads(house: House) -> None:
    # Content that says nothing, so that the name alone decides.
    one, two = house.place(house.upload(OTHER, "song.mp3")), house.place(house.upload(OTHER, "same.mp4"))
    assert (one.parent.parent.name, two.parent.parent.name) == ("music", "uploads")
    assert one.samefile(two)
    house.check()


def test_a_lost_catalog_gets_its_music_back(build: Build) -> None:
    lost, kept = build(), build()
    song = lost.upload(SOUND, "song.flac", project_id="p")
    (lost.services.layout.music / "project_p").rename(kept.services.layout.music / "project_p")
    assert kept.services.recovery.rebuild() == (1, [])
    assert kept.video(song.video_id).original_filename == "song.flac"
    kept.check()


def test_sweep_and_doctor_look_at_music(house: House) -> None:
    place = house.place(house.upload(SOUND, "song.mp3"))
    relative = str(place.relative_to(house.services.layout.root))
    stranger = place.with_name("stranger.mp3")
    stranger.write_bytes(b"?")
    discard(place)
    swept = house.sweep()
    assert (swept.missing, swept.unknown) == ([relative], [str(stranger.relative_to(house.services.layout.root))])
    compared = Comparison(house.services.layout, house.services.database).run()
    assert (compared.without_file, compared.unknown) == (swept.missing, swept.unknown)
