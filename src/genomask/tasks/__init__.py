"""Benchmarks and their k-shot episodes."""
