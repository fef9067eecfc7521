"""The edge device: a camera with recordings as ONVIF has it, which a video management system pulls from.

In the order a pull takes: `soap_server` → `services` (which camera, which recordings) → `rtsp_server` →
`rtsp_session` → `replay` (which frames, with which marks) → `stored` (the frames' bytes) → `rtp` (packets)
→ `sending`, at the `pace` that may be. `clients` says who may stay connected, and how long.
`footage` is the port: where cameras and their recordings come from; `offered` takes them from the book of offers.
`run` is the process.
"""
