"""Telling addresses outside what happens here: signed, at least once, retried until the event is too old."""
