"""ONVIF's search service: which recordings there are, and when there is footage in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from xml.etree.ElementTree import Element

from backend.edge.footage import Camera, Footage
from backend.edge.recording_service import NO_RECORDING, camera_of, recording_token, source
from backend.edge.sdp import TRACK
from backend.edge.search_sessions import Found, SearchSessions
from backend.edge.soap import Call, Fault, Operation
from backend.edge.soap_xml import NAMESPACES, Xml, element, instant, moment, text
from backend.edge.timeline import Change, Timeline

_TRACK_STATE = "RecordingHistory/Track/State"
_CONCRETE = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_NOT = re.compile(r"\bnot\s*\(")
_TRACK_TYPE = re.compile(r"""TrackType\s*=\s*["'](\w+)["']""")


@dataclass(frozen=True)
class SearchService:
    footage: Footage
    sessions: SearchSessions = field(default_factory=SearchSessions)

    def operations(self) -> dict[str, Operation]:
        return {
            "GetServiceCapabilities": lambda _: (search_capabilities(),),
            "GetRecordingSummary": self._summary,
            "GetRecordingInformation": self._information,
            "GetMediaAttributes": self._attributes,
            "FindRecordings": self._find_recordings,
            "GetRecordingSearchResults": lambda call: (self._results(call, "recordings"),),
            "FindEvents": self._find_events,
            "GetEventSearchResults": lambda call: (self._results(call, "events"),),
            "EndSearch": self._end,
        }

    def _line(self, camera: Camera) -> Timeline:
        return Timeline.of(self.footage.recordings(camera.token))

    def _lines(self, cameras: Sequence[Camera]) -> list[tuple[Camera, Timeline]]:
        recordings = self.footage.recordings_of([one.token for one in cameras])
        return [(one, Timeline.of(recordings[one.token])) for one in cameras]

    def _summary(self, _: Call) -> tuple[Xml, ...]:
        cameras = self.footage.cameras()
        bounds = [found for _, line in self._lines(cameras) if (found := line.bounds)]
        start = min((one.start for one in bounds), default=datetime.fromtimestamp(0).astimezone())
        end = max((one.end for one in bounds), default=datetime.fromtimestamp(0).astimezone())
        told = {"DataFrom": moment(start), "DataUntil": moment(end), "NumberRecordings": str(len(cameras))}
        return (element("tse:Summary", (element(f"tt:{name}", value) for name, value in told.items())),)

    def _information(self, call: Call) -> tuple[Xml, ...]:
        camera = camera_of(self.footage, call.text("tse:RecordingToken"))
        return (_information("tse:RecordingInformation", camera, self._line(camera)),)

    def _attributes(self, call: Call) -> tuple[Xml, ...]:
        at = instant(call.text("tse:Time"))
        if at is None:
            raise Fault("Time makes no sense.", "InvalidArgVal")
        tokens = [one.text or "" for one in call.operation.findall("tse:RecordingTokens", NAMESPACES)]
        cameras = [camera_of(self.footage, one.strip()) for one in tokens] or list(self.footage.cameras())
        return tuple(_media_attributes(camera, line, at) for camera, line in self._lines(cameras) if line.present(at))

    def _find_recordings(self, call: Call) -> tuple[Xml, ...]:
        scope = call.operation.find("tse:Scope", NAMESPACES)
        found = (
            Found(None, partial(_information, "tt:RecordingInformation", camera, line))
            for camera, line in self._lines(self._in_scope(scope))
        )
        return (self._begin(call, "recordings", found),)

    def _find_events(self, call: Call) -> tuple[Xml, ...]:
        start, end = instant(call.text("tse:StartPoint")), call.text("tse:EndPoint")
        lines = self._lines(self._in_scope(call.operation.find("tse:Scope", NAMESPACES)))
        until = instant(end) if end else max((found.end for _, line in lines if (found := line.bounds)), default=start)
        if start is None or until is None:
            raise Fault("StartPoint or EndPoint makes no sense.", "InvalidArgVal")
        wanted = _names_track_state(text(call.operation.find("tse:SearchFilter", NAMESPACES), "wsnt:TopicExpression"))
        state_too = call.text("tse:IncludeStartState") in ("true", "1")
        events: list[Found] = []
        for camera, line in lines if wanted else ():
            if state_too:
                first = Change(start, line.present(start))
                events.append(Found(start, partial(_event, camera, first, start_state=True)))
            events += [Found(one.at, partial(_event, camera, one)) for one in line.changes(start, until)]
        events.sort(key=lambda one: one.at or start, reverse=until < start)
        return (self._begin(call, "events", iter(events)),)

    def _in_scope(self, scope: Element | None) -> list[Camera]:
        cameras = list(self.footage.cameras())
        if scope is None:
            return cameras
        sources = {text(one, "tt:Token") for one in scope.findall("tt:IncludedSources", NAMESPACES)}
        recordings = {(one.text or "").strip() for one in scope.findall("tt:IncludedRecordings", NAMESPACES)}
        if sources:
            cameras = [one for one in cameras if sources & {one.token, f"profile-{one.token}"}]
        if recordings:
            cameras = [one for one in cameras if recording_token(one) in recordings]
        types = set(_TRACK_TYPE.findall(filter_text := text(scope, "tt:RecordingInformationFilter")))
        if filter_text and (not types or _NOT.search(filter_text)):
            raise Fault("Only filters by TrackType are known here.", "InvalidArgVal", "InvalidFilterFault")
        return cameras if not types or "Video" in types else []

    def _begin(self, call: Call, kind: str, found: Iterator[Found]) -> Xml:
        most = call.text("tse:MaxMatches")
        token = self.sessions.begin(kind, found, _number(most, 100_000), call.text("tse:KeepAliveTime"))
        return element("tse:SearchToken", token)

    def _results(self, call: Call, kind: str) -> Xml:
        taken = self.sessions.take(call.text("tse:SearchToken"), kind, _number(call.text("tse:MaxResults"), 1000))
        if taken is None:
            raise Fault("There is no search of that token, or its time is over.", "InvalidArgVal", "InvalidToken")
        state = element("tt:SearchState", "Completed" if taken.completed else "Searching")
        return element("tse:ResultList", state, [one.written() for one in taken.found])

    def _end(self, call: Call) -> tuple[Xml, ...]:
        ended = self.sessions.end(call.text("tse:SearchToken"))
        if ended is None:
            raise Fault("There is no search of that token, or its time is over.", "InvalidArgVal", "InvalidToken")
        return (element("tse:Endpoint", moment(ended)),)


def search_capabilities() -> Xml:
    return element("tse:Capabilities", attributes={"MetadataSearch": "false", "GeneralStartEvents": "false"})


def _information(name: str, camera: Camera, line: Timeline) -> Xml:
    bounds = line.bounds
    edges: Callable[[str, str], list[Xml]] = lambda first, last: (  # noqa: E731 - two pairs of names for one thing
        [element(f"tt:{first}", moment(bounds.start)), element(f"tt:{last}", moment(bounds.end))] if bounds else []
    )
    return element(
        name,
        element("tt:RecordingToken", recording_token(camera)),
        source(camera, "tt:Source"),
        edges("EarliestRecording", "LatestRecording"),
        element("tt:Content", camera.name),
        element("tt:Track", _track_information(camera, edges("DataFrom", "DataTo"))) if bounds else Xml(),
        element("tt:RecordingStatus", "Stopped" if bounds else "Initiated"),
    )


def _track_information(camera: Camera, edges: list[Xml]) -> list[Xml]:
    told = {"TrackToken": TRACK, "TrackType": "Video", "Description": camera.name}
    return [*(element(f"tt:{name}", value) for name, value in told.items()), *edges]


def _media_attributes(camera: Camera, line: Timeline, at: datetime) -> Xml:
    here = next(one for one in line.stretches() if one.start <= at < one.end)
    edges = [element("tt:DataFrom", moment(here.start)), element("tt:DataTo", moment(here.end))]
    video = {
        "Bitrate": "0",
        "Width": str(camera.width),
        "Height": str(camera.height),
        "Encoding": camera.codec,
        "Framerate": f"{camera.frames_per_second:g}",
    }
    return element(
        "tse:MediaAttributes",
        element("tt:RecordingToken", recording_token(camera)),
        element(
            "tt:TrackAttributes",
            element("tt:TrackInformation", _track_information(camera, edges)),
            element("tt:VideoAttributes", (element(f"tt:{name}", value) for name, value in video.items())),
        ),
        element("tt:From", moment(here.start)),
        element("tt:Until", moment(here.end)),
    )


def _event(camera: Camera, change: Change, *, start_state: bool = False) -> Xml:
    def item(name: str, value: str) -> Xml:
        return element("tt:SimpleItem", attributes={"Name": name, "Value": value})

    message = element(
        "tt:Message",
        element("tt:Source", item("RecordingToken", recording_token(camera)), item("Track", TRACK)),
        element("tt:Data", item("IsDataPresent", str(change.present).lower())),
        attributes={"UtcTime": moment(change.at), "PropertyOperation": "Initialized" if start_state else "Changed"},
    )
    topic = element("wsnt:Topic", f"tns1:{_TRACK_STATE}", attributes={"Dialect": _CONCRETE})
    return element(
        "tt:Result",
        element("tt:RecordingToken", recording_token(camera)),
        element("tt:TrackToken", TRACK),
        element("tt:Time", moment(change.at)),
        element("tt:Event", topic, element("wsnt:Message", message)),
        element("tt:StartStateEvent", str(start_state).lower()),
    )


def _names_track_state(expression: str) -> bool:
    """Whether a topic expression (`tns1:RecordingHistory//.|…`) covers the one kind of event that we have."""
    if not expression:
        return True
    for one in expression.split("|"):
        path = "/".join(part.rpartition(":")[2] for part in one.strip().split("/"))
        if path == _TRACK_STATE or (path.endswith("//.") and f"{_TRACK_STATE}/".startswith(path[:-2])):
            return True
    return False


def _number(written: str, otherwise: int) -> int:
    return min(int(written), otherwise) if re.fullmatch(r"[1-9][0-9]{0,8}", written) else otherwise


__all__ = ["NO_RECORDING", "SearchService", "search_capabilities"]
