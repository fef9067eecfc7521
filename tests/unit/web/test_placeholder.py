"""The placeholder: a picture in its own right, in words and harmless, whatever the reason."""

from __future__ import annotations

from itertools import product
from xml.etree import ElementTree as ET

import pytest

from backend.web.placeholder import POLICY, WORDS, Why, picture

_SVG = "{http://www.w3.org/2000/svg}"
ALL = list(product(Why, (False, True)))


@pytest.mark.parametrize(("why", "sound"), ALL)
def test_each_reason_is_a_picture_with_its_words(why: Why, sound: bool) -> None:
    root = ET.fromstring(picture(why, sound=sound))
    assert root.tag == f"{_SVG}svg"
    assert root.findtext(f"{_SVG}text") == root.findtext(f"{_SVG}title") == WORDS[why]
    assert root.find(f"{_SVG}g") is not None


@pytest.mark.parametrize(("why", "sound"), ALL)
def test_nothing_in_it_runs_or_is_fetched(why: Why, sound: bool) -> None:
    root = ET.fromstring(picture(why, sound=sound))
    assert {element.tag.removeprefix(_SVG) for element in root.iter()} <= {
        "svg", "title", "style", "rect", "g", "path", "text",
    }  # fmt: skip
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in names)
    assert "url(" not in picture(why, sound=sound)
    assert "sandbox" in POLICY
    assert "script" not in POLICY


def test_sound_and_film_and_what_cannot_be_played_look_different() -> None:
    shown = {picture(why, sound=sound) for why, sound in ALL}
    assert len(shown) == len(ALL)
