"""Real-time video monitoring. An example program of the library's first users, as they wrote it but for its import."""

# Store with short TTL for real-time processing
monitoring_key = storage.store_video(
    video_data,
    metadata,
    tags=["monitoring", "real_time"],
    ttl_hours=1  # 1 hour
)

# Get recent videos
recent_videos = storage.search_by_timestamp_range(
    start_time=datetime.now() - timedelta(minutes=30)
)
