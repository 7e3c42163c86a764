"""The steps of a run, each from artefacts to an artefact."""
