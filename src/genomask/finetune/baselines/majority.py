"""The baseline that looks at no sequence at all."""

import numpy as np
from jaxtyping import Float64

from genomask.tasks.examples import Examples


def class_frequencies(train: Examples, test: Examples, *, classes: int) -> Float64[np.ndarray, "rows classes"]:
    """How frequent every class is among the training examples, for each test row alike.

    A balanced episode has no majority; the first class counts as predicted then, and the accuracy is its
    share of the test set. The AUC of a constant is 0.5.
    """
    frequency = np.bincount(train.labels, minlength=classes) / len(train.labels)
    return np.tile(frequency, (len(test.labels), 1))
