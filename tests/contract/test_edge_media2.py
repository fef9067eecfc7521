"""What the device says of an H.265 camera: the second media service names it, the first one has no word for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from backend.edge.soap_xml import NAMESPACES, moment
from tests.contract.edge_site import PASSWORD, START, USER, Shelf, film, serving

Ask = Callable[..., Element]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("media2")
    shelf, path = Shelf(), film(folder, "yard.mp4")
    shelf.put("yard", path, START)
    shelf.put("hall", path, START, "H265")
    with serving(shelf, folder) as listening:

        def asked(name: str, inner: str = "", *, status: int = 200) -> Element:
            spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
            body = f"<s:Envelope {spaces}><s:Body><{name}>{inner}</{name}></s:Body></s:Envelope>"
            url = f"http://127.0.0.1:{listening.soap_port}/onvif/any"
            answer = httpx.post(url, content=body, auth=httpx.DigestAuth(USER, PASSWORD), timeout=20)
            assert answer.status_code == status, answer.text
            found: Element = fromstring(answer.content)[0][0]
            return found

        yield asked


def texts(found: Element, path: str) -> list[str | None]:
    return [one.text for one in found.findall(path, NAMESPACES)]


def tokens(found: Element) -> list[str | None]:
    return [one.get("token") for one in found]


def test_the_first_service_claims_no_h264_encoder_for_it(ask: Ask) -> None:
    profiles = ask("trt:GetProfiles")
    assert tokens(profiles) == ["profile-yard", "profile-hall"]
    assert texts(profiles[0], "tt:VideoEncoderConfiguration/tt:Encoding") == ["H264"]
    assert not texts(profiles[1], "tt:VideoEncoderConfiguration/tt:Encoding")
    assert texts(profiles[1], "tt:VideoSourceConfiguration/tt:SourceToken") == ["hall"]
    assert tokens(ask("trt:GetVideoEncoderConfigurations")) == ["encoder-yard"]


def test_the_second_service_names_each_codec(ask: Ask) -> None:
    profiles = ask("tr2:GetProfiles", "<tr2:Type>All</tr2:Type>")
    assert tokens(profiles) == ["profile-yard", "profile-hall"]
    assert texts(profiles, "*/tr2:Configurations/tr2:VideoEncoder/tt:Encoding") == ["H264", "H265"]
    assert texts(profiles, "*/tr2:Configurations/tr2:VideoSource/tt:SourceToken") == ["yard", "hall"]
    assert texts(ask("tr2:GetVideoEncoderConfigurations"), "*/tt:Encoding") == ["H264", "H265"]


def test_a_profile_brings_what_was_asked_for(ask: Ask) -> None:
    (bare,) = ask("tr2:GetProfiles", "<tr2:Token>profile-hall</tr2:Token>")
    assert [one.tag.rpartition("}")[2] for one in bare] == ["Name"]
    (some,) = ask("tr2:GetProfiles", "<tr2:Token>profile-hall</tr2:Token><tr2:Type>VideoEncoder</tr2:Type>")
    assert [one.tag.rpartition("}")[2] for one in some[1]] == ["VideoEncoder"]
    named = "<tr2:ConfigurationToken>source-yard</tr2:ConfigurationToken>"
    assert tokens(ask("tr2:GetVideoSourceConfigurations", named)) == ["source-yard"]
    of_hall = "<tr2:ProfileToken>profile-hall</tr2:ProfileToken>"
    assert tokens(ask("tr2:GetVideoEncoderConfigurations", of_hall)) == ["encoder-hall"]
    (uri,) = ask("tr2:GetStreamUri", f"<tr2:Protocol>RTSP</tr2:Protocol>{of_hall}")
    assert (uri.text or "").endswith("/live/hall")


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("tr2:GetProfiles", "<tr2:Token>profile-nobody</tr2:Token>"),
        ("tr2:GetStreamUri", "<tr2:ProfileToken>nobody</tr2:ProfileToken>"),
        ("tr2:GetVideoEncoderConfigurations", "<tr2:ConfigurationToken>source-yard</tr2:ConfigurationToken>"),
    ],
)
def test_an_unknown_token_is_a_fault(ask: Ask, name: str, inner: str) -> None:
    assert ask(name, inner, status=400).tag.endswith("}Fault")


def test_media_attributes_name_the_codec(ask: Ask) -> None:
    found = ask("tse:GetMediaAttributes", f"<tse:Time>{moment(START)}</tse:Time>")
    assert texts(found, ".//tt:VideoAttributes/tt:Encoding") == ["H264", "H265"]


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.9999999-08:00", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_search_may_begin_out_of_the_calendar(ask: Ask, start: str, told: str) -> None:
    inner = f"<tse:StartPoint>{start}</tse:StartPoint><tse:Scope/><tse:SearchFilter/>"
    state = "<tse:IncludeStartState>true</tse:IncludeStartState><tse:KeepAliveTime>PT10S</tse:KeepAliveTime>"
    token = ask("tse:FindEvents", inner + state)[0].text
    found = ask("tse:GetEventSearchResults", f"<tse:SearchToken>{token}</tse:SearchToken>")
    assert told in texts(found, ".//tt:Time")
