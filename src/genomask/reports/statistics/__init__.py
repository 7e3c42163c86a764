"""Comparisons over shared k-shot draws: arrays in, numbers or a reason for their absence out."""
