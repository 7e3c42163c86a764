"""What a run tells W&B, and the workspace in which it is looked at."""
