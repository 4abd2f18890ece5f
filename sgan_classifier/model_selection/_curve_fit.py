"""One fit of `label_efficiency_curve`, in whatever process it runs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from joblib.parallel import BACKENDS, DEFAULT_BACKEND, get_active_backend
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing

from .._labels import known_labels
from .._threads import limit_threads
from ..metrics import LabeledScorer


def share_threads(n_jobs: int | str | None, n_threads: int | None, n_fits: int) -> int | None:
    """Resolve `n_jobs`: "auto" shares out the threads that one fit alone would take.

    Small networks leave much of a second core idle: two fits of one thread side by side finish
    sooner than one after the other on two (`benchmarks/speed.py --sections sweep`).

    Parameters
    ----------
    n_jobs : int, "auto" or None
    n_threads : int or None
        Threads that each fit is to have.
    n_fits : int

    Returns
    -------
    int or None
        None leaves it to `joblib.parallel_config`.

    Raises
    ------
    ValueError
        If `n_jobs` is another string.
    """
    if not isinstance(n_jobs, str):
        return n_jobs
    if n_jobs != "auto":
        raise ValueError(f"n_jobs={n_jobs!r} must be an integer, None or 'auto'.")
    backend, configured = get_active_backend()
    is_default = type(backend) is BACKENDS[DEFAULT_BACKEND] and configured is None
    if not is_default or torch.cuda.is_available():
        return None  # a GPU has not the memory for as many fits as there are cores
    return max(1, min(n_fits, torch.get_num_threads() // (n_threads or 1)))


def call_with_note(
    note: str, run: Any, X: Any, X_test: Any, others: dict[str, Any]
) -> tuple[float, float, float, float]:
    """Call `fit_and_score`, or its stored form, and say which fit it was if it raises."""
    try:
        return run(X=X, X_test=X_test, **others)
    except Exception as error:
        error.add_note(note)
        raise


def fit_and_score(
    estimator: BaseEstimator,
    X: Any,
    y: NDArray,
    train: NDArray | None,
    X_test: Any,
    y_test: Any,
    test: NDArray | None,
    scorer: LabeledScorer,
    labeled_only: bool,
    n_threads: int | None,
    data_key: str | None,
) -> tuple[float, float, float, float]:
    """Return test score, training score, seconds to fit and seconds to score.

    `y` belongs to the rows `train` of `X`. `data_key` stands for the data where results are stored.
    """
    X = X if train is None else _safe_indexing(X, train)
    if test is not None:
        X_test, y_test = _safe_indexing(X_test, test), _safe_indexing(y_test, test)
    if labeled_only:
        y, labeled = known_labels(y)
        X = _safe_indexing(X, np.flatnonzero(labeled))
    with limit_threads(n_threads):
        start = time.perf_counter()
        estimator.fit(X, y)  # our clones pass Ctrl-C on: no fit cut short is scored and stored
        fitted = time.perf_counter()
        test_score = scorer(estimator, X_test, y_test)
        scored = time.perf_counter()
        train_score = scorer(estimator, X, y)
    return test_score, train_score, fitted - start, scored - fitted
