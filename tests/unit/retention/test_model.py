"""No byte goes that policy and a verified copy do not allow, in whatever order people, clocks, disks and kills act."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.catalog.clock import Time
from tests.services.house import House
from tests.services.house_eyes import RULES, Broken
from tests.services.sampling import FULL, rounds, sample

HAPPENED: Counter[str] = Counter()
numbers = st.integers(0, 5)


class AnyOrder(RuleBasedStateMachine):
    """`at` is set by the test: the template of a house, and where houses are built."""

    at: ClassVar[tuple[Path, Path]]
    homes = itertools.count()

    @initialize()
    def begin(self) -> None:
        template, work = self.at
        self.house = House(template, work / str(next(self.homes)))
        self.house.upload()
        self.house.deliver()

    @precondition(lambda self: len(self.house.videos) < 6)
    @rule(twin=st.booleans(), tags=st.sampled_from(["", "keep"]), ttl=st.sampled_from([None, None, 30.0]))
    def upload(self, twin: bool, tags: str, ttl: float | None) -> None:
        self.house.upload(twin=twin, tags=tags, ttl_hours=ttl)

    @rule()
    def deliver(self) -> None:
        self.house.deliver()

    @rule(number=numbers, gone=st.booleans())
    def rot(self, number: int, gone: bool) -> None:
        self.house.rot(number, gone=gone)

    @rule(lost=st.booleans())
    def trouble(self, lost: bool) -> None:
        self.house.lose_flaky() if lost else self.house.turn_flaky()

    @rule(number=numbers, days=st.sampled_from([None, 0.5, 3.0, 40.0]))
    def hold(self, number: int, days: float | None) -> None:
        self.house.hold(number, days)

    @rule(number=numbers)
    def release(self, number: int) -> None:
        self.house.release(number)

    @rule(number=numbers)
    def trash(self, number: int) -> None:
        self.house.trash(number)

    @rule(number=numbers)
    def take_out(self, number: int) -> None:
        self.house.take_out(number)

    @rule()
    def purge(self) -> None:
        self.house.purge()

    @rule(rules=st.sampled_from(sorted(RULES)))
    def change_rules(self, rules: str) -> None:
        self.house.use(rules)

    @rule()
    def apply_rules(self) -> None:
        self.house.apply_rules()

    @rule(days=st.sampled_from([0.0, 1.0, 5.0]))
    def cleanup(self, days: float) -> None:
        self.house.cleanup(days)

    @rule(number=numbers)
    def restore(self, number: int) -> None:
        self.house.restore(number)

    @rule()
    def day(self) -> None:
        self.house.day()

    @rule(hours=st.sampled_from([1.0, 13.0, 30.0, 100.0]))
    def pass_time(self, hours: float) -> None:
        self.house.pass_time(hours)

    @rule(days=st.sampled_from([0.5, 5.0, 60.0]))
    def stand_still(self, days: float) -> None:
        self.house.stand_still(days)

    @rule(days=st.sampled_from([0.0, 0.0, 3650.0, -3650.0]))
    def set_clock(self, days: float) -> None:
        self.house.set_clock(days)

    @rule()
    def trust(self) -> None:
        self.house.trust()

    @rule(number=st.integers(1, 40))
    def kill(self, number: int) -> None:
        self.house.kill_next = number

    @rule()
    def restart(self) -> None:
        self.house.restart()

    @rule()
    def lose_catalog(self) -> None:
        self.house.lose_catalog()

    @invariant()
    def everything_can_be_read_back(self) -> None:
        if hasattr(self, "house"):
            self.house.demand_all()

    def teardown(self) -> None:
        if hasattr(self, "house"):
            HAPPENED.update(self.house.happened)
            self.house.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("house") / "template"
    home.mkdir()
    House.template(home)
    return home


@pytest.mark.timeout(7200)
def test_in_any_order_nothing_goes_that_must_not(template: Path, tmp_path: Path) -> None:
    limits = settings(
        max_examples=rounds(6, 2500),
        stateful_step_count=rounds(25, 40),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    AnyOrder.at = (template, tmp_path)
    run_state_machine_as_test(AnyOrder, settings=limits)
    if FULL:
        assert {"rules: pruned", "rules: trashed", "purge: purged", "cleanup: pruned"} <= set(HAPPENED), HAPPENED
        assert any("killed" in what for what in HAPPENED), HAPPENED


def story(template: Path, home: Path, *acts: str | tuple[str, Any]) -> None:
    """`acts`: names of what a house does, or (name, argument)."""
    house = House(template, home)
    try:
        for act in acts:
            name, *arguments = (act,) if isinstance(act, str) else act
            if name == "kill":
                house.kill_next = arguments[0]
            elif name == "rot":
                house.rot(0, gone=True)
            elif name == "hold":
                house.hold(0, *arguments)
            else:
                getattr(house, name)(*arguments)
            house.demand_all()
    finally:
        house.close()


SAVED = ("upload", "deliver")
WEEK = ("pass_time", 168.0)
PRUNED = (*SAVED, ("use", "soon"), WEEK, "apply_rules")
# What is planted, the acts that bring it to light, and what the house says then.
FAULTS: dict[str, tuple[str, Any, tuple[Any, ...], str]] = {
    "the copies are not asked": (
        "backend.retention.prune.Pruner._doubt",
        lambda *_: "",
        (*SAVED, "rot", ("use", "soon"), WEEK, "apply_rules"),
        "required target does not have",
    ),
    "holds are ignored": (
        "backend.disk.holds.HoldFacts.counts",
        lambda *_: False,
        (*SAVED, ("hold", None), WEEK, ("cleanup", 1.0)),
        "bytes of a held video went",
    ),
    "a hold ends a day early": (
        "backend.disk.holds.HoldFacts.counts",
        lambda hold, at: hold.until_at is None or at < hold.until_at - timedelta(days=1),
        (*SAVED, ("hold", 3.0), ("pass_time", 60.0), ("trash", 0)),
        "a held video went into the trash",
    ),
    "a hold on a trashed video does not stop its end": (
        "backend.retention.remove.in_force",
        lambda *_: (),
        (*SAVED, ("trash", 0), ("hold", None), WEEK, "purge"),
        "bytes of a held video went",
    ),
    "bytes go before they are marked": (
        "backend.retention.remove.Remover.remove",
        lambda self, video, *_, **__: self._unlink(video, "pruned", self._certain_at),
        PRUNED,
        "nobody had marked",
    ),
    "any clock is believed": (
        "backend.catalog.clock.judge",
        lambda now, *_: Time(now, now),
        (*SAVED, ("use", "soon"), ("set_clock", 3650.0), "apply_rules"),
        "while the clock was wrong",
    ),
    "stamps of a wrong clock are believed": (
        "backend.catalog.clock.Time.since",
        lambda _, at: at,
        (("set_clock", -3650.0), *SAVED, ("set_clock", 0.0), ("use", "soon"), "apply_rules"),
        "bytes went too young",
    ),
    "the trash is emptied at once": (
        "backend.retention.trash.timedelta",
        lambda **_: timedelta(),
        (*SAVED, ("trash", 0), "purge"),
        "before their time in the trash was over",
    ),
    "one copy is enough for every rule": (
        "backend.retention.policy.needed",
        lambda _: 1,
        (*SAVED, "lose_flaky", ("use", "two copies"), WEEK, "apply_rules"),
        "too few copies",
    ),
    "ages are not looked at": (
        "backend.retention.policy._is_younger",
        lambda *_: False,
        (*SAVED, ("use", "expire"), ("pass_time", 60.0), "apply_rules"),
        "expired too young",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen_and_without_it_the_same_acts_are_well(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    place, instead, acts, words = FAULTS[fault]
    story(template, tmp_path / "well", *acts)
    monkeypatch.setattr(place, instead)
    with pytest.raises(Broken, match=words):
        story(template, tmp_path / "planted", *acts)


def test_each_step_of_the_rules_may_be_the_last(template: Path, tmp_path: Path) -> None:
    for number in sample(range(1, 40), 4):
        for rules in ("soon", "expire"):
            story(
                template, tmp_path / f"{rules}-{number}", *SAVED, ("use", rules), WEEK, ("kill", number), "apply_rules",
                "apply_rules", ("pass_time", 100.0), ("kill", number), "purge", "purge", "restart",
            )  # fmt: skip
