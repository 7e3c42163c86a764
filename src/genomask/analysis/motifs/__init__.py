"""Motifs: known ones in a ranking, new ones in a task, and those that a classifier looks at (Sec. 6.3)."""
