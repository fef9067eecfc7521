"""What the driver asks before it fetches: which recording is a camera's, when there is footage, where it is played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from tests.services.vms.model import instant, written
from tests.services.vms.onvif_client import NAMES, DeviceTrouble, OnvifClient, text

_ONLY_VIDEO = '<tt:RecordingInformationFilter>boolean(//Track[TrackType = "Video"])</tt:RecordingInformationFilter>'
_KEEP = "<tse:KeepAliveTime>PT30S</tse:KeepAliveTime>"
# In small pieces, so that more than one is needed.
_LIMITS = "<tse:MinResults>1</tse:MinResults><tse:MaxResults>2</tse:MaxResults><tse:WaitTime>PT5S</tse:WaitTime>"
_TOPIC = "tns1:RecordingHistory/Track/State"
_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_MOST_ROUNDS = 1000


class Present(NamedTuple):
    """From `start` on and up to `end` the device says it has footage."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Recorded:
    """One of the device's recordings."""

    token: str
    source_id: str
    earliest: datetime | None
    latest: datetime | None


def recording_of(device: OnvifClient, source: str, profile: str) -> Recorded | None:
    """The recording that belongs to a camera: by the recording jobs, else by the source that it names."""
    jobs = device.ask("trc", "GetRecordingJobs").findall("trc:JobItem/tt:JobConfiguration", NAMES)
    names = (source, profile)
    by_job = {text(one, "tt:RecordingToken") for one in jobs if text(one, "tt:Source/tt:SourceToken/tt:Token") in names}
    every = recordings(device)
    mine = [one for one in every if one.token in by_job] or [one for one in every if one.source_id in names]
    if not mine:
        return None
    token = f"<tse:RecordingToken>{escape(mine[0].token)}</tse:RecordingToken>"
    told = device.ask("tse", "GetRecordingInformation", token).find("tse:RecordingInformation", NAMES)
    if told is None:
        raise DeviceTrouble("The device does not know its own recording.")
    return _recorded(told)


def recordings(device: OnvifClient) -> list[Recorded]:
    """Those with video, by a search that is gone through to its end."""
    device.ask("tse", "GetRecordingSummary")
    found = _searched(device, "FindRecordings", f"<tse:Scope>{_ONLY_VIDEO}</tse:Scope>{_KEEP}", "Recording")
    return [_recorded(one) for one in found]


def present(device: OnvifClient, recording: Recorded, start: datetime, end: datetime) -> list[Present]:
    """When there is footage from `start` up to `end`, by the recording's events; media attributes must fit to that."""
    scope = f"<tse:Scope><tt:IncludedRecordings>{escape(recording.token)}</tt:IncludedRecordings></tse:Scope>"
    span = f"<tse:StartPoint>{written(start)}</tse:StartPoint><tse:EndPoint>{written(end)}</tse:EndPoint>"
    topic = f'<wsnt:TopicExpression Dialect="{_DIALECT}">{_TOPIC}</wsnt:TopicExpression>'
    rest = f"<tse:SearchFilter>{topic}</tse:SearchFilter><tse:IncludeStartState>true</tse:IncludeStartState>{_KEEP}"
    found: list[Present] = []
    since: datetime | None = None
    for one in _searched(device, "FindEvents", span + scope + rest, "Event"):
        at, there = _change(one)
        if at < start or at > end:
            raise DeviceTrouble("An event came that was not asked for.")
        if there:
            since = since or at
        elif since is not None:
            found, since = [*found, Present(since, at)], None
    found += [Present(since, end)] if since is not None else []
    found = [one for one in found if one.start < one.end]
    if found:
        _look_at_media(device, recording, found[0].start)
    return found


def replay_uri(device: OnvifClient, recording: Recorded) -> str:
    transport = "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    setup = f"<trp:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>{transport}</trp:StreamSetup>"
    token = f"<trp:RecordingToken>{escape(recording.token)}</trp:RecordingToken>"
    return text(device.ask("trp", "GetReplayUri", setup + token), "trp:Uri")


def _look_at_media(device: OnvifClient, recording: Recorded, at: datetime) -> None:
    tokens = f"<tse:RecordingTokens>{escape(recording.token)}</tse:RecordingTokens>"
    asked = f"{tokens}<tse:Time>{written(at)}</tse:Time>"
    told = device.ask("tse", "GetMediaAttributes", asked).findall("tse:MediaAttributes", NAMES)
    kinds = [text(one, "tt:TrackAttributes/tt:TrackInformation/tt:TrackType") for one in told]
    if [text(one, "tt:RecordingToken") for one in told] != [recording.token] or kinds != ["Video"]:
        raise DeviceTrouble("The device knows no video where its events say that there is some.")


def _searched(device: OnvifClient, find: str, inner: str, kind: str) -> Iterator[Element]:
    token = escape(text(device.ask("tse", find, inner), "tse:SearchToken"))
    for _ in range(_MOST_ROUNDS):
        asked = f"<tse:SearchToken>{token}</tse:SearchToken>{_LIMITS}"
        results = device.ask("tse", f"Get{kind}SearchResults", asked).find("tse:ResultList", NAMES)
        if results is None:
            raise DeviceTrouble("A search gave no list.")
        yield from results.findall("tt:RecordingInformation" if kind == "Recording" else "tt:Result", NAMES)
        if text(results, "tt:SearchState") == "Completed":
            return
    raise DeviceTrouble("A search does not end.")


def _change(event: Element) -> tuple[datetime, bool]:
    items = event.findall("tt:Event/wsnt:Message/tt:Message/tt:Data/tt:SimpleItem", NAMES)
    values = {one.get("Name"): one.get("Value") for one in items}
    at, there = instant(text(event, "tt:Time")), values.get("IsDataPresent")
    if at is None or there not in ("true", "false") or text(event, "tt:Event/wsnt:Topic") != _TOPIC:
        raise DeviceTrouble("An event makes no sense.")
    return at, there == "true"


def _recorded(told: Element) -> Recorded:
    return Recorded(
        text(told, "tt:RecordingToken"),
        text(told, "tt:Source/tt:SourceId"),
        instant(text(told, "tt:EarliestRecording")),
        instant(text(told, "tt:LatestRecording")),
    )
