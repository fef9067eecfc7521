"""Whether today's Chromium, Firefox and Safari all play a file as it is, and if one does not, why. Pure.

The bar is all three, on what people have: a file that needs the newest Apple device or one browser only gets a copy
that plays everywhere. So AV1 is out (Safari plays it on devices of 2023 and later only), and so are Opus and FLAC in
MP4, while VP8 and VP9 in WebM are in (Safari 15 and later).
"""

from __future__ import annotations

from backend.media.facts import Facts

# The name that people know, by ffmpeg's.
_VIDEO_NAMES = {
    "av1": "AV1",
    "dvvideo": "DV",
    "ffv1": "FFV1",
    "flv1": "Flash",
    "h264": "H.264",
    "hevc": "HEVC",
    "mjpeg": "Motion JPEG",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4 part 2",
    "prores": "ProRes",
    "vp8": "VP8",
    "vp9": "VP9",
    "wmv3": "Windows Media",
}
_AUDIO_NAMES = {
    "aac": "AAC",
    "ac3": "AC-3",
    "alac": "Apple Lossless",
    "dts": "DTS",
    "eac3": "E-AC-3",
    "flac": "FLAC",
    "mp2": "MPEG layer 2",
    "mp3": "MP3",
    "opus": "Opus",
    "vorbis": "Vorbis",
}
_CONTAINER_NAMES = {
    "avi": "an AVI file",
    "flv": "a Flash file",
    "matroska": "a Matroska file",
    "mpeg": "an MPEG program stream",
    "mpegts": "an MPEG transport stream",
    "mpegvideo": "a bare MPEG stream",
}
_MP4, _WEBM = "mov", "webm"
_PICTURES = {_MP4: {"h264"}, _WEBM: {"vp8", "vp9"}}
_SOUNDS = {
    _MP4: {"aac", "mp3"},
    _WEBM: {"opus", "vorbis"},
    "mp3": {"mp3"},
    "wav": {"pcm_u8", "pcm_s16le"},
    "flac": {"flac"},
    "ogg": {"vorbis", "opus", "flac"},
    "aac": {"aac"},
}
_H264_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High", "Progressive High", "Constrained High"}
_PLAIN_FORMATS = {"yuv420p", "yuvj420p"}


def why_not(facts: Facts, media_type: str) -> str:
    """Why browsers do not play the file as it is, in words; "" when they do. `media_type` is the type it is served as.

    ffmpeg calls WebM and Matroska by one name, and browsers do not: only the type tells them apart.
    """
    box = _WEBM if facts.container == "matroska" and media_type.endswith("/webm") else facts.container
    if box not in _SOUNDS or (facts.has_video and box not in _PICTURES):
        what = _CONTAINER_NAMES.get(box, f"a file of the kind {box or 'unknown'}")
        return f"This is {what}, which browsers do not play."
    return (_picture(facts, box) if facts.has_video else "") or (_sound(facts, box) if facts.has_audio else "")


def _picture(facts: Facts, box: str) -> str:
    name = _VIDEO_NAMES.get(facts.video_codec, facts.video_codec)
    if facts.video_codec not in _PICTURES[box]:
        return f"Its video is {name}, which not every browser plays{' in this kind of file' if name == 'VP9' else ''}."
    if facts.bits_per_sample is not None and facts.bits_per_sample > 8:
        return f"Its video has {facts.bits_per_sample} bits per sample; browsers play {name} with 8 everywhere."
    if facts.pixel_format not in _PLAIN_FORMATS:
        return (
            f"Its colours are stored as {facts.pixel_format or 'something unknown'}; browsers play 4:2:0 with 8 bits."
        )
    if facts.video_codec == "h264" and facts.profile not in _H264_PROFILES:
        return f"Its video is H.264 of the profile {facts.profile or 'unknown'}, which not every browser plays."
    if facts.interlaced:
        return "Its video is interlaced; browsers would show comb lines."
    if facts.variable_rate:
        return "Its frame rate varies; browsers seek and step in it unevenly."
    return ""


def _sound(facts: Facts, box: str) -> str:
    if facts.audio_codec in _SOUNDS[box]:
        return ""
    name = _AUDIO_NAMES.get(facts.audio_codec, facts.audio_codec)
    if facts.audio_codec.startswith("pcm_"):
        return "Its sound is uncompressed in a form that not every browser plays."
    return f"Its sound is {name}, which not every browser plays in this kind of file."
