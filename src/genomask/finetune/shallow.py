"""Classifiers of feature tables (embeddings, or what can be counted): logistic and ridge regression, neighbours.

A table is rows by features, a dense array or a sparse one of scipy's. Each function that fits one returns what it
learned, as a function of other rows.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64

from genomask.finetune.classifiers import (
    MOST_STEPS,
    GcBaseline,
    KmerBaseline,
    LogisticSettings,
    MajorityBaseline,
    NearestNeighbours,
)  # fmt: skip
from genomask.seeds import derived_seed
from genomask.tasks.alike import both_strands, row_kmers
from genomask.tasks.examples import Examples

PENALTIES: Final = tuple(10.0**power for power in range(-5, 2))  # the C to choose from
FOLDS: Final = 5
CHOICE_FORMAT: Final = 2  # raised when the code would choose another C
FEW_FEATURES: Final = 512
CHOOSING, FINAL = 1e-4, 1e-7  # tolerances: while C is chosen, and of the optimum that predicts

Transform = Callable[[Any], Any]
Predict = Callable[[Any], Float64[np.ndarray, "rows classes"]]


def standardised(train: Any) -> tuple[Any, Transform]:
    """Divide every feature by its standard deviation in this table, and drop those that are constant in it.

    A dense table is centered, too. Of a sparse one the mean stays: the intercept, which is not penalised, takes it up.
    Raises ValueError if all features are constant.
    """
    mean, square = (np.asarray((train**power).mean(axis=0)).ravel() for power in (1, 2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    varies = deviation > 1e-6 * np.sqrt(square)
    if not varies.any():
        raise ValueError("Every feature is the same in all examples of the episode: there is nothing to learn from.")
    center, scale = mean if isinstance(train, np.ndarray) else None, 1 / deviation[varies]
    columns = slice(None) if varies.all() else varies  # a mask copies

    def transform(table: Any) -> Any:
        return ((table if center is None else table - center)[:, columns]) * scale

    return transform(train), transform


def reduced(train: Any) -> tuple[Any, Transform]:
    """Rotate features to as few as there are rows in this table, which changes no L2-regularised linear model.

    Its weights lie in the span of these rows, whose coordinates follow from the rows' products alone. Returns also what
    turns weights of the rotated features into weights of the features before.
    """
    if train.shape[0] >= train.shape[1]:
        if train.shape[1] <= FEW_FEATURES:  # Newton's method multiplies them, sparse tables a hundred times slower
            train = _dense(train)
        return train.astype(np.float64), lambda weights: weights
    values, vectors = np.linalg.eigh(_dense(train @ train.T).astype(np.float64))
    kept = values > 1e-10 * max(values[-1], np.finfo(float).tiny)
    scale = np.sqrt(values[kept])
    return vectors[:, kept] * scale, lambda weights: train.T @ ((vectors[:, kept] / scale) @ weights)


def _dense(table: Any) -> np.ndarray:
    return table if isinstance(table, np.ndarray) else table.toarray()


def baseline_prediction(
    settings: Any, train: Examples, test: Examples, *, classes: int, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows by what can be counted of the training rows.

    A balanced episode has no majority; the first class counts as predicted then, and the accuracy is its share of the
    test set. The AUC of a constant is 0.5.
    """
    if isinstance(settings, MajorityBaseline):
        frequency = np.bincount(train.labels, minlength=classes) / len(train.labels)
        return np.tile(frequency, (len(test.labels), 1))
    known, unknown = (_features(examples, settings) for examples in (train, test))
    return fit_probe(settings, known, train.labels, seed=seed)(unknown)


def _features(examples: Examples, settings: GcBaseline | KmerBaseline) -> Any:
    """The share of G and C of every row, or its counts of every k-mer, those of several k side by side."""
    from scipy.sparse import csr_array, hstack

    if isinstance(settings, GcBaseline):
        return examples.gc[:, None]
    tables = []
    for k in settings.lengths:
        shape = (len(examples.labels), 4**k)
        tables.append(csr_array(shape))
        for codes, rows in row_kmers(examples, k):
            columns = both_strands(codes, k) if settings.both_strands else codes
            tables[-1] += csr_array((np.ones(len(rows)), (rows, columns.astype(np.int64))), shape=shape)
    return hstack(tables, format="csr")


def fit_probe(settings: Any, train: Any, labels: Int64[np.ndarray, " rows"], *, seed: int) -> Predict:
    """What a classifier with these settings learns from a table; the seed draws folds."""
    from scipy.special import softmax
    from sklearn.neighbors import KNeighborsClassifier

    if isinstance(settings, NearestNeighbours):  # fewer where a class has fewer rows
        count = min(settings.neighbours, int(np.bincount(labels).min()))
        model = KNeighborsClassifier(n_neighbors=count, metric="cosine", algorithm="brute")
        return model.fit(train, labels).predict_proba
    if not isinstance(settings, LogisticSettings):  # ridge regression's scores are not calibrated
        scores = fit_targets(train, 2.0 * (labels[:, None] == np.arange(labels.max() + 1)) - 1)
        return lambda table: softmax(scores(table), axis=1)
    train, scale = standardised(train) if settings.standardise else (train, lambda table: table)
    penalty, steps = settings.inverse_penalty, settings.max_steps
    predict = logistic_regression(train, labels, inverse_penalty=penalty, seed=seed, max_steps=steps)
    return lambda table: predict(scale(table))


def fit_targets(train: Any, targets: Float64[np.ndarray, "rows classes"]) -> Predict:
    """Ridge regression of targets on standardised embeddings; one penalty is chosen by leaving one row out."""
    from sklearn.linear_model import RidgeCV

    known, scale = standardised(train)
    model = RidgeCV(alphas=[1 / penalty for penalty in PENALTIES]).fit(known, targets)
    return lambda table: model.predict(scale(table)).reshape(-1, targets.shape[1])


def way_of_choosing(settings: Any) -> dict[str, int]:
    """What tells how C is chosen, for a classifier that has it chosen."""
    return {"choice": CHOICE_FORMAT} if getattr(settings, "inverse_penalty", 0) is None else {}


def logistic_regression(
    train: Any,
    labels: Int64[np.ndarray, " rows"],
    *,
    inverse_penalty: float | None,
    seed: int,
    max_steps: int = MOST_STEPS,
) -> Predict:
    """Class probabilities by L2-regularised logistic regression; C is chosen by cross-validation where it is None."""
    from scipy.special import softmax
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # which scikit-learn brings along

    # Products of tables this small take longer on two threads than on one, which spin while they wait for each other.
    with threadpool_limits(limits=1):
        features, unrotated = reduced(train)
        penalty = _chosen_penalty(features, labels, seed) if inverse_penalty is None else inverse_penalty
        model = LogisticRegression(C=penalty, solver=_solver(features), max_iter=max_steps, tol=FINAL)
        model.fit(features, labels)
    weights = unrotated(model.coef_.T)

    def predict(table: Any) -> Float64[np.ndarray, "rows classes"]:
        scores = np.asarray(table @ weights + model.intercept_)
        return softmax(scores if scores.shape[1] > 1 else np.hstack([np.zeros_like(scores), scores]), axis=1)

    return predict


def _chosen_penalty(train: Any, labels: Int64[np.ndarray, " rows"], seed: int) -> float:
    """The C whose cross-validated log loss within the episode is lowest; of several, the smallest.

    Of one fold, every C starts from the weights of the one before.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    rarest = int(np.bincount(labels).min())
    if rarest < 2:
        raise ValueError(
            "classifier.inverse_penalty=null needs 2 examples of every class for its cross-validation; "
            f"the episode has {rarest} of one. Give a number instead."
        )
    folds = StratifiedKFold(min(FOLDS, rarest), shuffle=True, random_state=derived_seed(seed, "folds") % 2**32)
    losses = np.zeros(len(PENALTIES))
    for kept, left in folds.split(labels, labels):
        known, others, answers = train[kept], train[left], (np.arange(len(left)), labels[left])
        model = LogisticRegression(solver=_solver(train), tol=CHOOSING, max_iter=MOST_STEPS, warm_start=True)
        for number, penalty in enumerate(PENALTIES):
            model.set_params(C=penalty).fit(known, labels[kept])
            losses[number] -= model.predict_log_proba(others)[answers].mean()
    return PENALTIES[int(np.argmin(losses))]


def _solver(train: Any) -> str:
    """Newton's method, whose step costs the cube of the features, where these are few."""
    return "newton-cholesky" if train.shape[1] <= FEW_FEATURES else "lbfgs"
