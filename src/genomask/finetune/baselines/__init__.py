"""Classifiers without an encoder, which keep every pretrained one honest."""
