"""Counts of all k-mers of a genome."""
