"""What a copy is told to drop and to move: each packet goes by the take in whose region it is, and no other."""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.confine import Chapters, Inputs
from backend.exports import cut
from backend.exports.seams import seamed
from backend.exports.takes import layout, wanted
from tests.unit.exports.test_seams import PLAIN, source, stretch


def value_at(expression: str, time: int) -> int:
    """What ffmpeg would make of it."""
    names = {"iff": lambda met, one, other: one if met else other, "gte": lambda one, other: one >= other, "PTS": time}
    found: int = eval(expression.replace("if(", "iff("), {"__builtins__": {}}, names)
    return found


@given(st.sets(st.integers(0, 10**12), min_size=1, max_size=400), st.data())
def test_each_region_has_its_own_value(starts: set[int], data: st.DataObject) -> None:
    firsts = sorted(starts)
    expression = cut._by_region("PTS", firsts, [str(number) for number in range(len(firsts))])
    for time in (*data.draw(st.lists(st.integers(-10, 10**12 + 10), max_size=5)), firsts[0], firsts[-1]):
        assert value_at(expression, time) == max(0, bisect_right(firsts, time) - 1)
    assert expression.count("(") <= 2 * len(firsts)


class Seen(Exception):
    """The arguments that ffmpeg was to be given."""


class Work:
    def ffmpeg(self, arguments: list[str], inputs: Inputs, **_: object) -> str:
        raise Seen(arguments)


@pytest.mark.parametrize(("end", "drops"), [(4, False), (3, True)])
def test_pictures_are_looked_through_only_where_some_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: float, drops: bool
) -> None:
    one, other = source(0, 2, PLAIN), source(2, 4, PLAIN)
    path = tmp_path / "a.mp4"
    path.touch()
    monkeypatch.chdir(tmp_path)
    takes = seamed(wanted([one, other], stretch(0, end)).takes)
    assert takes[-1].bounds.end - takes[0].bounds.start == timedelta(seconds=end)
    with pytest.raises(Seen) as seen:
        cut.copy(takes, layout(takes), Chapters(()), "mp4", "b.mp4", Work())  # type: ignore[arg-type]  # all it needs
    arguments = seen.value.args[0]
    assert ("noise=drop" in arguments[arguments.index("-bsf:v") + 1]) is drops
