"""The edge device: an ONVIF Profile G camera with recordings, which a video management system pulls from.

In the order a pull takes: `soap_server` → `services` (which camera, which recordings) → `rtsp_server` →
`rtsp_session` → `replay` (which frames, with which marks) → `stored` (the frames' bytes) → `rtp` (packets)
→ `sending`. `clients` says who may stay connected, and how long.
`footage` is the port: where cameras and their recordings come from; `offered` takes them from the book of offers.
`run` is the process.
"""
