"""What a ranking, a task or a classifier has learned: motifs, variants, predictions along a genome."""
