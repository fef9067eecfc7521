"""A video processing pipeline. An example program of the library's first users, as they wrote it but for its import."""

# Store incoming video
key = storage.store_video(raw_video, metadata, tags=["raw", "incoming"])

# Process video
processed_video = process_video(raw_video)
processed_metadata = metadata.copy()
processed_metadata["status"] = "processed"

# Store processed version
processed_key = storage.store_video(
    processed_video, 
    processed_metadata, 
    tags=["processed", "output"]
)

# Link videos
storage.update_metadata(key, {"processed_key": processed_key})
storage.update_metadata(processed_key, {"source_key": key})
