"""Figures for Prometheus: counts of what this installation's processes did, and what its catalog says just now."""
