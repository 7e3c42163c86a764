"""Artefacts on disk: named by what shaped them, whole or absent, built once."""
