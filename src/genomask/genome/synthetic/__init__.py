"""The embedded default input: a human-like genome, its planted truth, and three benchmarks, all drawn from a seed.

Nothing here is biology. Every number that comes of it is a number of a synthetic genome, and says so.
"""
