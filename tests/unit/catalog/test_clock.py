"""The clock that is doubted: a jump, back or ahead, stops time for all that time takes away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalog import holds
from backend.catalog.clock import Clock, Known, certain_at, judge, noted
from backend.errors import DiskFault
from tests.services.ledger import Ledger

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KNOWN = Known(trusted_at=NOW)


class Hands:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.mark.parametrize(
    ("now", "known", "newest_at", "certain_at", "doubt"),
    [
        (NOW, Known(), None, NOW, ""),
        (NOW + HOUR, KNOWN, NOW, NOW + HOUR, ""),
        (NOW - timedelta(seconds=59), KNOWN, None, NOW, ""),
        (NOW - HOUR, KNOWN, None, NOW, "this server ran at 2026-11-21 12:00Z"),
        (NOW, KNOWN, NOW + HOUR, NOW, "a video was saved at 2026-11-21 13:00Z"),
        (NOW + 2 * DAY, KNOWN, None, NOW, "may be wrong: it says 2026-11-23 12:00Z"),
        # A video that is saved under the wrong clock proves nothing for it.
        (NOW + 3650 * DAY, KNOWN, NOW + 3650 * DAY, NOW, "may be wrong"),
        (NOW + 2 * DAY, Known(), NOW, NOW, "may be wrong"),
        (NOW - HOUR, Known(), NOW, NOW - HOUR, "looks wrong"),
        (NOW, Known(trusted_at=NOW, ignored_at=NOW + 2 * DAY), NOW + 2 * DAY, NOW, ""),
    ],
)
def test_a_clock_is_believed_until_something_speaks_against_it(
    now: datetime, known: Known, newest_at: datetime | None, certain_at: datetime, doubt: str
) -> None:
    time = judge(now, known, newest_at)
    assert time.certain_at == certain_at
    assert doubt in time.doubt
    assert bool(doubt) == bool(time.doubt)


instants = st.datetimes(datetime(2016, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is the strategy's


@given(st.lists(instants, max_size=20), instants)
def test_no_row_of_jumps_brings_certain_time_further_than_the_clock_may(
    jumps: list[datetime], began_at: datetime
) -> None:
    known = Known(trusted_at=began_at)
    for now in jumps:
        before = known.trusted_at
        known = noted(now, known, None)
        assert before is not None
        assert known.trusted_at is not None
        assert before <= known.trusted_at <= before + DAY


def test_after_a_holiday_an_even_day_is_enough_and_after_ten_years_no_time_is() -> None:
    for away, believed in ((5 * DAY, True), (3650 * DAY, False)):
        known = KNOWN
        for hours in range(26):
            known = noted(NOW + away + hours * HOUR, known, NOW)
            assert judge(NOW + away + hours * HOUR, known, NOW).doubt or hours >= 24
        assert (not judge(NOW + away + 26 * HOUR, known, NOW).doubt) is believed


def test_a_clock_that_jumps_again_and_again_is_never_believed() -> None:
    known = KNOWN
    for number in range(100):
        known = noted(NOW + 5 * DAY + number * (HOUR + timedelta(seconds=1)), known, None)
    assert known.trusted_at == NOW


def test_what_was_saved_while_the_clock_was_set_back_is_as_young_as_it_may_be(ledger: Ledger) -> None:
    hands, s = Hands(), ledger.services
    clock, right_at = Clock(s.layout, s.database, hands), hands.at
    hands.at -= 3650 * DAY
    clock.note()
    saved_at = hands.at
    hands.at += HOUR
    clock.note()
    hands.at = right_at + HOUR
    clock.note()
    time = clock.read()
    assert time.doubt == ""
    assert time.since(saved_at) == time.certain_at == right_at + HOUR
    assert time.since(saved_at - DAY) == saved_at - DAY
    assert time.since(right_at - HOUR) == right_at - HOUR
    assert time.since(right_at) == right_at + HOUR, "what was stamped while time stood still"


def test_what_is_noted_is_there_after_a_restart_and_a_person_has_the_last_word(ledger: Ledger) -> None:
    hands, s = Hands(), ledger.services
    clock = Clock(s.layout, s.database, hands)
    assert clock.note().doubt == ""
    hands.at += 3650 * DAY
    assert "may be wrong" in clock.note().doubt
    assert "may be wrong" in Clock(s.layout, s.database, hands).read().doubt
    assert clock.trust().doubt == ""
    assert Clock(s.layout, s.database, hands).read().certain_at == hands.at
    hands.at -= 3650 * DAY
    assert "looks wrong" in clock.read().doubt
    assert clock.trust().doubt == ""


def test_a_person_who_trusts_the_clock_overrules_what_was_saved_in_the_future(ledger: Ledger) -> None:
    video_id, clock = ledger.add(), ledger.services.clock
    ledger.age(video_id, -400)
    assert "a video was saved" in clock.read().doubt
    assert clock.trust().doubt == ""
    ledger.age(ledger.add(), -500)
    assert "a video was saved" in clock.read().doubt


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"trusted_at": 3}', '{"trusted_at": "2026-01-01"}', '{"x": "2026-01-01T00:00Z"}']
)
def test_a_note_that_cannot_be_read_leaves_the_newest_video_as_the_last_that_is_known(
    ledger: Ledger, content: str
) -> None:
    ledger.age(ledger.add(), 30)
    (ledger.services.layout.metadata / "clock.json").write_text(content)
    assert "may be wrong" in ledger.services.clock.read().doubt


def test_a_note_that_the_disk_does_not_give_back_is_a_fault_of_the_disk_and_ends_no_hold(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.services.holder.hold(video_id, "court", datetime.now(UTC) + DAY)
    note = ledger.services.layout.metadata / "clock.json"
    note.unlink(missing_ok=True)
    note.mkdir()
    with pytest.raises(DiskFault, match="EISDIR while reading"):
        ledger.services.trash.throw_away(video_id, "ann")
    at = certain_at(ledger.services.layout, ledger.database)
    with ledger.database.read() as session:
        assert list(holds.of_videos(session, [video_id], at)) == [video_id]
