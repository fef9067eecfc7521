"""The engine in Redis, as its first users make it. An example program of the library's first users, as they wrote it but for its import."""

from backend.storage import RedisVideoStorage

storage = RedisVideoStorage(
    host="localhost",
    port=6379,
    db=0,
    password=None,
    max_memory_mb=2048,
    ttl_hours=48,
    max_video_size_mb=100
)
