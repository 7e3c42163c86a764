"""BERT encoders of k-mers: configurations, exact fast paths, weights, exchange with Hugging Face."""
