"""An emulator of Milestone XProtect: what Holdfast's target calls, with a driver that really pulls.

`server.running_vms` starts it. In the order a pull takes: `rest` (which call is meant) → `objects`, `hardware` (the
configuration) → `jobs` (tasks) → `onvif_client`, `rtsp_client`, `depacketise` (the driver) → `footage` (what arrived)
→ `keeping` (for how long) → `recorder` (what it says of that). It knows nothing of Holdfast's own
code: it is a second pair of eyes.
"""
