"""The one use case every upload door calls, and recovery after a crash."""
