"""A stream on its way to one client: frames read ahead in threads, packed, and sent as fast as may be."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

from backend.edge.footage import NotYet
from backend.edge.pace import Pace
from backend.edge.playing import Playing
from backend.edge.rtp import Packetiser

_BUFFER_BYTES = 512 * 1024
_REPORT_SECONDS = 5.0
# The goodbye comes a little after the last frame: who knows the terminal mark asks for the next span at once and never
# sees it, and GStreamer loses what it has not yet put in order when it comes on the heels of a short stream.
_GOODBYE_SECONDS = 1.0


@dataclass
class Line:
    """The way to a client. Raises TimeoutError when it takes nothing, OSError when it went."""

    writer: asyncio.StreamWriter
    stalled_seconds: float

    def __post_init__(self) -> None:
        self.writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(self.stalled_seconds):
            await self.writer.drain()

    def write_packets(self, channel: int, packets: list[bytes]) -> None:
        """Whole frames at once: a stream that is cut between its packets cannot be taken up again."""
        self.writer.write(b"".join(struct.pack(">BBH", 0x24, channel, len(one)) + one for one in packets))

    async def flush(self) -> None:
        """Until the system has all of it: what is still here is lost when the connection is ended."""
        self.writer.transport.set_write_buffer_limits(high=0)
        await self.send(b"")


@dataclass
class Sending:
    """One PLAY's frames, from where they are. `channels`: RTP, RTCP."""

    line: Line
    channels: tuple[int, int]
    playing: Playing
    packets: Packetiser
    readers: Executor
    pace: Pace

    async def run(self) -> None:
        """Send all frames, and a goodbye. May be cancelled between two frames and run anew."""
        loop = asyncio.get_running_loop()
        began, first = loop.time(), None
        reported = -_REPORT_SECONDS
        while await self._read():
            one = self.playing.upcoming()
            at = one.frame.at
            first = first or one.frame.order_at
            if self.playing.paced and (early := self.playing.due(one, first) - (loop.time() - began)) > 0:
                await asyncio.sleep(early)
            await self.pace.turn(sum(map(len, one.frame.units)))
            self.playing.sent()
            timestamp = self.playing.timestamp(at)
            if loop.time() - reported >= _REPORT_SECONDS:
                reported = loop.time()
                self.line.write_packets(self.channels[1], [self.packets.sender_report(at, timestamp)])
            number = self.playing.request_number
            made = self.packets.packets_of(one.frame.units, timestamp, at, one.marks, number)
            self.line.write_packets(self.channels[0], made)
            await self.line.send(b"")
            if one.marks.terminal:
                await self._say_goodbye(at, timestamp)

    async def _read(self) -> bool:
        """Whether there is a frame to send."""
        while not self.playing.waiting and not self.playing.done:
            if (wait := await self._read_ahead()) is not None and not self.playing.waiting:
                await asyncio.wait([asyncio.wrap_future(wait.done)])
        return bool(self.playing.waiting)

    async def _read_ahead(self) -> NotYet | None:
        # Shielded: a thread that reads goes on when this is cancelled, and nobody else may read meanwhile.
        reading = asyncio.get_running_loop().run_in_executor(self.readers, self.playing.read_ahead)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait([reading])
            raise

    async def _say_goodbye(self, at: datetime, timestamp: int) -> None:
        await asyncio.sleep(_GOODBYE_SECONDS)
        self.line.write_packets(self.channels[1], [self.packets.goodbye(at, timestamp)])
        await self.line.send(b"")
