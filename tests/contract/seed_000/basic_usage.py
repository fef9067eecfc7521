"""Storing, retrieving, searching, updating and deleting. An example program of the library's first users, as they wrote it but for its import."""

# Create video metadata
metadata = {
    "title": "Sample Video",
    "description": "A demonstration video",
    "duration": 30.5,        # seconds
    "resolution": "1920x1080",
    "fps": 30.0,
    "source": "camera_1"
}

# Store video with tags
tags = ["demo", "sample", "camera"]
key = storage.store_video(
    video_data=video_bytes,
    metadata=metadata,
    tags=tags,
    filename="sample_video.mp4",
    ttl_hours=24
)

# Get video data
video_data = storage.retrieve_video(key)

# Get metadata only
metadata = storage.retrieve_video(key, format="metadata")

# Search by tags (OR operation)
demo_videos = storage.search_by_tags(["demo", "sample"])

# Search by tags (AND operation)
demo_and_short = storage.search_by_tags(["demo", "short"], operator="AND")

# Search by timestamp range
from datetime import datetime, timedelta

one_hour_ago = datetime.now() - timedelta(hours=1)
recent_videos = storage.search_by_timestamp_range(start_time=one_hour_ago)

# Search within specific time range
start_time = datetime(2024, 1, 1, 0, 0, 0)
end_time = datetime(2024, 1, 31, 23, 59, 59)
january_videos = storage.search_by_timestamp_range(start_time, end_time)

new_metadata = {
    "title": "Updated Title",
    "description": "New description",
    "tags": ["demo", "updated", "processed"]
}

success = storage.update_metadata(key, new_metadata)

# Delete specific video
success = storage.delete_video(key)

# Clear all videos
success = storage.clear_all()
