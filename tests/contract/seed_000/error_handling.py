"""What can be caught. An example program of the library's first users, as they wrote it but for its import."""

try:
    key = storage.store_video(video_data, metadata, tags)
except ValueError as e:
    print(f"Validation error: {e}")
except redis.RedisError as e:
    print(f"Redis error: {e}")
except Exception as e:
    print(f"Unexpected error: {e}")
