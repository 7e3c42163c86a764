"""The embedded default input, drawn from a seed: a human-like genome, its planted truth, three benchmarks.

Nothing here is biology. Every number that comes of it is a number of a synthetic genome, and says so.
"""
