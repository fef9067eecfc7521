"""Promises of backend/targets/milestone/soap.py and sequences.py: safe XML, the second token, and pages of proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import TargetParked
from backend.targets.milestone.failures import VmsProblem, judge
from backend.targets.milestone.idp import Kept, Token
from backend.targets.milestone.measure import Wanted
from backend.targets.milestone.sequences import PATH, Recorder
from backend.targets.milestone.soap import LOGIN_PATH, Login, instant, moment
from backend.targets.milestone.spans import Span
from tests.unit.targets.milestone.vms_answers import Request, Said, Site, answering, wire

SERVER, RECORDER = (f"http://videoos.net/2/XProtectCS{name}Command" for name in ("Server", "Recorder"))
ZERO = datetime(2024, 3, 1, 12, tzinfo=UTC)
WANTED = Wanted(Span(ZERO, ZERO + timedelta(seconds=60)), frame_seconds=0.1)
RECORDING = "F9C62604-D0C5-4050-AE25-72DE51639B14"
TYPES = f"<SequenceType><Id>{RECORDING}</Id><Name>RecordingSequence</Name></SequenceType>"


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as found:
        yield found


def envelope(inner: str, status: int = 200) -> Said:
    whole = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inner}</s:Body></s:Envelope>'
    return Said(status, whole.encode(), {"Content-Type": "text/xml"})


def answer(name: str, inner: str, namespace: str = RECORDER) -> Said:
    return envelope(f'<{name}Response xmlns="{namespace}"><{name}Result>{inner}</{name}Result></{name}Response>')


def fault(words: str, status: int = 500) -> Said:
    return envelope(f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{words}</faultstring></s:Fault>", status)


def login(token: str = "TOKEN#1#vms#", lives: str = "14400000000") -> Said:
    inner = f"<TimeToLive><MicroSeconds>{lives}</MicroSeconds></TimeToLive><Token>{token}</Token>"
    return answer("Login", inner, SERVER)


def second(site: Site) -> Login:
    return Login(wire(), site.url, Kept(lambda: Token("tok-1", float("inf"))), lambda: 100.0)


def test_the_second_token_is_asked_for_with_the_first(site: Site) -> None:
    site.on(f"POST {LOGIN_PATH}", login())
    token = second(site).token()
    assert (token.text, token.renew_at) == ("TOKEN#1#vms#", 100 + 4 * 3600 - 60)
    request = site.requests[0]
    assert request.headers["Authorization"] == "Bearer tok-1"
    assert request.headers["SOAPAction"] == f'"{SERVER}/IServerCommandService/Login"'


def test_a_bearer_that_ran_out_is_replaced_for_the_login(site: Site) -> None:
    site.on(f"POST {LOGIN_PATH}", Said(401), login())
    given_out = iter(("tok-1", "tok-2"))
    found = Login(wire(), site.url, Kept(lambda: Token(next(given_out), float("inf")))).token()
    assert found.text == "TOKEN#1#vms#"
    assert site.requests[1].headers["Authorization"] == "Bearer tok-2"


@pytest.mark.parametrize(
    "said",
    [
        login(token=""),
        login(lives="soon"),
        login(lives="9" * 30),
        answer("Logout", "", SERVER),
        Said(200, b"<html>"),
        Said(200, b""),
        Said(200, b"\xff\xfe\x00"),
        Said(200, b'<!DOCTYPE a [<!ENTITY b "c">]><s>&b;</s>'),
        Said(502, b"Bad gateway"),
        fault("The service is starting"),
    ],
)
def test_what_is_no_second_token_is_told(site: Site, said: Said) -> None:
    site.on(f"POST {LOGIN_PATH}", said)
    with pytest.raises(VmsProblem) as caught:
        second(site).token()
    assert caught.value.answer.reason in ("garbled", "error", "fault")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 # hypothesis wants them so
def test_a_time_comes_back_as_it_was_written(at: datetime) -> None:
    assert instant(moment(at)) == at
    assert instant(at.isoformat()) == at
    # As .NET writes it: seven digits.
    assert instant(moment(at).replace("Z", "0Z")) == at


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,14})?(Z|[+-]\d\d:\d\d)?", fullmatch=True))
def test_any_text_is_a_time_with_its_zone_or_none(written: str) -> None:
    found = instant(written)
    assert found is None or found.tzinfo is UTC


def entry(start: float, end: float) -> str:
    begin, finish = (moment(ZERO + timedelta(seconds=one)) for one in (start, end))
    times = f"<TimeBegin>{begin}</TimeBegin><TimeTrigged>{begin}</TimeTrigged><TimeEnd>{finish}</TimeEnd>"
    return f"<SequenceEntry>{times}</SequenceEntry>"


def recorder(site: Site, at_once: int = 1000) -> Recorder:
    given_out = iter(f"TOKEN#{n}#" for n in range(1, 9))
    return Recorder(wire(), Kept(lambda: Token(next(given_out), float("inf"))), at_once)


def asked(request: Request, name: str) -> str:
    found: Element = fromstring(request.body)
    return next((one.text or "" for one in found.iter() if str(one.tag).endswith(f"}}{name}")), "")


def serve(site: Site, sequences: Callable[[Request], Said], types: str = TYPES) -> None:
    def both(request: Request) -> Said:
        if request.headers["SOAPAction"].endswith('/SequencesGetTypes"'):
            return answer("SequencesGetTypes", types)
        return sequences(request)

    site.on(f"POST /{PATH}", both)


def pages(found: list[tuple[float, float]], *, latest_first: bool = False) -> Callable[[Request], Said]:
    """As a recorder answers: those that touch the span, as many as were asked for."""

    def page(request: Request) -> Said:
        first, last = instant(asked(request, "minTime")), instant(asked(request, "maxTime"))
        assert first is not None
        assert last is not None
        low, high = ((one - ZERO).total_seconds() for one in (first, last))
        fitting = sorted((one for one in found if one[1] >= low and one[0] <= high), reverse=latest_first)
        return answer("SequencesGet", "".join(entry(*one) for one in fitting[: int(asked(request, "maxCount"))]))

    return page


def test_the_type_of_recordings_is_asked_for_and_used(site: Site) -> None:
    serve(site, pages([(0, 60)]), types=TYPES.replace(RECORDING, "0a-1").replace("Sequence>", "Sequence>", 1))
    found = recorder(site)
    assert found.missing(site.url, "cam", WANTED, 2) == []
    assert found.missing(f"{site.url}/", "cam", WANTED, 2) == []
    assert asked(site.requests[1], "sequenceType") == "0a-1"
    assert asked(site.requests[1], "token") == "TOKEN#1#"


def test_a_type_is_known_by_its_id_too(site: Site) -> None:
    serve(site, pages([]), types=TYPES.replace("RecordingSequence", "Aufzeichnung"))
    assert recorder(site).kind(site.url, "cam") == RECORDING


def test_a_recorder_without_recordings_is_told(site: Site) -> None:
    serve(site, pages([]), types="")
    with pytest.raises(VmsProblem, match="fault"):
        recorder(site).kind(site.url, "cam")


@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize(("whole", "missing"), [(True, []), (False, [(30.0, 34.0)])])
def test_many_sequences_are_read_page_by_page_in_either_order(
    site: Site, latest_first: bool, whole: bool, missing: list[tuple[float, float]]
) -> None:
    found = [(float(n), n + 1.0) for n in range(60) if whole or not 30 <= n < 34]
    serve(site, pages(found, latest_first=latest_first))
    lacking = recorder(site, at_once=7).missing(site.url, "cam", WANTED, 2)
    assert [((one.start_at - ZERO).total_seconds(), (one.end_at - ZERO).total_seconds()) for one in lacking] == missing


def test_a_page_that_is_always_full_of_the_same_ends(site: Site) -> None:
    serve(site, lambda _request: answer("SequencesGet", entry(0, 10) * 3))
    lacking = recorder(site, at_once=3).missing(site.url, "cam", WANTED, 2)
    assert [one.start_at for one in lacking] == [ZERO + timedelta(seconds=10)]
    assert len(site.requests) < 6


@pytest.mark.parametrize("words", ["Token invalid", "No token supplied"])
def test_a_second_token_that_ran_out_is_replaced_once(site: Site, words: str) -> None:
    def once(request: Request) -> Said:
        return fault(words) if asked(request, "token") == "TOKEN#1#" else answer("SequencesGet", entry(0, 60))

    serve(site, once)
    assert recorder(site).missing(site.url, "cam", WANTED, 2) == []


def test_a_second_token_that_is_refused_again_is_a_persons_matter(site: Site) -> None:
    serve(site, lambda _request: fault("Token invalid"))
    with pytest.raises(VmsProblem) as caught:
        recorder(site).missing(site.url, "cam", WANTED, 2)
    assert isinstance(judge(caught.value.answer), TargetParked)
    assert len(site.requests) == 3


@pytest.mark.parametrize(
    "inner",
    [
        entry(10, 0),
        "<SequenceEntry><TimeBegin>yesterday</TimeBegin><TimeEnd>today</TimeEnd></SequenceEntry>",
        "<SequenceEntry/>",
        "<SequenceEntry><TimeBegin>2024-03-01</TimeBegin><TimeEnd>2024-03-01T13:00:00Z</TimeEnd></SequenceEntry>",
    ],
)
def test_a_sequence_that_makes_no_sense_proves_nothing(site: Site, inner: str) -> None:
    serve(site, lambda _request: answer("SequencesGet", inner))
    with pytest.raises(VmsProblem, match="garbled"):
        recorder(site).missing(site.url, "cam", WANTED, 2)


def test_an_empty_answer_means_that_nothing_is_there(site: Site) -> None:
    serve(site, lambda _request: answer("SequencesGet", ""))
    assert recorder(site).missing(site.url, "cam", WANTED, 2) == [WANTED.span]
