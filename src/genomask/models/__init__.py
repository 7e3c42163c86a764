"""BERT encoders of k-mers: configurations, exact shortcuts, weights, exchange with Hugging Face."""
