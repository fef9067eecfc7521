"""The catalog: what is known of every video, in SQLite or PostgreSQL."""
