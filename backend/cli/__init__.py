"""video_manager: one file per noun."""
