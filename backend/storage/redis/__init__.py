"""Videos kept in Redis, shared by any number of processes."""

from backend.storage.redis.engine import RedisVideoStorage
from backend.storage.redis.reading import VideoDamaged

__all__ = ["RedisVideoStorage", "VideoDamaged"]
