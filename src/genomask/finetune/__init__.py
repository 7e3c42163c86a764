"""From an encoder and a few examples to a scored classifier."""
