"""Training rows as they are outside of textbooks: uneven classes, foreign images, test scenes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.model_selection import UnlabeledPool, mask_labels

CLEAN = "clean"
FOREIGN = "foreign images"
TARGET = "test rows"  # without their labels
EVEN = "rare classes, labels drawn evenly"
PROPORTIONAL = "rare classes, labels in the pool's proportions"
RATIO = 10  # rows of a common class for one of a rare class


@dataclass(frozen=True)
class TrainingRows:
    """What a fit is given.

    Attributes
    ----------
    X : ndarray of shape (n, ...)
    y : ndarray of shape (n,)
        The drawn labels; -1 for all other rows.
    X_unlabeled : UnlabeledPool or None
    shares : ndarray of shape (n_classes,)
        Of the classes among the rows of the data.
    """

    X: NDArray
    y: NDArray
    X_unlabeled: Any
    shares: NDArray[np.float64]


def make_rows(
    pool: str, data: BenchmarkData, foreign: NDArray | None, n_labels: int, seed: int
) -> TrainingRows:
    """Make the rows of one draw.

    Parameters
    ----------
    pool : str
        One of the names of this module.
    data : BenchmarkData
    foreign : ndarray of shape (m, ...) or None
        Images for the pool `FOREIGN`.
    n_labels, seed : int
        The draw of labels; with an even pool it is the same for all pools.

    Returns
    -------
    TrainingRows
    """
    rows = np.arange(len(data.y_train))
    if pool in (EVEN, PROPORTIONAL):
        rows = rare_rows(data.y_train, seed)
    X, true = data.X_train[rows], data.y_train[rows]
    counts = np.unique(true[true != -1], return_counts=True)[1]
    y = mask_labels(true, n_labels, balanced=pool != PROPORTIONAL, random_state=seed)
    X_unlabeled = None
    if pool == FOREIGN and foreign is not None:
        X = np.concatenate([X, foreign])
        y = np.concatenate([y, np.full(len(foreign), -1, dtype=y.dtype)])
    if pool == TARGET:
        X_unlabeled = UnlabeledPool(data.X_test)
    return TrainingRows(X, y, X_unlabeled, counts / counts.sum())


def rare_classes(y: NDArray) -> NDArray:
    """Return the classes that are made rare: the second half of them, one of two."""
    classes = np.unique(y[y != -1])
    return classes[-(len(classes) // 2) :]


def rare_rows(y: NDArray, seed: int) -> NDArray[np.intp]:
    """Keep a tenth as many rows of each rare class as there are of a common one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True labels; -1 marks rows that have none, which stay.
    seed : int

    Returns
    -------
    ndarray of int
        Rows in rising order.
    """
    rare = rare_classes(y)
    common = np.setdiff1d(np.unique(y[y != -1]), rare)
    n_kept = max(1, round(min(np.sum(y == label) for label in common) / RATIO))
    rng = np.random.default_rng(seed)
    kept = [rng.permutation(np.flatnonzero(y == label))[:n_kept] for label in rare]
    return np.sort(np.concatenate([np.flatnonzero(~np.isin(y, rare)), *kept]))
