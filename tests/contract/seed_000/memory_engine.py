"""The engine in memory, as its first users make it. An example program of the library's first users, as they wrote it but for its import."""

from backend.storage import MemoryVideoStorage

storage = MemoryVideoStorage(
    max_memory_mb=2048,      # Maximum memory usage
    ttl_hours=48,            # Default TTL for videos
    cleanup_interval=50,      # Operations before cleanup
    max_video_size_mb=100    # Maximum video file size
)
