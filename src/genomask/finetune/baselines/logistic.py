"""Logistic regression on what can be counted: G and C, or k-mers."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from genomask.finetune.baselines.settings import GcBaseline, KmerBaseline
from genomask.seeds import derived_seed
from genomask.tasks.examples import Examples
from genomask.tasks.kmers import both_strands, row_kmers

PENALTIES = tuple(10.0**power for power in range(-4, 5))  # the C to choose from
FOLDS = 5
MOST_STEPS, TOLERANCE = 10_000, 1e-7  # the optimum itself, whatever the scale of the features


def gc_content(
    train: Examples, test: Examples, *, settings: GcBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their share of G and C, in standard deviations."""
    features = [examples.gc[:, None] for examples in (train, test)]
    return _fit_predict(*_scaled(*features), train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)


def kmer_counts(
    train: Examples, test: Examples, *, settings: KmerBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their counts of every k-mer.

    Raises:
        ValueError: If scikit-learn is absent, or there are too few examples to choose C by cross-validation.
    """
    known, unknown = (_kmer_table(examples, settings) for examples in (train, test))
    if settings.standardise:
        known, unknown = _scaled(known, unknown)
    return _fit_predict(known, unknown, train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)


def _kmer_table(examples: Examples, settings: KmerBaseline):
    """A sparse table of counts, a row a sequence and a column a k-mer."""
    _need_sklearn()
    from scipy.sparse import csr_array

    shape = (len(examples.labels), 4**settings.k)
    table = csr_array(shape)
    for codes, rows in row_kmers(examples, settings.k):
        columns = both_strands(codes, settings.k) if settings.both_strands else codes
        table += csr_array((np.ones(len(rows)), (rows, columns.astype(np.int64))), shape=shape)
    return table


def _scaled(train: Any, test: Any) -> tuple[Any, Any]:
    """Divide every feature by its standard deviation among the training examples; 0 where it is constant.

    The mean stays: the intercept, which is not penalised, takes it up.
    """
    mean, square = (np.asarray((train**power).mean(axis=0)).ravel() for power in (1, 2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-12)
    return train * scale, test * scale


def _fit_predict(
    train: Any, test: Any, labels: np.ndarray, *, inverse_penalty: float | None, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    _need_sklearn()
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    model = LogisticRegression(C=inverse_penalty or 1.0, max_iter=MOST_STEPS, tol=TOLERANCE)
    if inverse_penalty is None:
        rarest = int(np.bincount(labels).min())
        if rarest < 2:
            raise ValueError(
                "classifier.inverse_penalty=null needs 2 examples of every class for its cross-validation; "
                f"the episode has {rarest} of one. Give a number instead."
            )
        draw = derived_seed(seed, "folds") % 2**32
        folds = StratifiedKFold(min(FOLDS, rarest), shuffle=True, random_state=draw)
        model = GridSearchCV(model, {"C": PENALTIES}, scoring="neg_log_loss", cv=folds)
    return model.fit(train, labels).predict_proba(test)


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise ValueError(
            "classifier=gc and classifier=kmer_logistic need scikit-learn, which is not installed. "
            "Install it: pip install 'genomask[baselines]'."
        ) from error
