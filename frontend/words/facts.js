// The facts of a video file in words that people use: length, picture, sound, camera.
import { clockTime } from "./lengths.js";
import { shown } from "./names.js";
import { size } from "./sizes.js";

const CODECS = {
  h264: "H.264", hevc: "HEVC (H.265)", av1: "AV1", vp8: "VP8", vp9: "VP9", mpeg4: "MPEG-4", mpeg2video: "MPEG-2", mpeg1video: "MPEG-1",
  mjpeg: "Motion JPEG", prores: "ProRes", dvvideo: "DV", theora: "Theora", wmv3: "WMV 9", vc1: "VC-1", aac: "AAC", mp3: "MP3", opus: "Opus",
  vorbis: "Vorbis", flac: "FLAC", alac: "ALAC", ac3: "Dolby Digital", eac3: "Dolby Digital Plus", mp2: "MPEG audio",
};

const codec = (name) => CODECS[name] ?? (name.startsWith("pcm_") ? "PCM" : name);
const CHANNELS = { 1: "mono", 2: "stereo", 6: "5.1", 8: "7.1" };
const LONG_SECONDS = 10;

/** [[name, words]]: what is known, in the order of interest; nothing is said of what is not. */
export function factsOf(video) {
  const facts = video.media?.facts;
  const seconds = facts?.duration_seconds ?? video.duration_seconds;
  return [
    ["Length", seconds > 0 && length(seconds)],
    ["Size", size(video.size_bytes)],
    ["Picture", facts?.video_codec && picture(facts)],
    ["Video", facts?.video_codec && movement(facts)],
    ["Sound", facts?.audio_codec && sound(facts)],
    ["Camera", shown(facts?.camera || video.camera_id)],
  ].filter(([, words]) => words);
}

const length = (seconds) => (seconds < LONG_SECONDS ? `${trimmed(seconds, 1)} s` : clockTime(seconds));
const trimmed = (number, digits) => String(Number(number.toFixed(digits)));

function picture({ width, height, rotation, interlaced }) {
  return [`${width} × ${height}`, rotation && `turned by ${rotation}°`, interlaced && "interlaced"].filter(Boolean).join(" · ");
}

function movement({ video_codec: name, fps, variable_rate: varies, bits_per_sample: bits, hdr }) {
  const rate = fps && `${varies ? "about " : ""}${trimmed(fps, 2)} fps`;
  return [codec(name), rate, bits > 8 && `${bits} bits`, hdr && "HDR"].filter(Boolean).join(" · ");
}

function sound({ audio_codec: name, channels, sample_rate: rate }) {
  const rates = rate && `${trimmed(rate / 1000, 1)} kHz`;
  return [codec(name), channels && (CHANNELS[channels] ?? `${channels} channels`), rates].filter(Boolean).join(" · ");
}
