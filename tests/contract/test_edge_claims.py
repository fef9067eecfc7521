"""What the device says it can do, as it stands in the answers: the same in the list of services and in the older."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring

from backend.edge.soap_xml import NAMESPACES
from tests.contract.edge_site import Shelf, serving


def _answer(port: int, name: str, inner: str) -> Element:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    body = f"<s:Envelope {spaces}><s:Body><{name}>{inner}</{name}></s:Body></s:Envelope>"
    answer = httpx.post(f"http://127.0.0.1:{port}/onvif/device", content=body, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: Element = fromstring(answer.content)[0][0]
    return found


def _attribute(found: Element, path: str, name: str) -> str | None:
    (one,) = found.findall(path, NAMESPACES)
    return one.get(name)


def test_each_answer_says_the_same(tmp_path: Path) -> None:
    with serving(Shelf(), tmp_path) as listening:
        services = _answer(
            listening.soap_port, "tds:GetServices", "<tds:IncludeCapability>true</tds:IncludeCapability>"
        )
        older = _answer(listening.soap_port, "tds:GetCapabilities", "<tds:Category>All</tds:Category>")
    listed = "tds:Service/tds:Capabilities"
    assert _attribute(services, f"{listed}/tds:Capabilities/tds:Security", "HttpDigest") == "true"
    assert _attribute(services, f"{listed}/tds:Capabilities/tds:Security", "UsernameToken") == "true"
    assert _attribute(services, f"{listed}/tse:Capabilities", "MetadataSearch") == "false"
    assert _attribute(services, f"{listed}/trp:Capabilities", "ReversePlayback") == "false"
    assert _attribute(services, f"{listed}/trp:Capabilities", "RTP_RTSP_TCP") == "true"
    assert older.findtext("*/tt:Extension/tt:Search/tt:MetadataSearch", "", NAMESPACES) == "false"
    assert older.findtext("*/tt:Media/tt:StreamingCapabilities/tt:RTP_RTSP_TCP", "", NAMESPACES) == "true"
