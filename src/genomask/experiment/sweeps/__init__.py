"""Sweeps: many jobs planned at once, run cell by cell, and accounted for whatever happens to them."""
