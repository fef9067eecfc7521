"""Holdfast: an upload server for a team's video."""
