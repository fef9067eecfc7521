"""`scripts/bench`: Holdfast beside what a careful person would write in an afternoon, in one run, on one machine."""
