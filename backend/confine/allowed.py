"""The lists: which formats are read, which are written, which options and filters our own makers may use."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Formats that hold everything themselves. Not here: whatever names other files or addresses (concat, hls, dash, imf,
# sdp, rtsp, image2), generates (lavfi), or takes any text for a picture or subtitle (tty, ass, srt).
DEMUXERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,asf,flv,mxf,dv,dhav,"
    "mp3,wav,w64,flac,aac,ogg,aiff,ac3,eac3,amr,caf"
)

MUXERS = _words("""
    mp4 mov ipod matroska webm hls mpegts webp image2 mjpeg apng gif null rawvideo wav flac mp3 adts
    s16le f32le framemd5 md5 hash webvtt
""")

# Options that take no value; all others take one.
FFMPEG_FLAGS = _words("""
    y n nostdin hide_banner stats nostats an vn sn dn shortest copyts start_at_zero re xerror bitexact
    accurate_seek noaccurate_seek autorotate noautorotate autoscale noautoscale ignore_unknown copy_unknown
""")
FFPROBE_FLAGS = _words("""
    hide_banner bitexact pretty unit prefix byte_binary_prefix sexagesimal count_frames count_packets
    show_format show_streams show_frames show_packets show_chapters show_programs show_error show_data
    show_private_data show_pixel_formats
""")
# Options whose value is a filter graph.
GRAPHS = _words("vf af filter filter_complex lavfi")

# Options that read or write another file, use a connection, or would undo what stands before each input.
REFUSED = _words("""
    attach dump_attachment filter_script filter_complex_script fpre vpre apre spre pre vstats vstats_file report
    progress protocol_whitelist protocol_blacklist format_whitelist enable_drefs use_absolute_path safe stdin
    init_hw_device filter_hw_device sdp_file o hls_key_info_file hls_enc hls_enc_key_url method headers
    http_proxy tls_verify ca_file cert_file key_file
""")

# None of these opens a file, a font, a library or a connection.
FILTERS = _words("""
    alphaextract avgblur bbox bitplanenoise blackdetect blackframe blurdetect boxblur bwdif color colorspace
    crop cropdetect deblock decimate drawbox drawgrid edgedetect entropy eq extractplanes fade field fieldmatch
    fieldorder format fps framerate framestep freezedetect gblur geq gradients greyedge hflip histogram hqdn3d hstack
    idet interlace kerndeint limiter loop lut lutrgb lutyuv mandelbrot metadata mpdecimate negate noformat
    normalize null nullsrc overlay pad palettegen paletteuse pp premultiply random reverse rotate
    scale scale2ref scdet select separatefields setdar setfield setparams setpts setrange setsar settb showinfo
    sidedata signalstats smartblur split testsrc testsrc2 thumbnail tile tinterlace tonemap tpad
    transpose trim unsharp untile vflip vfrdet vignette vstack xstack yadif zscale

    acompressor adelay aecho aeval afade aformat aloop alimiter amerge amix anull anullsrc apad
    areverse aresample aselect asetnsamples asetpts asetrate asettb ashowinfo asplit astats atempo atrim
    channelmap channelsplit compand dynaudnorm ebur128 highpass join loudnorm lowpass pan
    showfreqs showspectrum showspectrumpic showvolume showwaves showwavespic silencedetect silenceremove sine
    stereotools volume volumedetect

    concat
""")
