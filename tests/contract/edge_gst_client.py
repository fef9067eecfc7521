"""A replay client made of GStreamer's own parts (`rtspsrc onvif-mode=true`, no rate control), run by Debian's Python.

    edge_gst_client.py '{"url", "user", "password", "codec", "packets", "stream", "start"?, "stop"?}'

`start` and `stop` are nanoseconds since 1900, as rtspsrc counts in this mode. `packets` is a pattern (`…/%06d`) of
files that get one RTP packet each; `stream` gets the pictures with start codes. Prints `end`, or what went wrong.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

_SECONDS = 12
# After the terminal mark: the server says goodbye a second after it.
_GOODBYE_SECONDS = 3


def main() -> None:
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst

    asked = json.loads(sys.argv[1])
    codec = asked.get("codec", "H264").lower()
    Gst.init(None)
    # Without a jitter buffer, which is made for UDP: the default one drops what comes before it has settled.
    pipeline = Gst.parse_launch(
        f"rtspsrc name=source protocols=tcp onvif-mode=true onvif-rate-control=false buffer-mode=none ! tee name=both"
        f" both. ! queue ! multifilesink name=packets sync=false async=false"
        f" both. ! queue ! rtp{codec}depay ! {codec}parse ! video/x-{codec},stream-format=byte-stream,alignment=au"
        f" ! filesink name=stream sync=false async=false"
    )
    source = pipeline.get_by_name("source")
    for name, value in (("location", "url"), ("user-id", "user"), ("user-pw", "password")):
        source.set_property(name, asked[value])
    for name in ("packets", "stream"):
        pipeline.get_by_name(name).set_property("location", asked[name])
    sys.stdout.write(play(Gst, pipeline, source, asked))
    sys.stdout.flush()
    # The answer is out: nobody waits for GStreamer's threads to end.
    os._exit(0)


def play(Gst: Any, pipeline: Any, source: Any, asked: dict[str, Any]) -> str:  # noqa: N803 - its own name
    pipeline.set_state(Gst.State.READY)
    if "start" in asked:
        stop = asked.get("stop")
        stop_kind = Gst.SeekType.NONE if stop is None else Gst.SeekType.SET
        seek = Gst.Event.new_seek(
            1.0, Gst.Format.TIME, Gst.SeekFlags.FLUSH, Gst.SeekType.SET, asked["start"], stop_kind, stop or 0
        )
        source.send_event(seek)
    pipeline.set_state(Gst.State.PLAYING)
    kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS
    passed = Passed()
    tee = pipeline.get_by_name("both").get_static_pad("sink")
    tee.add_probe(Gst.PadProbeType.BUFFER, lambda _, info: passed.note(Gst, info.get_buffer()))
    bus, ended = pipeline.get_bus(), False
    while (message := bus.timed_pop_filtered(Gst.SECOND // 4, kinds)) is None:
        # On a busy machine rtspsrc overhears a goodbye now and then, and keeps an end sent through it to itself.
        # What has come is written out all the same.
        if not ended and passed.silent_for() > (_GOODBYE_SECONDS if passed.last else _SECONDS):
            ended = tee.send_event(Gst.Event.new_eos())
        elif passed.silent_for() > 2 * _SECONDS:
            return f"not at its end after {2 * _SECONDS} s of silence"
    return "end" if message.type == Gst.MessageType.EOS else " ".join(map(str, message.parse_error()))


class Passed:
    """What went by: when the latest packet did, and whether one had the terminal mark."""

    def __init__(self) -> None:
        self.at, self.last = time.monotonic(), False

    def note(self, Gst: Any, packet: Any) -> Any:  # noqa: N803 - its own name
        self.at = time.monotonic()
        head = packet.extract_dup(0, 26)
        self.last = self.last or bool(head[0] & 0x10 and head[12:14] == b"\xab\xac" and head[24] & 0x10)
        return Gst.PadProbeReturn.OK

    def silent_for(self) -> float:
        return time.monotonic() - self.at


if __name__ == "__main__":
    main()
