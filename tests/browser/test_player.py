"""The player: playing, seeking with pictures, speed, keys; and what it says when it cannot."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.shelf import Shelf


def slider(player: Locator) -> Locator:
    return player.get_by_role("slider", name="Place in the video")


def element(shelf: Shelf, name: str) -> object:
    return shelf.page.evaluate(f"document.querySelector('.player :is(video, audio)').{name}")


def wait_for(shelf: Shelf, condition: str) -> None:
    """Until this is true of the media element `media`."""
    shelf.page.wait_for_function(
        f"() => {{ const media = document.querySelector('.player :is(video, audio)'); return media && ({condition}); }}"
    )


def test_it_plays_pauses_and_tells_the_place_in_words(shelf: Shelf) -> None:
    player = shelf.open(shelf.put()).get_by_role("region", name="Player")
    expect(slider(player)).to_have_attribute("aria-valuetext", "0 seconds of 12 seconds")
    player.get_by_role("button", name="Play", exact=True).click()
    wait_for(shelf, "media.currentTime > 1")
    player.get_by_role("button", name="Pause", exact=True).click()
    wait_for(shelf, "media.paused")
    expect(slider(player)).to_have_attribute("aria-valuetext", "1 second of 12 seconds")
    expect(player.locator(".player-clock")).to_have_text("0:01 / 0:12")


def test_opened_to_play_it_plays_and_the_focus_is_on_pause(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(), autoplay=True)
    wait_for(shelf, "!media.paused && media.currentTime > 0")
    expect(details.get_by_role("button", name="Pause", exact=True)).to_be_focused()


def test_the_pointer_on_the_seek_bar_shows_the_picture_and_the_time_of_its_place(shelf: Shelf) -> None:
    player = shelf.open(shelf.put())
    bar = slider(player)
    box = bar.bounding_box()
    assert box
    bar.hover(position={"x": box["width"] * 5.5 / 12, "y": box["height"] / 2})
    # The sixth second: the second picture of the second line.
    expect(player.locator(".seek-picture")).to_have_attribute(
        "data-tile", "/api/videos/shelf-film/storyboard/0.jpg#xywh=160,90,160,90"
    )
    expect(player.locator(".seek-time")).to_have_text("0:05")
    shelf.page.mouse.down()
    wait_for(shelf, "Math.abs(media.currentTime - 5.5) < 0.2")
    shelf.page.mouse.move(box["x"] + box["width"] + 200, box["y"])
    wait_for(shelf, "media.currentTime === media.duration")
    shelf.page.mouse.up()


def test_the_keyboard_seeks_by_five_seconds_and_sees_where_it_goes(shelf: Shelf) -> None:
    player = shelf.open(shelf.put())
    wait_for(shelf, "media.readyState >= 1")
    player.get_by_role("heading", level=2).focus()
    while not slider(player).evaluate("bar => bar === document.activeElement"):
        shelf.page.keyboard.press("Tab")
    shelf.page.keyboard.press("ArrowRight")
    expect(slider(player)).to_have_attribute("aria-valuetext", "5 seconds of 12 seconds")
    expect(player.locator(".seek-picture")).to_have_attribute(
        "data-tile", "/api/videos/shelf-film/storyboard/0.jpg#xywh=160,90,160,90"
    )
    shelf.page.keyboard.press("End")
    expect(slider(player)).to_have_attribute("aria-valuenow", "12")
    shelf.page.keyboard.press("ArrowDown")
    expect(slider(player)).to_have_attribute("aria-valuenow", "7")
    shelf.page.keyboard.press("Home")
    expect(slider(player)).to_have_attribute("aria-valuenow", "0")


def test_keys_work_from_the_panels_heading_and_never_from_a_field(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    wait_for(shelf, "media.readyState >= 1")
    expect(details.get_by_role("heading", level=2)).to_be_focused()
    shelf.page.keyboard.press("ArrowRight")
    wait_for(shelf, "media.currentTime === 5")
    shelf.page.keyboard.press("m")
    wait_for(shelf, "media.muted")
    shelf.page.keyboard.press(">")
    wait_for(shelf, "media.playbackRate === 1.25")
    details.get_by_label("Title").focus()
    shelf.page.keyboard.type("m k 5")
    expect(details.get_by_label("Title")).to_have_value("m k 5")
    assert (element(shelf, "muted"), element(shelf, "paused"), element(shelf, "currentTime")) == (True, True, 5)


def test_single_letters_can_be_turned_off_outside_of_the_player(shelf: Shelf) -> None:
    shelf.page.evaluate("localStorage.setItem('holdfast.single-keys', 'off')")
    shelf.page.reload()
    shelf.page.get_by_role("main").wait_for()
    details = shelf.open(shelf.put())
    wait_for(shelf, "media.readyState >= 1")
    details.get_by_role("heading", level=2).press("m")
    details.get_by_role("heading", level=2).press("ArrowRight")
    wait_for(shelf, "media.currentTime === 5 && !media.muted")
    details.get_by_role("button", name="Play", exact=True).press("m")
    wait_for(shelf, "media.muted")


def test_comma_and_point_go_by_single_pictures(shelf: Shelf) -> None:
    shelf.open(shelf.put())
    wait_for(shelf, "media.readyState >= 2")
    for key, frame in ((".", 1), (".", 2), (".", 3), (",", 2)):
        shelf.page.keyboard.press(key)
        wait_for(shelf, f"Math.floor(media.currentTime * 25) === {frame} && !media.seeking")


def test_the_speed_is_kept_for_the_next_video_and_the_next_visit(shelf: Shelf) -> None:
    one, two = shelf.put("one"), shelf.put("two")
    shelf.open(one).get_by_label("Speed", exact=True).select_option("1.5")
    wait_for(shelf, "media.playbackRate === 1.5")
    shelf.open(two)
    wait_for(shelf, "media.currentSrc.includes('shelf-two') && media.playbackRate === 1.5")
    shelf.page.reload()
    shelf.page.get_by_role("main").wait_for()
    expect(shelf.open(one).get_by_label("Speed", exact=True)).to_have_value("1.5")
    wait_for(shelf, "media.playbackRate === 1.5")


def test_what_is_loaded_is_shown_on_the_seek_bar(shelf: Shelf) -> None:
    player = shelf.open(shelf.put())
    player.get_by_role("button", name="Play", exact=True).click()
    loaded = player.locator(".seek-buffered").first
    expect(loaded).to_have_attribute("data-from", "0.0")
    expect(loaded).to_have_attribute("data-to", "12.0")


def test_the_room_of_the_picture_is_there_before_the_picture(shelf: Shelf) -> None:
    video = shelf.put(facts={"width": 1080, "height": 1350})
    held: list[object] = []
    shelf.answers["/content"] = held.append
    stage = shelf.open(video).locator(".player-stage")
    box = stage.bounding_box()
    assert box
    most = float(str(stage.evaluate("stage => getComputedStyle(stage).maxHeight.replace('px', '')")))
    assert box["height"] == pytest.approx(min(box["width"] * 1350 / 1080, most), abs=1)


def test_a_sound_has_its_waveform_to_seek_in(shelf: Shelf) -> None:
    player = shelf.open(shelf.put_sound())
    expect(player.locator("audio")).to_have_count(1)
    bar = slider(player)
    box = bar.bounding_box()
    assert box
    assert box["height"] > 60
    wait_for(shelf, "media.readyState >= 1")
    bar.click(position={"x": box["width"] / 2, "y": 20})
    wait_for(shelf, "Math.abs(media.currentTime - media.duration / 2) < 0.1")
    expect(player.get_by_role("button", name="One picture on")).to_have_count(0)


def test_closing_gives_the_connection_back(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(), autoplay=True)
    wait_for(shelf, "!media.paused")
    shelf.page.evaluate("window.media = document.querySelector('.player video')")
    details.get_by_role("button", name="Close the details").click()
    expect(details).to_have_count(0)
    shelf.page.wait_for_function(
        "() => media.paused && media.networkState === media.NETWORK_EMPTY && !media.hasAttribute('src')"
    )


def test_full_screen_holds_the_controls_too_and_is_left_by_the_same_button(shelf: Shelf) -> None:
    player = shelf.open(shelf.put()).get_by_role("region", name="Player")
    player.get_by_role("button", name="Full screen", exact=True).click()
    expect(player).to_have_class("player player-full ")
    expect(slider(player)).to_be_in_viewport()
    player.get_by_role("button", name="Leave full screen").click()
    shelf.page.wait_for_function("() => !document.fullscreenElement")


def test_in_full_screen_the_controls_step_aside_for_the_picture_and_come_back_for_the_keyboard(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    player = details.get_by_role("region", name="Player")
    player.get_by_role("button", name="Play again and again").click()
    player.get_by_role("button", name="Play", exact=True).click()
    player.get_by_role("button", name="Full screen", exact=True).click()
    bar = player.locator(".player-bar")
    expect(bar).to_have_css("opacity", "0")
    shelf.page.keyboard.press("Tab")
    expect(bar).to_have_css("opacity", "1")
    expect(player.locator(":focus-visible")).to_have_count(1)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_every_button_is_large_enough_for_a_finger(shelf: Shelf, width: int) -> None:
    shelf.page.set_viewport_size({"width": width, "height": 900})
    details = shelf.open(shelf.put())
    expect(details.get_by_role("button", name="Play", exact=True)).to_be_visible()
    sizes = details.locator("button, select, input, a, [role=slider]").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).map(each => [each.outerHTML, each.getBoundingClientRect()])"
        ".filter(([, box]) => Math.min(box.width, box.height) < 23.5).map(([markup]) => markup)"
    )
    assert [markup for markup in sizes if "receipt" not in markup] == []
