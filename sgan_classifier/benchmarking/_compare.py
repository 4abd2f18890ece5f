"""One run of several methods on the same draws of labels, as all benchmarks make it."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..exceptions import NoUnlabeledRowsWarning
from ..model_selection import (
    LabelEfficiencyCurve,
    SemiSupervisedShuffleSplit,
    label_efficiency_curve,
)
from ._contenders import LABELED_ONLY
from ._data import BenchmarkData

ALL = "all"
_CACHE = ".benchmark-cache"  # below the folder of the reports


def cache_folder(out: Path, record: dict[str, Any]) -> Path:
    """Return the folder of finished fits: one a machine, as all fits of a report are of one.

    Parameters
    ----------
    out : Path
        Folder of the reports.
    record : dict
        As `describe_run` begins it.
    """
    return out / _CACHE / joblib.hash(record["machine"])


def compare(
    estimators: dict[str, BaseEstimator],
    data: BenchmarkData,
    n_labels: Sequence[int | str],
    n_draws: int,
    *,
    memory: Path | None,
    n_jobs: int,
    random_state: int,
    verbose: int,
    n_threads: int = 1,
    splits: Sequence[tuple[NDArray, NDArray]] | None = None,
    balanced: bool = True,
    scoring: str = "accuracy",
) -> LabelEfficiencyCurve:
    """Run `label_efficiency_curve` with the settings that all benchmarks share.

    With `splits`, of the training rows, the draws take these in turn, and the test rows are not
    looked at.
    """
    with warnings.catch_warnings():
        # With "all" labels there is nothing left to learn from without them, and nothing amiss.
        warnings.simplefilter("ignore", NoUnlabeledRowsWarning)
        # LabelSpreading divides zero by zero for rows that its graph connects to no label.
        warnings.filterwarnings("ignore", "invalid value encountered in divide", RuntimeWarning)
        return label_efficiency_curve(
            estimators,
            **_rows(data, n_draws, random_state, splits),
            n_labels=parse_labels(n_labels),
            labeled_only=[name for name in LABELED_ONLY if name in estimators],
            n_draws=n_draws,
            random_state=random_state,
            balanced=balanced,
            scoring=scoring,
            n_jobs=n_jobs,
            memory=memory,
            verbose=verbose,
            n_threads=n_threads,
        )


def _rows(data: BenchmarkData, n_draws: int, random_state: int, splits: Any) -> dict[str, Any]:
    if splits is not None:
        return {"X": data.X_train, "y": data.y_train, "cv": splits}
    if not data.resplits:
        return {
            "X": data.X_train,
            "y": data.y_train,
            "X_test": data.X_test,
            "y_test": data.y_test,
        }
    return {
        "X": np.concatenate([data.X_train, data.X_test]),
        "y": np.concatenate([data.y_train, data.y_test]),
        "cv": SemiSupervisedShuffleSplit(
            n_draws, test_size=len(data.X_test), random_state=random_state
        ),
    }


def parse_labels(words: Sequence[int | str]) -> list[int | str]:
    """Turn numbers of labels as typed into integers and "all".

    Examples
    --------
    >>> from sgan_classifier.benchmarking import parse_labels
    >>> parse_labels(["10", "all"])
    [10, 'all']
    """
    counts: list[int | str] = []
    for word in words:
        try:
            counts.append(ALL if word == ALL else int(word))
        except ValueError:
            raise ValueError(
                f"{word!r} is no number of labels. Use whole numbers, or {ALL!r}."
            ) from None
    return counts
