"""What one RTSP client has set up and plays: the states of RFC 2326 appendix A, with ONVIF's replay. No sockets."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from backend.edge import clock_range, sdp
from backend.edge.footage import Camera, Footage
from backend.edge.playing import Playing
from backend.edge.replay import Asked, Tell, replay
from backend.edge.rtp import Packetiser
from backend.edge.rtsp_messages import Request, Response
from backend.edge.timeline import Timeline
from backend.errors import HoldfastError
from backend.offers.nal import ParameterSets, is_parameter_set

SESSION_SECONDS = 60
REPLAY, LIVE = "replay", "live"
_METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")
_SUPPORTED = frozenset({"onvif-replay"})
_CHANNELS = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})")
_FRAMES = re.compile(r"intra(?:/(\d{1,9}))?")
_PACE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{0,9})?")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Session:
    """One per connection, as interleaved streams live and die with theirs. `answer` blocks while it reads; nobody
    else touches the session meanwhile. When it raises NotYet it is asked the same again. `playing` is what the
    connection sends, while it is set and not paused."""

    footage: Footage
    tell: Tell
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    channels: tuple[int, int] | None = None  # set up: RTP, RTCP
    playing: Playing | None = None
    paused: bool = False
    over: bool = False
    _camera: Camera | None = None
    _live: bool = False
    _packetiser: Packetiser | None = None

    def answer(self, request: Request) -> Response:
        wanted = [one.strip() for one in request.header("require").split(",") if one.strip()]
        if unknown := [one for one in wanted if one not in _SUPPORTED]:
            return Response(551, (("Unsupported", ", ".join(unknown)),))
        handlers: dict[str, Callable[[Request], Response]] = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._set_up,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "TEARDOWN": self._tear_down,
            "GET_PARAMETER": self._parameter,
            "SET_PARAMETER": self._parameter,
        }
        handler = handlers.get(request.method)
        if handler is None:
            return Response(405, (("Allow", ", ".join(_METHODS)),))
        named = request.header("session").partition(";")[0].strip()
        if request.method in ("PLAY", "PAUSE", "TEARDOWN") and (self.channels is None or named != self.id):
            return Response(454)
        return handler(request)

    def close(self) -> None:
        if self.playing is not None:
            self.playing.close()
        self.playing, self.over = None, True

    def _options(self, _: Request) -> Response:
        return Response(200, (("Public", ", ".join(_METHODS)), ("Supported", ", ".join(sorted(_SUPPORTED)))))

    def _parameter(self, request: Request) -> Response:
        """Keeps the session alive, and knows no parameter."""
        return Response(451 if request.body.strip() else 200, self._named())

    def _describe(self, request: Request) -> Response:
        found = self._found(request.url)
        if found is None:
            return Response(404)
        camera, live = found
        line = Timeline.of(self.footage.recordings(camera.token))
        bounds = None if live else line.bounds
        body = sdp.describe(camera, self._parameter_sets(camera, line), bounds)
        base = request.url.rstrip("/") + "/"
        return Response(200, (("Content-Base", base), ("Content-Type", "application/sdp")), body)

    def _set_up(self, request: Request) -> Response:
        found = self._found(request.url)
        if found is None:
            return Response(404)
        if self.playing is not None and not self.paused:
            return Response(455)
        channels = _channels(request.header("transport"))
        if channels is None:
            return Response(461)
        self.close()
        self.over, self.paused = False, False
        (self._camera, self._live), self.channels = found, channels
        self._packetiser = Packetiser(self._camera.codec, random.getrandbits(32), random.getrandbits(15))
        # The source is named at once: GStreamer overhears the goodbye of one that it does not know yet.
        source = f"ssrc={self._packetiser.ssrc:08X};mode=play"
        transport = f"RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]};{source}"
        return Response(200, (("Transport", transport), ("Session", f"{self.id};timeout={SESSION_SECONDS}")))

    def _play(self, request: Request) -> Response:
        assert self._camera is not None
        if self._live:
            return Response(200, (*self._named(), ("Range", "npt=now-")))
        if not (_forwards(request.header("scale")) and _forwards(request.header("speed"))):
            return Response(456, self._named())  # never backwards: the capabilities say so
        given = request.header("range")
        wanted = clock_range.parse(given) if given else clock_range.ClockRange()
        if wanted == clock_range.ClockRange() and self.playing is not None:
            return self._played_on(request, self.playing)
        asked = self._asked(wanted, request.header("frames"))
        if asked is None:
            return Response(457, self._named())
        paced = request.header("rate-control").strip().lower() != "no"
        playing = Playing.begin(replay(self.footage, self._camera, asked, self.tell), paced, request.number)
        if self.playing is not None:
            self.playing.close()
        self.playing, self.paused = playing, False
        return Response(457, self._named()) if playing is None else self._played(request, playing, asked.end)

    def _played_on(self, request: Request, playing: Playing) -> Response:
        """What was paused goes on where it was, for this request; what plays, or came to its end, is left as it is (RFC
        2326 section 10.5)."""
        if self.paused:
            playing.request_number = request.number
            if rate := request.header("rate-control").strip().lower():
                playing.paced = rate != "no"
        self.paused = False
        return self._played(request, playing)

    def _played(self, request: Request, playing: Playing, end: datetime | None = None) -> Response:
        assert self._packetiser is not None
        first = playing.next_frame_at
        headers: list[tuple[str, str]] = []
        if first is not None:
            track = f"{request.url.rstrip('/')}/{sdp.TRACK_PATH}"
            info = f"url={track};seq={self._packetiser.sequence};rtptime={playing.timestamp(first)}"
            headers = [("Range", clock_range.written(first, end)), ("RTP-Info", info)]
        if request.header("rate-control"):
            headers.append(("Rate-Control", "yes" if playing.paced else "no"))
        if request.header("scale"):
            headers.append(("Scale", "1.0"))
        return Response(200, (*self._named(), *headers))

    def _pause(self, _: Request) -> Response:
        self.paused = True
        return Response(200, self._named())

    def _tear_down(self, _: Request) -> Response:
        named = self._named()
        self.close()
        self.channels = None
        return Response(200, named)

    def packets(self) -> Packetiser:
        assert self._packetiser is not None
        return self._packetiser

    def _named(self) -> tuple[tuple[str, str], ...]:
        return (("Session", self.id),) if self.channels is not None else ()

    def _found(self, url: str) -> tuple[Camera, bool] | None:
        """The camera that an address names, and whether its live picture is meant."""
        try:
            parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
        except ValueError:
            return None
        if len(parts) not in (2, 3) or parts[0] not in (REPLAY, LIVE) or parts[2:] not in ([], [sdp.TRACK_PATH]):
            return None
        camera = next((one for one in self.footage.cameras() if one.token == parts[1]), None)
        return None if camera is None else (camera, parts[0] == LIVE)

    def _asked(self, wanted: clock_range.ClockRange | None, frames: str) -> Asked | None:
        """None when that is no span we have, or can, read."""
        assert self._camera is not None
        bounds = Timeline.of(self.footage.recordings(self._camera.token)).bounds
        if wanted is None or bounds is None:
            return None
        here = bounds.start if self.playing is None else self.playing.next_frame_at or bounds.end
        start = wanted.start or here
        if start >= bounds.end or (wanted.end is not None and wanted.end < start):
            return None
        only = _FRAMES.fullmatch(frames.strip().lower())
        apart = timedelta(milliseconds=int(only[1] or 0)) if only else timedelta(0)
        return Asked(start, wanted.end, only is not None, apart)

    def _parameter_sets(self, camera: Camera, line: Timeline) -> ParameterSets | None:
        """Of the first recording that can be read; a client without them waits for the first keyframe."""
        for one in line.recordings[:3]:
            frames = self.footage.frames(camera.token, one, _BEGINNING)
            try:
                units = next(frames).units
            except StopIteration:
                continue
            except HoldfastError as error:
                self.tell(camera.token, one, error)
                continue
            finally:
                if close := getattr(frames, "close", None):
                    close()
            return ParameterSets(camera.codec, 4, tuple(u for u in units if is_parameter_set(camera.codec, u)))
        return None


def _forwards(pace: str) -> bool:
    """Whether a Scale or Speed is a number above 0; none at all is 1."""
    pace = pace.strip()
    return not pace or (_PACE.fullmatch(pace) is not None and float(pace) > 0)


def _channels(transport: str) -> tuple[int, int] | None:
    """Of the first transport that is interleaved; None when none is."""
    for one in transport.split(","):
        parts = [part.strip().lower() for part in one.split(";")]
        if parts[0] != "rtp/avp/tcp" or "multicast" in parts:
            continue
        named: Sequence[re.Match[str]] = [m for part in parts if (m := _CHANNELS.fullmatch(part))]
        found = (int(named[0][1]), int(named[0][2])) if named else (0, 1)
        if found[0] != found[1] and max(found) < 256:
            return found
    return None
