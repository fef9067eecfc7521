"""Clips cut from the segments of cameras, for a range of time: what is to be had, how it is cut, and what is proved."""
