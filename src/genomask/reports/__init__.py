"""Whatever has finished so far, beside what the paper prints."""
