"""A run from its command line to its artefacts: configuration, stages, store, sweeps."""
