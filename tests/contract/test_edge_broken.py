"""A fault that nobody planned for, within a SOAP call: told to the client in ONVIF's words, and in the log once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring

from backend.edge.footage import Camera
from backend.edge.soap_xml import NAMESPACES
from tests.contract.edge_site import PASSWORD, USER, Shelf, serving


class Broken(Shelf):
    def cameras(self) -> Sequence[Camera]:
        raise KeyError("what nobody thought of")


def _envelope(name: str) -> bytes:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f"<s:Envelope {spaces}><s:Body><{name}/></s:Body></s:Envelope>".encode()


def test_an_unexpected_fault_is_answered_and_told_once_and_the_connection_goes_on(tmp_path: Path) -> None:
    with serving(Broken(), tmp_path) as listening, httpx.Client(timeout=20, trust_env=False) as client:
        address = f"http://127.0.0.1:{listening.soap_port}/onvif/media"
        signed = httpx.DigestAuth(USER, PASSWORD)
        failed = client.post(address, content=_envelope("trt:GetProfiles"), auth=signed)
        fault: Element | None = fromstring(failed.content).find("s:Body/s:Fault", NAMESPACES)
        assert failed.status_code == 500
        assert fault is not None
        assert fault.findtext("s:Code/s:Value", "", NAMESPACES) == "s:Receiver"
        assert fault.findtext("s:Code/s:Subcode/s:Value", "", NAMESPACES) == "ter:Action"
        assert "nobody thought of" not in failed.text
        again = client.post(address, content=_envelope("tds:GetSystemDateAndTime"))
        assert again.status_code == 200
        assert "connection" not in failed.headers
    (line,) = [one for one in (tmp_path / "video_uploads.log").read_text().splitlines() if "edge_broke" in one]
    assert "KeyError" in line
    assert "Traceback" in line
