"""Which rows to label next."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import _safe_indexing, gen_batches
from sklearn.utils.validation import check_is_fitted

from ._arrays import to_array
from ._labels import is_unlabeled, label_column
from ._random import draw_seed
from .exceptions import InvalidInputError

__all__ = ["STRATEGIES", "suggest"]

# Clusters are sought among this many times n of the least certain rows (Zhdanov 2019, beta).
PREFILTER = 10
ROWS_AT_ONCE = 4096  # of X that are in memory


def suggest(
    estimator: BaseEstimator,
    X: Any,
    n: int,
    *,
    y: ArrayLike | None = None,
    strategy: str = "margin",
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.int64]:
    """Return the rows of `X` that are best labelled next.

    A label is worth most where the estimator is in doubt, and least where a row much like it is
    labelled already. The strategies weigh these two against each other:

    - "margin": the smallest difference between the two greatest probabilities [1]_;
    - "entropy": the greatest entropy of the probabilities; with two classes the order of "margin";
    - "core_set": rows that lie farthest, in the features of `transform`, from the labelled rows
      (where there are none, from the mean) and from each other, whatever the probabilities: greedy
      k-centre [2]_;
    - "badge": k-means++ on the gradients that a row would have if its predicted class were its
      label; they are long where the row is in doubt, and alike where the features are [3]_;
    - "weighted_kmeans": k-means on the features of the least certain rows, weighted by how
      uncertain they are; the row nearest to each centre [4]_.

    Parameters
    ----------
    estimator : fitted classifier
        With `predict_proba`, and for "core_set", "badge" and "weighted_kmeans" with `transform`:
        SGANClassifier and CNNClassifier have both, and so has a pipeline that ends in one.
    X : array-like of shape (n_samples, ...)
        Rows of the shape seen in `fit`.
    n : int
        How many rows to suggest.
    y : array-like of shape (n_samples,), optional
        Labels, unlabelled rows marked as in `fit` (-1, None, NaN, pandas.NA). Labelled rows are
        never suggested. None takes all rows as unlabelled.
    strategy : {"margin", "entropy", "core_set", "badge", "weighted_kmeans"}, default="margin"
        What makes a row worth a label.
    random_state : int, RandomState or None, default=None
        Breaks ties, and draws in "badge" and "weighted_kmeans".

    Returns
    -------
    rows : ndarray of int64, shape (n,)
        Indices into `X`, no row twice; the most worthwhile first, but for "badge", which draws.

    Raises
    ------
    InvalidInputError
        If `n` is no positive integer or more than there are unlabelled rows, if `y` is not as long
        as `X`, if the strategy is unknown, if the estimator lacks what the strategy needs, or if
        its answers are not finite.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    Suggested labels stand in other proportions than the classes of the unlabelled rows.
    SGANClassifier's `balance_weight` draws its predictions on those rows towards `class_prior_`, by
    default the proportions of the labels unless others are clearly better: pass the classes' shares
    as `class_prior`; or ``class_weight="balanced"``, which turns that off, or ``balance_weight=0``.
    Otherwise the next suggestions lean further to one side, and so do the labels after them.

    References
    ----------
    .. [1] Settles, "Active Learning Literature Survey", Computer Sciences Technical Report 1648,
           University of Wisconsin-Madison, 2009, section 3.1.
    .. [2] Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set
           Approach", ICLR 2018, algorithm 1.
    .. [3] Ash, Zhang, Krishnamurthy, Langford and Agarwal, "Deep Batch Active Learning by Diverse,
           Uncertain Gradient Lower Bounds", ICLR 2020, algorithm 1.
    .. [4] Zhdanov, "Diverse mini-batch Active Learning", arXiv:1901.05954, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier import SGANClassifier
    >>> from sgan_classifier.active import suggest
    >>> X, y_true = load_digits().images, load_digits().target
    >>> y = np.where(np.arange(len(X)) < 20, y_true, -1)
    >>> model = SGANClassifier(max_iter=20, width=8, random_state=0).fit(X, y)
    >>> rows = suggest(model, X, 10, y=y)
    >>> bool((y[rows] == -1).all())
    True
    >>> y[rows] = y_true[rows]  # this is where an expert looks at X[rows]
    """
    if not isinstance(strategy, str) or strategy not in STRATEGIES:
        raise InvalidInputError(f"strategy={strategy!r} is unknown. Use one of {[*STRATEGIES]}.")
    X = X if hasattr(X, "shape") else to_array(X, "X")
    if len(X.shape) == 0:  # as of a generator
        raise InvalidInputError(f"X={X!r} has no rows. Pass an array, or a list of the rows.")
    candidates = _unlabeled_rows(y, X.shape[0])
    _check_n(n, len(candidates))
    check_is_fitted(estimator)
    labeled = np.setdiff1d(np.arange(X.shape[0]), candidates)
    seed = draw_seed(random_state)
    question = _Question(estimator, X, candidates, labeled, int(n), np.random.default_rng(seed))
    return candidates[STRATEGIES[strategy](question)]


@dataclass
class _Question:
    """What a strategy may ask; `candidates` and `labeled` are rows of `X`."""

    estimator: Any
    X: Any
    candidates: NDArray[np.int64]
    labeled: NDArray[np.int64]
    n: int
    rng: np.random.Generator

    def probabilities(self) -> NDArray[np.float64]:
        """Of the candidates, (n_candidates, n_classes)."""
        return self._ask("predict_proba", self.candidates)

    def features(self) -> NDArray[np.float64]:
        """Of the candidates, (n_candidates, n_features)."""
        return self._ask("transform", self.candidates)

    def labeled_features(self) -> NDArray[np.float64]:
        """Of the labelled rows, (n_labelled, n_features)."""
        return self._ask("transform", self.labeled)

    def _ask(self, method: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        if not hasattr(self.estimator, method):
            raise InvalidInputError(
                f"{type(self.estimator).__name__} has no {method}, which this strategy needs. Use "
                "an estimator that has it, or another strategy."
            )
        ask = getattr(self.estimator, method)
        # some at a time, as a memory map may be larger than memory
        parts = [
            np.asarray(ask(_safe_indexing(self.X, rows[part])), float)
            for part in gen_batches(len(rows), ROWS_AT_ONCE)
        ]
        answer = np.concatenate(parts)
        if answer.ndim != 2 or not np.isfinite(answer).all():
            raise InvalidInputError(
                f"{type(self.estimator).__name__}.{method} answers with shape {answer.shape} and "
                f"{np.sum(~np.isfinite(answer))} values that are not finite; expected finite "
                "values, a row for each row of X. Look for NaN in X."
            )
        return answer


# ---------------------------------------------------------------------- strategies


def _by_margin(question: _Question) -> NDArray[np.int64]:
    return _greatest(-_margin(question.probabilities()), question)


def _by_entropy(question: _Question) -> NDArray[np.int64]:
    p = question.probabilities()
    return _greatest(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1), question)


def _by_core_set(question: _Question) -> NDArray[np.int64]:
    features = question.features()
    # without any labelled row, far from the middle
    centers = question.labeled_features() if len(question.labeled) else [features.mean(axis=0)]
    distance = np.full(len(features), np.inf)
    for center in centers:
        distance = np.minimum(distance, _squared_distance(features, center))
    chosen: list[int] = []
    while len(chosen) < question.n:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, _squared_distance(features, features[chosen[-1]]))
        distance[chosen] = -1.0  # never again, even where all rows are alike
    return np.array(chosen)


def _by_badge(question: _Question) -> NDArray[np.int64]:
    # The gradient by the last layer is the outer product of p - e_predicted with the features
    # [equation 1]. Products of such products are products of their parts, so none is formed.
    p, features = question.probabilities(), question.features()
    error = p.copy()
    error[np.arange(len(p)), p.argmax(axis=1)] -= 1.0
    length = (error**2).sum(axis=1) * (features**2).sum(axis=1)
    # from 0, where the gradients of certain rows lie, as from a centre: no label is spent on it
    distance = length.copy()
    chosen: list[int] = []
    while len(chosen) < question.n:
        distance[chosen] = 0.0
        if distance.sum() == 0.0:  # all that is left lies where a chosen row does
            distance = np.ones(len(p))
            distance[chosen] = 0.0
        row = int(question.rng.choice(len(p), p=distance / distance.sum()))
        chosen.append(row)
        product = (error @ error[row]) * (features @ features[row])
        distance = np.minimum(distance, np.maximum(length + length[row] - 2.0 * product, 0.0))
    return np.array(chosen)


def _by_weighted_kmeans(question: _Question) -> NDArray[np.int64]:
    uncertainty = 1.0 - _margin(question.probabilities())
    least_certain = _greatest(uncertainty, question, PREFILTER * question.n)
    features = question.features()[least_certain]
    weight = uncertainty[least_certain] + np.finfo(float).tiny
    seed = int(question.rng.integers(2**31))
    kmeans = KMeans(question.n, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        nearest = kmeans.fit_transform(features, sample_weight=weight).argmin(axis=0)
    chosen = np.zeros(len(least_certain), dtype=bool)
    chosen[nearest] = True
    # Where one row is the nearest to several centres, the least certain of the others make up.
    chosen[np.flatnonzero(~chosen)[: question.n - chosen.sum()]] = True
    return least_certain[chosen]


STRATEGIES: dict[str, Callable[[_Question], NDArray[np.int64]]] = {
    "margin": _by_margin,
    "entropy": _by_entropy,
    "core_set": _by_core_set,
    "badge": _by_badge,
    "weighted_kmeans": _by_weighted_kmeans,
}


# ---------------------------------------------------------------------- parts of them


def _margin(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference between the two greatest probabilities of each row, (n,)."""
    if probabilities.shape[1] < 2:
        raise InvalidInputError("The estimator knows one class only; nothing is in doubt.")
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    return first - second


def _greatest(
    values: NDArray[np.float64], question: _Question, n: int | None = None
) -> NDArray[np.int64]:
    """Positions of the `n` greatest values, the greatest first, ties in random order."""
    order = np.lexsort((question.rng.permutation(len(values)), -values))
    return order[: question.n if n is None else n]


def _squared_distance(
    rows: NDArray[np.float64], center: NDArray[np.float64]
) -> NDArray[np.float64]:
    return ((rows - center) ** 2).sum(axis=1)


# ---------------------------------------------------------------------- checks


def _unlabeled_rows(y: ArrayLike | None, n_rows: int) -> NDArray[np.int64]:
    if y is None:
        return np.arange(n_rows)
    unlabeled = is_unlabeled(label_column(y))
    if unlabeled.shape != (n_rows,):
        raise InvalidInputError(
            f"y has shape {unlabeled.shape}, but X has {n_rows} rows. Pass one entry a row, -1 "
            "where there is no label."
        )
    return np.flatnonzero(unlabeled)


def _check_n(n: int, n_candidates: int) -> None:
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise InvalidInputError(f"n={n!r} is no positive integer. Ask for 1 row or more.")
    if n > n_candidates:
        raise InvalidInputError(
            f"n={n} is more than the {n_candidates} unlabelled rows of X. Ask for fewer rows."
        )
