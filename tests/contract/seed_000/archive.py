"""A video archive system. An example program of the library's first users, as they wrote it but for its import."""

# Store with long TTL
archive_key = storage.store_video(
    video_data,
    metadata,
    tags=["archive", "long_term"],
    ttl_hours=8760  # 1 year
)

# Search archived videos
archived_videos = storage.search_by_tags(["archive"])
