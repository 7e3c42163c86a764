"""Logistic regression on what can be counted: G and C, or k-mers."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from genomask.finetune.classifiers import GcBaseline, KmerBaseline
from genomask.finetune.shallow import logistic_regression, standardised
from genomask.tasks.examples import Examples
from genomask.tasks.kmers import both_strands, row_kmers


def gc_content(
    train: Examples, test: Examples, *, settings: GcBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their share of G and C, in standard deviations."""
    known, unknown = (examples.gc[:, None] for examples in (train, test))
    known, scale = standardised(known)
    predict = logistic_regression(known, train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)
    return predict(scale(unknown))


def kmer_counts(
    train: Examples, test: Examples, *, settings: KmerBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their counts of every k-mer, those of several k side by side.

    Raises:
        ValueError: If there are too few examples to choose C by cross-validation.
    """
    from scipy.sparse import hstack

    known, unknown = (
        hstack([_table(examples, k, settings.both_strands) for k in settings.lengths], format="csr")
        for examples in (train, test)
    )
    if settings.standardise:
        known, scale = standardised(known)
        unknown = scale(unknown)
    return logistic_regression(known, train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)(unknown)


def _table(examples: Examples, k: int, both: bool) -> Any:
    """A sparse table of counts: one row per sequence, one column per k-mer."""
    from scipy.sparse import csr_array

    shape = (len(examples.labels), 4**k)
    table = csr_array(shape)
    for codes, rows in row_kmers(examples, k):
        columns = both_strands(codes, k) if both else codes
        table += csr_array((np.ones(len(rows)), (rows, columns.astype(np.int64))), shape=shape)
    return table
