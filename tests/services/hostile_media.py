"""Files that want more than to be shown: lists that name other files, wrong claims, and seeded damage.

What is generated reads or opens nothing here; the tests give it to the programs that must not be fooled.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.media import ffmpeg, make_audio, make_video

# In each folder with a hostile file lies this one, plain white: it must never be shown.
SIBLING = "sibling-secret.mp4"
SIBLING_STREAM = "sibling-secret.ts"

_ADDRESSES = {
    "sibling": "{name}",
    "dotted": "./{name}",
    "absolute": "{absolute}",
    "file": "file:{absolute}",
    "file-url": "file://{absolute}",
    "http": "http://127.0.0.1:{port}/a.ts",
    "tcp": "tcp://127.0.0.1:{port}",
    "concat": "concat:{absolute}|{absolute}",
    "subfile": "subfile,,start,0,end,0,,:{absolute}",
    "crypto": "crypto:{absolute}",
    "data": "data:video/mp2t;base64,R0AREABC8CUAAcEAAP8B",
    "itself": "{itself}",
    "async": "async:cache:{absolute}",
}
_HLS = (
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
    "#EXTINF:2.0,\n{address}\n#EXT-X-ENDLIST\n"
)
_LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{address}'\n",
    "concat-without-head": "file '{address}'\n",
    "hls": _HLS,
    "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{address}\n",
    "hls-map": '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI="{address}"\n#EXTINF:2,\n{address}\n'
    "#EXT-X-ENDLIST\n",
    "hls-key": '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n#EXTINF:2,\n{address}\n'
    "#EXT-X-ENDLIST\n",
    "m3u": "{address}\n",
    "pls": "[playlist]\nFile1={address}\nNumberOfEntries=1\n",
    "asx": '<ASX VERSION="3.0"><ENTRY><REF HREF="{address}"/></ENTRY></ASX>\n',
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet '
    'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{address}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>\n",
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:0</Id><ContentTitle>{address}</ContentTitle></CompositionPlaylist>\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={address}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "rtsptext": "rtsptext\r\nrtsp://127.0.0.1:{port}/{name}\r\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="320" '
    'height="180"><image xlink:href="{address}" width="320" height="180"/></svg>\n',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n"
    "timestamp: 00:00:00:000, filepos: 000000000\n",
    "pattern": "sibling-%03d.jpg\n",
    "srt": "1\n00:00:00,000 --> 00:00:02,000\n{address}\n",
    "tty": "\x1b[2J\x1b[1;1H{address}\n" * 20,
    "avisynth": 'AviSource("{address}")\n',
    "ffmetadata": ";FFMETADATA1\ntitle={address}\n",
}
_EXTENSIONS = ("mp4", "mkv", "ts", "mp3", "avi", "mov")


@dataclass(frozen=True)
class Lure:
    """A text that names another file or an address, and the name it is uploaded under."""

    kind: str
    address: str
    extension: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.address}.{self.extension}"

    def write(self, folder: Path, *, port: int) -> Path:
        """Writes it and its siblings into `folder`."""
        path = folder / f"upload.{self.extension}"
        secret = folder / (SIBLING_STREAM if self.kind.startswith("hls") else SIBLING)
        words = {"name": secret.name, "absolute": secret, "port": port, "itself": path.name}
        address = _ADDRESSES[self.address].format(**words)
        path.write_text(_LISTS[self.kind].format(address=address, **words))
        return path


def lures() -> list[Lure]:
    """Each way of naming in concat scripts and HLS, under every extension in turn; the others once or twice."""
    found = []
    for number, address in enumerate(_ADDRESSES):
        for shift, kind in enumerate(("ffconcat", "hls")):
            found.append(Lure(kind, address, _EXTENSIONS[(number + shift) % len(_EXTENSIONS)]))
    for number, kind in enumerate(_LISTS):
        if kind not in ("ffconcat", "hls"):
            for shift, address in enumerate(("sibling", "http")):
                found.append(Lure(kind, address, _EXTENSIONS[(number + shift) % len(_EXTENSIONS)]))
    return found


def put_siblings(folder: Path, made: Path) -> None:
    """The secrets, white, beside what is uploaded; `made` has them once."""
    for name in (SIBLING, SIBLING_STREAM):
        (folder / name).hardlink_to(made / name)


def make_siblings(folder: Path) -> Path:
    """Makes the secrets. Returns `folder`."""
    for name in (SIBLING, SIBLING_STREAM):
        make_video(folder / name, seconds=1, codec="libx264", picture="color=white", audio=False)
    return folder


# Boxes of MP4 and QuickTime: (length, name, content), the length with its own eight bytes.
def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def with_box(data: bytes, path: list[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """`data` with the content of the boxes at `path` changed, and all lengths around them put right."""
    changed, at = b"", 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + length]
        if name == path[0]:
            content = change(content) if len(path) == 1 else with_box(content, path[1:], change)
        changed += box(name, content)
        at += length
    return changed


def elsewhere(folder: Path, *, absolute: bool) -> Path:
    """A QuickTime movie whose picture lies in another file: the white `elsewhere-secret.mov` beside it."""
    secret = make_video(
        folder / "elsewhere-secret.mov", seconds=1, codec="mpeg4", picture="color=white", audio=False
    )  # fmt: skip
    named = str(secret).lstrip("/") if absolute else secret.name
    levels = (0, 0) if absolute else (1, 1)
    path = f":{named}".replace("/", ":").encode()
    path += b"\0" * (len(path) % 2)
    alias = bytes(10) + bytes([0]) + bytes(27) + bytes(12) + bytes([0]) + bytes(63) + bytes(16)
    alias += struct.pack(">HH", *levels) + bytes(16) + struct.pack(">HH", 2, len(path)) + path
    alias += struct.pack(">hH", -1, 0)
    drefs = struct.pack(">II", 0, 1) + box(b"alis", struct.pack(">I", 0) + alias)
    moved = with_box(secret.read_bytes(), [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"], lambda _: drefs)
    emptied = with_box(moved, [b"mdat"], lambda content: bytes(len(content)))
    upload = folder / "upload.mov"
    upload.write_bytes(emptied)
    return upload


def deeply_nested(path: Path, *, levels: int = 20_000) -> Path:
    """Boxes within boxes within boxes."""
    head = box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    sizes = range(8 * levels, 0, -8)
    names = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"meta")
    nested = b"".join(struct.pack(">I4s", size, names[min(at, 1)]) for at, size in enumerate(sizes))
    path.write_bytes(head + nested)
    return path


def many_boxes(path: Path, *, count: int = 100_000) -> Path:
    """One hundred thousand empty tracks."""
    head = box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    path.write_bytes(head + box(b"moov", box(b"trak", b"") * count))
    return path


def enormous_picture(path: Path, *, side: int = 16_000) -> Path:
    """A PNG in QuickTime that claims `side` × `side` pixels and has a handful."""
    small = make_video(path.with_name("small.mov"), seconds=0.2, codec="png", audio=False, size="64x64")
    data = small.read_bytes()
    head = data.index(b"IHDR")
    while head > 0:
        claim = b"IHDR" + struct.pack(">II", side, side) + data[head + 12 : head + 17]
        data = data[:head] + claim + struct.pack(">I", zlib.crc32(claim)) + data[head + 21 :]
        head = data.find(b"IHDR", head + 4)
    path.write_bytes(data)
    small.unlink()
    return path


def endless_samples(path: Path) -> Path:
    """An index that claims two thousand million samples of one byte, each as long as an hour."""
    data = make_video(path.with_name("small.mp4"), seconds=0.2, audio=False).read_bytes()
    path.with_name("small.mp4").unlink()
    table = [b"moov", b"trak", b"mdia", b"minf", b"stbl"]
    data = with_box(data, [*table, b"stsz"], lambda _: struct.pack(">III", 0, 1, 0x7FFFFFFF))
    data = with_box(data, [*table, b"stts"], lambda _: struct.pack(">IIII", 0, 1, 0x7FFFFFFF, 0x7FFFFFFF))
    path.write_bytes(data)
    return path


def far_apart(path: Path) -> Path:
    """A few pictures a day apart: whoever fills the gaps never ends."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25", "-vf", "setpts=N*86400/TB", "-frames:v", "4",
           "-fps_mode", "passthrough", "-c:v", "mjpeg", path)  # fmt: skip
    return path


def linked_segment(path: Path, *, next_name: str = "sibling.mkv") -> Path:
    """A Matroska file whose header says that it goes on in `next_name`, and that has a file attached."""
    note = path.with_name("note.txt")
    note.write_text("attached-secret")
    make_video(path, seconds=0.5, audio=False,
               extra=["-attach", str(note), "-metadata:s:t", "mimetype=text/plain"])  # fmt: skip
    note.unlink()
    data = path.read_bytes()
    # MuxingApp (4D80) becomes NextFilename (3E83BB): one byte more of name, one less of content.
    at = data.index(b"\x4d\x80")
    length = data[at + 2] & 0x7F
    content = next_name.encode().ljust(length - 1, b"\0")[: length - 1]
    path.write_bytes(data[:at] + b"\x3e\x83\xbb" + bytes([0x80 | len(content)]) + content + data[at + 3 + length :])
    return path


SEEDS = ("mp4", "mov", "mkv", "webm", "avi", "ts", "mpg", "mp3", "wav", "flac", "m4a", "m4v")


def make_seed(folder: Path, extension: str) -> Path:
    """A very small healthy file, for `mutants`."""
    path = folder / f"seed.{extension}"
    if extension in ("mp3", "wav", "flac", "m4a"):
        return make_audio(path, seconds=0.3)
    return make_video(path, seconds=0.3, size="64x48", fps=10)


def mutants(seed: Path, numbers: range) -> Iterator[tuple[int, bytes]]:
    """Damaged copies of `seed`, the same for the same numbers."""
    healthy = seed.read_bytes()
    for number in numbers:
        yield number, _mutant(healthy, random.Random(f"{seed.suffix}-{number}"))


def _mutant(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 1, 2, 2, 4, 16))):
        # Headers and indexes are where damage does most.
        reach = chance.choice((64, 512, 4096, len(changed)))
        at = chance.randrange(min(reach, len(changed)) or 1)
        if chance.random() < 0.3:
            at = max(0, len(changed) - 1 - at)
        _damage(changed, at, chance)
        if not changed:
            break
    return bytes(changed)


def _damage(data: bytearray, at: int, chance: random.Random) -> None:
    length = chance.choice((1, 2, 4, 8, 64, 500))
    match chance.randrange(8):
        case 0 | 1:
            for place in range(at, min(at + length, len(data))):
                data[place] = chance.randrange(256)
        case 2:
            data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0"))
        case 3:
            data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)]) if at < len(data) else b""
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = chance.randbytes(length)
        case 6:
            data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
        case _:
            if chance.random() < 0.3:
                del data[at:]
            else:
                other = chance.randrange(len(data) or 1)
                data[at : at + length], data[other : other + length] = (
                    data[other : other + length],
                    data[at : at + length],
                )
