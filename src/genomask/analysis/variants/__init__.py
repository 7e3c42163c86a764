"""What a fine-tuned classifier makes of a variant: reference against alternative sequence (Sec. 6.4, A.4)."""
