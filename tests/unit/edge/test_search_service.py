"""Searches over many cameras: how often the footage is looked at for one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring

from backend.edge.footage import Camera, Frame, Recording
from backend.edge.search_service import SearchService
from backend.edge.soap import Call, Fault
from backend.edge.soap_xml import NAMESPACES

START = datetime(2024, 1, 1, tzinfo=UTC)


class Archive:
    """A hundred cameras of one recording each; each look costs as much, however many cameras are asked for."""

    def __init__(self) -> None:
        self.looks = 0

    def cameras(self) -> Sequence[Camera]:
        return [Camera(f"c{number}", f"Camera {number}") for number in range(100)]

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        return self.recordings_of([camera_token])[camera_token]

    def recordings_of(self, camera_tokens: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
        self.looks += 1
        return {token: [Recording(token, START, START + timedelta(minutes=1))] for token in camera_tokens}

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        raise NotImplementedError


@pytest.mark.parametrize(
    "asked",
    [
        "<tse:GetRecordingSummary/>",
        "<tse:FindRecordings><tse:Scope/></tse:FindRecordings>",
        "<tse:FindEvents><tse:StartPoint>2000-01-01T00:00:00Z</tse:StartPoint></tse:FindEvents>",
        "<tse:GetMediaAttributes><tse:Time>2024-01-01T00:00:10Z</tse:Time></tse:GetMediaAttributes>",
    ],
)
def test_all_cameras_are_looked_at_at_once(asked: str) -> None:
    archive = Archive()
    call = called(asked)
    assert SearchService(archive).operations()[call.name[1]](call)
    assert archive.looks == 1


@pytest.mark.parametrize(
    "filtered", ['not(//Track[TrackType = "Audio"])', "boolean(//Track[not (TrackType='Audio')])", "true()"]
)
def test_a_filter_that_is_not_understood_is_a_fault_and_no_empty_answer(filtered: str) -> None:
    inner = f"<tt:RecordingInformationFilter>{filtered}</tt:RecordingInformationFilter>"
    call = called(f"<tse:FindRecordings><tse:Scope>{inner}</tse:Scope></tse:FindRecordings>")
    with pytest.raises(Fault, match="TrackType"):
        SearchService(Archive()).operations()["FindRecordings"](call)


def called(asked: str) -> Call:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    operation = fromstring(f"<all {spaces}>{asked}</all>")[0]
    return Call(operation, None, "127.0.0.1", 80)
