"""A fault that nobody planned for, within a call or a stream: told to the client, and in the log once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from backend.edge.footage import Camera, Frame, Recording
from backend.edge.soap_xml import NAMESPACES
from tests.contract.edge_rtsp_client import OPEN, TCP, Client
from tests.contract.edge_site import PASSWORD, START, USER, Shelf, film, serving
from tests.services.waiting import wait_until


class Broken(Shelf):
    def cameras(self) -> Sequence[Camera]:
        raise KeyError("what nobody thought of")


class BreaksOff(Shelf):
    """After its tenth frame."""

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        for _, frame in zip(range(10), super().frames(camera_token, recording, since), strict=False):
            yield frame
        raise KeyError("what nobody thought of")


class Faulty(Shelf):
    def cameras(self) -> Sequence[Camera]:
        raise OSError(5, "Input/output error")


def _broke(folder: Path) -> list[str]:
    log = folder / "video_uploads.log"
    return [one for one in log.read_text().splitlines() if "edge_broke" in one]


@pytest.mark.parametrize("footage", [Broken, Faulty])
def test_an_unexpected_fault_within_an_rtsp_request_is_answered_and_told_and_the_connection_goes_on(
    tmp_path: Path, footage: type[Shelf]
) -> None:
    with serving(footage(), tmp_path) as listening, Client(listening.rtsp_port) as client:
        assert client.ask("DESCRIBE")[0] == 500
        assert client.ask("SETUP", f"{client.url}/track1", Transport=TCP)[0] == 500
        assert client.ask("OPTIONS")[0] == 200
    assert len(_broke(tmp_path)) == 2
    assert "Traceback" in _broke(tmp_path)[0]


def test_an_unexpected_fault_within_a_stream_ends_the_connection_and_is_told(tmp_path: Path) -> None:
    shelf = BreaksOff()
    shelf.put("yard", film(tmp_path, "yard.mp4"), START)
    with serving(shelf, tmp_path) as listening, Client(listening.rtsp_port) as client:
        client.set_up()
        assert client.play(Range=OPEN)[0] == 200
        wait_until(lambda: len(_broke(tmp_path)) == 1, "it to be told")
        with suppress(ConnectionError):  # or the end, by how much is on the way
            while client.file.read(1):
                pass
    assert "Traceback" in _broke(tmp_path)[0]


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
