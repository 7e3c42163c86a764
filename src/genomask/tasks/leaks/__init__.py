"""What a test set shares with what a model learned from: its pool, and the genome of its pretraining."""
