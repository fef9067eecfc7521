"""The background process: deliveries and scheduled jobs."""
