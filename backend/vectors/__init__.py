"""Indexes of vectors: which of many are nearest to one. They know no catalog; whatever they hold can be made anew."""
