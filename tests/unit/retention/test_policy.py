"""What becomes of a video: nothing is taken from what is held, young, in the trash or not verified elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalog.clock import Doubted, Time
from backend.catalog.models import DeliveryState
from backend.retention.policy import ByDays, Copy, Decision, Facts, decide
from backend.retention.rules import Retention, Rule

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIME = Time(NOW, NOW)
NAS, OPTIONAL = Copy("delivered", required=True), Copy("delivered", required=False)
GOOD = Facts(saved_at=NOW - timedelta(days=30), copies={"nas": NAS})


def by_days(video: Facts, days: float = 7, time: Time = TIME) -> Decision:
    return ByDays(days).decide(video, time)


def by_rule(video: Facts, *rules: Rule, time: Time = TIME) -> Decision:
    return decide(video, Retention(rules), time)


def test_an_old_video_that_every_required_target_has_may_go() -> None:
    assert by_days(GOOD) == Decision("prune", "cleanup 7", "verified on nas")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"local_state": "pruned"}, "gone already"),
        ({"held": "“court”"}, "it is held: “court”"),
        ({"trashed": True}, "trash"),
        ({"saved_at": NOW + timedelta(seconds=1)}, "clock looks wrong"),
        ({"saved_at": NOW - timedelta(days=6)}, "younger than 7 days"),
        ({"copies": {}}, "this is the only copy"),
        (
            {"copies": {"nas": replace(NAS, state="pending"), "drive": replace(NAS, state="")}},
            "not verified on drive, nas",
        ),
        ({"copies": {"nas": NAS, "hot": replace(OPTIONAL, state="parked")}}, "still to be sent to hot"),
        ({"copies": {"hot": replace(OPTIONAL, ephemeral=True)}}, "this is the only copy"),
    ],
)
def test_each_thing_that_speaks_against_it_is_said(change: dict[str, Any], why: str) -> None:
    decision = by_days(replace(GOOD, **change))
    assert decision.action == "keep"
    assert why in decision.reason


def test_a_clock_that_is_doubted_takes_nothing_and_its_doubt_is_the_reason() -> None:
    expired = replace(GOOD, expires_at=NOW)
    assert by_rule(expired, time=replace(TIME, doubt="it is 1970")) == Decision("keep", "", "it is 1970")


def test_a_video_that_was_saved_under_a_clock_set_back_is_as_young_as_it_may_be() -> None:
    back, day = NOW - timedelta(days=3650), timedelta(days=1)
    time = replace(TIME, doubts=(Doubted(NOW - 2 * day, NOW - day, back, back + day),))
    video = replace(GOOD, saved_at=back + day / 2, expires_at=back + 2 * day)
    assert by_days(video, 7, time).reason == "it is younger than 7 days"
    assert by_rule(video, time=time).action == "keep"
    assert by_days(video, 1, time).action == "prune"
    assert by_days(replace(video, saved_at=back - day), 7, time).action == "prune"


def test_what_has_its_own_end_expires_without_any_rule() -> None:
    assert by_rule(replace(GOOD, expires_at=NOW)).rule == "ttl_hours"
    assert by_rule(replace(GOOD, expires_at=NOW + timedelta(seconds=1))).action == "keep"
    assert by_rule(replace(GOOD, expires_at=NOW, held="“court”")).action == "keep"


def test_the_first_rule_decides_even_where_it_only_keeps() -> None:
    keep, expire = Rule("evidence", tags=("evidence",)), Rule("all", expire_after_days=1)
    assert by_rule(replace(GOOD, tags=("evidence",)), keep, expire) == Decision("keep", "evidence", "the rule keeps it")
    assert by_rule(GOOD, keep, expire) == Decision("expire", "all", "it is older than 1 day")


def test_the_local_bytes_wait_for_so_many_copies_as_the_rule_wants() -> None:
    two = Rule("two", keep_local_days=1, keep_local_copies=2)
    assert by_rule(GOOD, two).reason == "1 of 2 verified copies exist"
    both = replace(GOOD, copies={"nas": NAS, "tape": OPTIONAL})
    assert by_rule(both, two).action == "prune"
    assert by_rule(replace(GOOD, copies={"tape": OPTIONAL}), Rule("one", keep_local_days=1)).action == "prune"


def test_a_video_moves_once_and_its_local_bytes_wait_until_it_is_there() -> None:
    cold = Rule("cold", keep_local_days=1, move_to="tape", move_after_days=20)
    assert by_rule(GOOD, cold).action == "move"
    on_its_way = replace(GOOD, copies={"nas": NAS, "tape": replace(OPTIONAL, state="pending")})
    assert by_rule(on_its_way, cold).reason == "not verified on tape"
    assert by_rule(replace(GOOD, copies={"nas": NAS, "tape": OPTIONAL}), cold).action == "prune"
    young = replace(GOOD, saved_at=NOW - timedelta(days=10))
    assert by_rule(young, cold).reason == "not verified on tape", "it would only have to come back for the move"


states = st.sampled_from(["", *DeliveryState])
copies = st.dictionaries(st.sampled_from(["nas", "tape", "hot"]), st.builds(Copy, states, st.booleans(), st.booleans()))
instants = st.datetimes(datetime(2016, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is the strategy's
videos = st.builds(
    Facts,
    saved_at=instants,
    expires_at=st.none() | instants,
    local_state=st.sampled_from(["present", "pruning", "pruned"]),
    held=st.sampled_from(["", "“court”"]),
    trashed=st.booleans(),
    project_id=st.sampled_from("ab"),
    tags=st.lists(st.sampled_from("xy"), max_size=2).map(tuple),
    copies=copies,
)
days = st.none() | st.floats(0, 4000)
rules = st.builds(
    Rule,
    st.just("r"),
    projects=st.sampled_from([(), ("a",)]),
    tags=st.sampled_from([(), ("x",)]),
    expire_after_days=days,
    keep_local_days=days,
    keep_local_copies=st.none() | st.integers(1, 3),
    move_to=st.just("tape"),
    move_after_days=days,
) | st.builds(
    Rule, st.just("s"), expire_after_days=days, keep_local_days=days, keep_local_copies=st.none() | st.integers(1, 3)
)  # fmt: skip
times = st.builds(lambda at, doubt: Time(at, at, doubt), instants, st.sampled_from(["", "", "it is 1970"]))
# Goes up with what is lost: nothing, the bytes here, the video.
LOSS = {"keep": 0, "move": 0, "prune": 1, "expire": 2}


@given(videos, st.lists(rules, max_size=3), times)
def test_whatever_the_facts_nothing_goes_that_must_not(video: Facts, found: list[Rule], time: Time) -> None:
    decision = decide(video, Retention(tuple(found)), time)
    assert decision.reason
    if not LOSS[decision.action]:
        return
    assert not video.held
    assert not video.trashed
    assert not time.doubt
    assert video.saved_at <= time.certain_at
    rule = Retention(tuple(found)).rule_for(video.project_id, "", "", video.tags)
    age = time.certain_at - video.saved_at
    if decision.action == "expire" and decision.rule != "ttl_hours":
        assert rule
        assert rule.expire_after_days is not None
        assert age >= timedelta(days=rule.expire_after_days)
    if decision.prune:
        assert rule
        assert rule.keep_local_days is not None
        assert age >= timedelta(days=rule.keep_local_days)
        _assert_copied(video.copies or {}, rule.keep_local_copies or 1)
        assert video.local_state == "present"


def _assert_copied(copies: Mapping[str, Copy], least: int) -> None:
    lasting = [c for c in copies.values() if c.state == "delivered" and not c.ephemeral]
    assert len(lasting) >= max(1, least)
    assert all(c.state == "delivered" and not c.ephemeral for c in copies.values() if c.required)
    assert not {"pending", "in_progress", "parked", "damaged"} & {c.state for c in copies.values() if not c.ephemeral}


@given(videos, st.lists(rules, max_size=3), times)
def test_a_hold_never_makes_more_be_deleted(video: Facts, found: list[Rule], time: Time) -> None:
    assert LOSS[decide(replace(video, held="“court”"), Retention(tuple(found)), time).action] == 0


def _plus(days: float | None, more: float) -> float | None:
    return None if days is None else days + more


@given(videos, rules, times, st.floats(0, 1000), st.sampled_from(["expire", "keep", "move", "copies"]))
def test_higher_ages_and_more_copies_never_make_more_be_deleted(
    video: Facts, rule: Rule, time: Time, more: float, which: str
) -> None:
    changed = {
        "expire": replace(rule, expire_after_days=_plus(rule.expire_after_days, more)),
        "keep": replace(rule, keep_local_days=_plus(rule.keep_local_days, more)),
        "move": replace(rule, move_after_days=_plus(rule.move_after_days, more)),
        "copies": replace(rule, keep_local_copies=(rule.keep_local_copies or 1) + int(more)),
    }[which]
    loss = [LOSS[by_rule(video, r, time=time).action] for r in (rule, changed)]
    assert loss[1] <= loss[0]


@given(videos, rules, times, states)
def test_an_ephemeral_copy_never_counts(video: Facts, rule: Rule, time: Time, state: str) -> None:
    hot = Copy(state, required=False, ephemeral=True)
    without = {name: copy for name, copy in (video.copies or {}).items() if name != "hot"}
    with_it = replace(video, copies={**without, "hot": hot})
    assert by_rule(with_it, rule, time=time) == by_rule(replace(video, copies=without), rule, time=time)
