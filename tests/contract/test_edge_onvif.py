"""The SOAP services, judged by onvif-zeep-async: it reads each answer by the standard's own description of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from onvif import ONVIFCamera
from zeep.exceptions import Fault

from backend.edge.device import Listening
from tests.contract.edge_site import PASSWORD, START, USER, Shelf, film, pull, serving
from tests.services.loops import run_apart

GAP_END = START + timedelta(seconds=20)
_DEVICE = "{http://www.onvif.org/ver10/device/wsdl}"
_SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}
pytestmark = pytest.mark.service  # needs GStreamer


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    folder = tmp_path_factory.mktemp("onvif")
    shelf = Shelf()
    for at in (START, START + timedelta(seconds=4), GAP_END):
        shelf.put("yard", film(folder, "yard.mp4"), at)
    shelf.put("hall", folder / "yard.mp4", GAP_END)
    with serving(shelf, folder) as found:
        yield found


def asked(listening: Listening, ask: Callable[[Any], Awaitable[Any]], password: str = PASSWORD) -> Any:
    """What `ask` gets from a client of its own."""

    async def run() -> Any:
        camera = ONVIFCamera("127.0.0.1", listening.soap_port, USER, password)
        try:
            await camera.update_xaddrs()
            return await ask(camera)
        finally:
            await camera.close()

    return run_apart(asyncio.wait_for(run(), 60))


def test_the_device_tells_its_time_and_itself(listening: Listening) -> None:
    async def ask(camera: Any) -> tuple[Any, Any, Any]:
        device = await camera.create_devicemgmt_service()
        return (
            await device.GetSystemDateAndTime(),
            await device.GetDeviceInformation(),
            await device.GetNetworkInterfaces(),
        )

    now, info, interfaces = asked(listening, ask)
    date, time = now.UTCDateTime.Date, now.UTCDateTime.Time
    at = datetime(date.Year, date.Month, date.Day, time.Hour, time.Minute, time.Second, tzinfo=UTC)
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=30)
    assert (info.Manufacturer, info.SerialNumber) == ("Holdfast", "0123456789")
    assert interfaces[0].Info.HwAddress == "02:84:d8:98:77:f0"


def test_it_names_the_services_it_has_and_no_others(listening: Listening) -> None:
    async def ask(camera: Any) -> tuple[Any, Any]:
        device = await camera.create_devicemgmt_service()
        services = await device.GetServices({"IncludeCapability": True})
        return services, await device.GetCapabilities({"Category": "All"})

    services, capabilities = asked(listening, ask)
    base = f"http://127.0.0.1:{listening.soap_port}/onvif/"
    names = ("device", "media", "media2", "recording", "search", "replay")
    assert [one.XAddr for one in services] == [base + one for one in names]
    assert capabilities.Media.XAddr == base + "media"
    assert capabilities.Media.StreamingCapabilities.RTP_RTSP_TCP
    assert not capabilities.Media.StreamingCapabilities.RTPMulticast
    # This client takes the places after the extension point for extensions; they are named all the same.
    assert [one.tag.rpartition("}")[2] for one in capabilities.Extension._value_1] == ["Recording", "Search", "Replay"]
    assert capabilities.Events is None
    assert capabilities.PTZ is None


def test_it_says_what_it_can_do_and_claims_nothing_else(listening: Listening) -> None:
    async def ask(camera: Any) -> list[Any]:
        device = await camera.create_devicemgmt_service()
        search, replay = await camera.create_search_service(), await camera.create_replay_service()
        return [
            await device.GetServiceCapabilities(),
            await search.GetServiceCapabilities(),
            await replay.GetServiceCapabilities(),
            await device.GetScopes(),
        ]

    device, search, replay, scopes = asked(listening, ask)
    assert (device.Security.HttpDigest, device.Security.UsernameToken) == (True, True)
    assert (search.MetadataSearch, replay.ReversePlayback) == (False, False)
    # Of the profiles none is claimed: conformance was tested by nobody.
    assert [one.ScopeItem.removeprefix("onvif://www.onvif.org/") for one in scopes] == [
        "type/video_encoder",
        "name/Holdfast",
        "hardware/Holdfast",
    ]
    assert {one.ScopeDef for one in scopes} == {"Fixed"}


def test_each_camera_is_a_source_with_a_profile_and_a_stream(listening: Listening) -> None:
    async def ask(camera: Any) -> list[Any]:
        media = await camera.create_media_service()
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        return [
            await media.GetVideoSources(),
            await media.GetAudioSources(),
            await media.GetProfiles(),
            await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": "profile-yard"}),
            await media.GetServiceCapabilities(),
        ]

    sources, audio, profiles, stream, _ = asked(listening, ask)
    assert [one.token for one in sources] == ["yard", "hall"]
    assert not audio
    assert [one.token for one in profiles] == ["profile-yard", "profile-hall"]
    assert [one.VideoSourceConfiguration.SourceToken for one in profiles] == ["yard", "hall"]
    assert profiles[0].VideoEncoderConfiguration.Resolution.Width == 160
    assert stream.Uri == f"rtsp://127.0.0.1:{listening.rtsp_port}/live/yard"


def test_recordings_belong_to_their_sources(listening: Listening) -> None:
    async def ask(camera: Any) -> tuple[Any, Any, Any]:
        recording = await camera.create_recording_service()
        jobs = await recording.GetRecordingJobs()
        state = await recording.GetRecordingJobState({"JobToken": jobs[0].JobToken})
        return await recording.GetRecordings(), jobs, state

    recordings, jobs, state = asked(listening, ask)
    assert [one.RecordingToken for one in recordings] == ["recording-yard", "recording-hall"]
    assert [one.Configuration.Source.SourceId for one in recordings] == ["yard", "hall"]
    assert [one.Tracks.Track[0].TrackToken for one in recordings] == ["VIDEO001"] * 2
    assert jobs[0].JobConfiguration.RecordingToken == "recording-yard"
    assert jobs[0].JobConfiguration.Source[0].SourceToken.Token == "profile-yard"
    assert state.State == "Idle"


def test_a_search_finds_recordings_with_their_spans(listening: Listening) -> None:
    async def ask(camera: Any) -> list[Any]:
        search = await camera.create_search_service()
        scope = {"RecordingInformationFilter": 'boolean(//Track[TrackType = "Video"])'}
        token = await search.FindRecordings({"Scope": scope, "KeepAliveTime": timedelta(seconds=30)})
        page = {"SearchToken": token, "MinResults": 1, "MaxResults": 1, "WaitTime": timedelta(seconds=5)}
        first = await search.GetRecordingSearchResults(page)
        second = await search.GetRecordingSearchResults(page)
        none = {"RecordingInformationFilter": 'boolean(//Track[TrackType = "Audio"])'}
        silent = await search.FindRecordings({"Scope": none, "KeepAliveTime": timedelta(seconds=30)})
        nothing = await search.GetRecordingSearchResults({"SearchToken": silent})
        return [first, second, nothing, await search.GetRecordingSummary()]

    first, second, nothing, summary = asked(listening, ask)
    assert (first.SearchState, second.SearchState, nothing.SearchState) == ("Searching", "Completed", "Completed")
    assert not nothing.RecordingInformation
    found = first.RecordingInformation[0]
    assert (found.RecordingToken, found.Source.SourceId) == ("recording-yard", "yard")
    assert (found.EarliestRecording, found.LatestRecording) == (START, GAP_END + timedelta(seconds=4))
    assert second.RecordingInformation[0].EarliestRecording == GAP_END
    assert (summary.DataFrom, summary.DataUntil) == (START, GAP_END + timedelta(seconds=4))
    assert summary.NumberRecordings == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_events_tell_where_footage_begins_and_ends(listening: Listening, *, backwards: bool) -> None:
    async def ask(camera: Any) -> Any:
        search = await camera.create_search_service()
        span = [START - timedelta(hours=1), GAP_END + timedelta(hours=1)]
        start, end = reversed(span) if backwards else span
        token = await search.FindEvents(
            {
                "StartPoint": start,
                "EndPoint": end,
                "Scope": {"IncludedRecordings": ["recording-yard"]},
                "SearchFilter": {},
                "IncludeStartState": True,
                "KeepAliveTime": timedelta(seconds=30),
            }
        )
        return await search.GetEventSearchResults({"SearchToken": token})

    found = asked(listening, ask)
    assert found.SearchState == "Completed"
    told = [(one.Time, one.StartStateEvent, _present(one)) for one in found.Result]
    changes = [
        (START, False, True),
        (START + timedelta(seconds=8), False, False),
        (GAP_END, False, True),
        (GAP_END + timedelta(seconds=4), False, False),
    ]
    assert told[0][1:] == (True, False)
    assert told[1:] == (changes[::-1] if backwards else changes)


def _present(result: Any) -> bool:
    items = {item.Name: item.Value for item in result.Event.Message._value_1.Data.SimpleItem}
    return bool(items["IsDataPresent"] == "true")


def test_media_attributes_and_information_are_those_of_the_instant(listening: Listening) -> None:
    async def ask(camera: Any) -> list[Any]:
        search = await camera.create_search_service()
        tokens = ["recording-yard", "recording-hall"]
        there = await search.GetMediaAttributes({"RecordingTokens": tokens, "Time": START + timedelta(seconds=5)})
        gap = await search.GetMediaAttributes({"RecordingTokens": tokens, "Time": START + timedelta(seconds=12)})
        return [there, gap, await search.GetRecordingInformation({"RecordingToken": "recording-hall"})]

    there, gap, information = asked(listening, ask)
    assert [one.RecordingToken for one in there] == ["recording-yard"]
    assert (there[0].From, there[0].Until) == (START, START + timedelta(seconds=8))
    assert there[0].TrackAttributes[0].VideoAttributes.Height == 96
    assert not gap
    assert information.RecordingStatus == "Stopped"


def test_the_replay_address_replays(listening: Listening, tmp_path: Path) -> None:
    async def ask(camera: Any) -> Any:
        replay = await camera.create_replay_service()
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        return await replay.GetReplayUri({"StreamSetup": setup, "RecordingToken": "recording-hall"})

    pulled = pull(tmp_path / "pulled", asked(listening, ask))
    assert pulled.said == "end"
    assert (len(pulled.frames), pulled.frames[0].at) == (100, GAP_END)


def test_a_wrong_password_and_an_unknown_token_are_faults(listening: Listening) -> None:
    async def information(camera: Any) -> Any:
        return await (await camera.create_devicemgmt_service()).GetDeviceInformation()

    async def unknown(camera: Any) -> Any:
        return await (await camera.create_media_service()).GetProfile({"ProfileToken": "nobody"})

    with pytest.raises(Fault, match="not accepted"):
        asked(listening, information, password="guessed")
    with pytest.raises(Fault, match="no profile"):
        asked(listening, unknown)


def _envelope(operation: str, prolog: str = "") -> bytes:
    body = f'<d:{operation} xmlns:d="{_DEVICE[1:-1]}"/>'
    return f'{prolog}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def test_http_digest_serves_as_well_as_a_token(listening: Listening) -> None:
    address = f"http://127.0.0.1:{listening.soap_port}/onvif/device"
    with httpx.Client(timeout=20) as client:
        bare = client.post(address, content=_envelope("GetDeviceInformation"), headers=_SOAP)
        assert bare.status_code == 401
        assert [one.split()[0] for one in bare.headers.get_list("www-authenticate")] == ["Digest", "Digest"]
        good = httpx.DigestAuth(USER, PASSWORD)
        signed = client.post(address, content=_envelope("GetDeviceInformation"), headers=_SOAP, auth=good)
        assert (signed.status_code, "0123456789" in signed.text) == (200, True)
        bad = httpx.DigestAuth(USER, "guessed")
        assert client.post(address, content=_envelope("GetScopes"), headers=_SOAP, auth=bad).status_code == 401
        assert client.post(address, content=_envelope("GetSystemDateAndTime"), headers=_SOAP).status_code == 200


def test_hostile_requests_are_refused_and_the_next_one_is_served(listening: Listening) -> None:
    address = f"http://127.0.0.1:{listening.soap_port}/onvif/device"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    with httpx.Client(timeout=20) as client:
        for body in (_envelope("GetSystemDateAndTime", bomb), b"<s:Envelope", b"", b"\xff\xfe\x00"):
            assert client.post(address, content=body, headers=_SOAP).status_code == 400
        assert client.post(address, content=b"x" * 200_000, headers=_SOAP).status_code == 413
        assert client.get(address).status_code == 405
        assert client.post(address.replace("onvif", "other"), content=b"x").status_code == 404
        unknown = client.post(
            address, content=_envelope("SystemReboot"), headers=_SOAP, auth=httpx.DigestAuth(USER, PASSWORD)
        )
        assert (unknown.status_code, "ActionNotSupported" in unknown.text) == (500, True)
        chunks = iter([_envelope("GetSystemDateAndTime")[:50], _envelope("GetSystemDateAndTime")[50:]])
        assert client.post(address, content=chunks, headers=_SOAP).status_code == 200


def test_a_call_by_its_whole_address_as_a_proxy_sends_it_is_served(listening: Listening) -> None:
    here = f"http://127.0.0.1:{listening.soap_port}"
    address, signed = f"{here}/onvif/media", httpx.DigestAuth(USER, PASSWORD)
    # To itself as if it were the proxy.
    with httpx.Client(timeout=20, proxy=here) as client:
        called = client.post(address, content=_envelope("GetSystemDateAndTime"), headers=_SOAP)
        assert called.status_code == 200
        scopes = client.post(address, content=_envelope("GetScopes"), headers=_SOAP, auth=signed)
        assert scopes.status_code == 200
