"""What cross-validation says with few labels, beside the truth."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from sgan_classifier import SGANClassifier
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._contenders import to_unit_rows
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    write_results,
)
from sgan_classifier.model_selection import SemiSupervisedKFold, mask_labels
from sgan_classifier.model_selection._curve import with_seed

from .cross_validation_report import QUANTITIES, SPLITS, cross_validation_report
from .stored import run_all, storage_key

MAX_DENSE_ROWS = 2000  # above it LabelSpreading takes its sparse graph, which is faster

Candidate = tuple[BaseEstimator, dict[str, list]]


def run_cross_validation(
    data: BenchmarkData,
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    estimators: Sequence[str],
    max_iter: int | None = None,
) -> dict[str, Any]:
    """Compare cross-validation with the accuracy on test rows; write record and report.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int
        Each at least twice the number of classes.
    n_draws : int
    run : Run
        Its `out` is the folder of `cross_validation_<data>.json` and `.md`.
    estimators : sequence of str
        Of "LabelSpreading", "SelfTraining" and "SGANClassifier".
    max_iter : int, optional
        Steps of SGANClassifier.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    ValueError
        If there are fewer than two labels a class.
    """
    if min(n_labels) < 2 * data.n_classes:
        raise ValueError(
            f"n_labels={list(n_labels)}: folds need at least 2 labels of each of "
            f"{data.n_classes} classes, {2 * data.n_classes} in all."
        )
    candidates = make_candidates(data, estimators, max_iter, run.device)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_splits=[n_splits(size, data) for size in n_labels],
        n_draws=n_draws,
        max_iter=max_iter,
    )
    started = time.perf_counter()
    memory = cache_folder(run.out, record)
    scores = measure_all(data, candidates, n_labels, n_draws, memory, run)
    record["seconds"] = time.perf_counter() - started
    record["estimators"] = {name: describe_estimator(e) for name, (e, _) in candidates.items()}
    record["grids"] = {name: grid for name, (_, grid) in candidates.items()}
    record["scores"] = scores
    write_results(record, cross_validation_report, run.out / f"cross_validation_{data.name}")
    return record


def make_candidates(
    data: BenchmarkData, names: Sequence[str], max_iter: int | None, device: str = "auto"
) -> dict[str, Candidate]:
    """Return estimators with their defaults, and the grid that is searched around these.

    Parameters
    ----------
    data : BenchmarkData
        Its `parameters` are set on SGANClassifier.
    names : sequence of str
        Which ones.
    max_iter : int or None
        Steps of SGANClassifier; None for those of the data, or its default.
    device : str, default="auto"
        Of SGANClassifier.

    Returns
    -------
    dict of str to (estimator, grid)
    """
    rows = FunctionTransformer(to_unit_rows)
    dense = len(data.X_train) <= MAX_DENSE_ROWS
    spreading = LabelSpreading(kernel="rbf" if dense else "knn", max_iter=1000)
    graph = {"gamma": [1, 5, 20, 80]} if dense else {"n_neighbors": [3, 7, 15, 30]}
    self_training = SelfTrainingClassifier(LogisticRegression(max_iter=1000))
    steps: dict[str, Any] = {} if max_iter is None else {"max_iter": max_iter}
    candidates: dict[str, Candidate] = {
        "LabelSpreading": (
            make_pipeline(rows, spreading),
            {f"labelspreading__{name}": values for name, values in graph.items()}
            | {"labelspreading__alpha": [0.05, 0.2, 0.8]},
        ),
        "SelfTraining": (
            make_pipeline(rows, self_training),
            {
                "selftrainingclassifier__estimator__C": [1, 10, 100, 1000],
                "selftrainingclassifier__threshold": [0.75, 0.95],
            },
        ),
        "SGANClassifier": (
            SGANClassifier(device=device, **{**data.parameters, **steps}),
            {"adversarial_weight": [0.03, 0.1, 0.3], "learning_rate": [5e-4, 1e-3, 2e-3]},
        ),
    }
    return {name: candidates[name] for name in names}


def thin(data: BenchmarkData, max_rows: int | None) -> BenchmarkData:
    """Keep at most `max_rows` training rows, evenly spaced; all test rows stay."""
    if max_rows is None or len(data.X_train) <= max_rows:
        return data
    kept = np.linspace(0, len(data.X_train) - 1, max_rows).astype(int)
    return replace(data, X_train=data.X_train[kept], y_train=data.y_train[kept], groups=None)


def measure(
    estimator: BaseEstimator,
    grid: dict[str, list],
    data: BenchmarkData,
    n_labels: int,
    seed: int,
    data_key: str,
) -> list[float]:
    """Return the QUANTITIES of one estimator and one draw.

    Nothing but the truth sees the test rows, and nothing sees a hidden label. `data_key` stands for
    `data` where results are stored.
    """
    y = mask_labels(data.y_train, n_labels, random_state=seed)
    estimator = with_seed(estimator, seed)
    ours = SemiSupervisedKFold(n_splits(n_labels, data), random_state=seed)

    def truth(model: BaseEstimator) -> float:
        return model.score(data.X_test, data.y_test)

    with warnings.catch_warnings(), limit_threads(1):
        # LabelSpreading divides zero by zero for rows that its graph connects to no label.
        warnings.filterwarnings("ignore", "invalid value encountered in divide", RuntimeWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Plain folds take the unlabelled rows for one more class, a large one.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        figures = [
            truth(clone(estimator).fit(data.X_train, y)),
            cross_val_score(estimator, data.X_train, y, cv=SPLITS).mean(),
            cross_val_score(estimator, data.X_train, y, cv=ours).mean(),
        ]
        for cv in (SPLITS, ours):
            search = GridSearchCV(estimator, grid, cv=cv).fit(data.X_train, y)
            figures += [search.best_score_, truth(search.best_estimator_)]
    return figures


def n_splits(n_labels: int, data: BenchmarkData) -> int:
    """Five folds, or as many as there are labels a class."""
    return min(SPLITS, n_labels // data.n_classes)


def measure_all(
    data: BenchmarkData,
    candidates: dict[str, Candidate],
    n_labels: Sequence[int],
    n_draws: int,
    memory: Path,
    run: Run,
) -> dict[str, dict[str, list]]:
    """Measure everything: figures (n_sizes, n_draws) by estimator and quantity."""
    stored = joblib.Memory(memory, verbose=0).cache(measure, ignore=["data"])
    key = storage_key(data)
    tasks = [
        (name, size, seed)
        for name in candidates
        for size in n_labels
        for seed in run.seeds(n_draws)
    ]
    calls = [(*candidates[name], data, size, seed, key) for name, size, seed in tasks]
    done = run_all(stored, calls, run, unit="draw", name="cross-validation")
    figures = np.array(done).reshape(len(candidates), len(n_labels), n_draws, len(QUANTITIES))
    return {
        name: {quantity: figures[i, :, :, k].tolist() for k, quantity in enumerate(QUANTITIES)}
        for i, name in enumerate(candidates)
    }
