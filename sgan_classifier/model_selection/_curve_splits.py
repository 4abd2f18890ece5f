"""Which rows each draw of `label_efficiency_curve` is trained and tested on."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length

from .._labels import is_unlabeled
from ._group_split import SemiSupervisedGroupKFold, known_groups
from ._split import SemiSupervisedKFold


def make_splits(
    X: Any, y: NDArray, X_test: Any, y_test: Any, groups: Any, cv: Any, seeds: list[int]
) -> list[tuple[NDArray | None, NDArray | None]]:
    """Return training and test rows of each draw; None stands for all rows."""
    if X_test is not None or y_test is not None:
        if groups is not None or cv is not None:
            held_out = "groups" if cv is None else "cv"
            raise ValueError(f"Both {held_out} and X_test or y_test are given. Pass one of them.")
        if X_test is None or y_test is None:
            missing = "X_test" if X_test is None else "y_test"
            raise ValueError(f"Test rows need both X_test and y_test, and {missing} is None.")
        check_consistent_length(X_test, y_test)
        if is_unlabeled(y_test).all():
            raise ValueError(
                f"None of the {len(y_test)} rows of y_test is labelled: all are -1, NaN or None. "
                "Label a few of each class."
            )
        return [(None, None)] * len(seeds)
    if cv is None and groups is None:
        raise ValueError(
            "There are no test rows: pass X_test and y_test, or groups or cv to hold some out."
        )
    folds: list[tuple[NDArray | None, NDArray | None]] = []
    rows = np.arange(len(y))
    for splitter in _splitters(y, groups, cv, seeds):
        # indexed, as masks are splits too
        folds += [
            (np.sort(rows[train]), rows[test]) for train, test in splitter.split(X, y, groups)
        ]
    if not folds:
        raise ValueError(f"cv={cv!r} makes no split. Pass at least one (train, test).")
    for number, (_, test) in enumerate(folds[: len(seeds)]):
        if is_unlabeled(y[test]).all():
            raise ValueError(
                f"Split {number} of cv has no labelled row among its {len(y[test])} test rows. Use "
                "a splitter that holds labelled rows out, such as SemiSupervisedKFold or "
                "SemiSupervisedGroupKFold."
            )
    return [folds[draw % len(folds)] for draw in range(len(seeds))]


def _splitters(y: NDArray, groups: Any, cv: Any, seeds: list[int]) -> list[Any]:
    """Return the splitters whose folds the draws take in turn."""
    if cv is None:
        n_groups = len(np.unique(known_groups(groups, np.flatnonzero(~is_unlabeled(y)))))
        n_splits = max(2, min(5, n_groups))
        return [SemiSupervisedGroupKFold(n_splits, random_state=seed) for seed in seeds[::n_splits]]
    if isinstance(cv, Integral):
        kind = SemiSupervisedKFold if groups is None else SemiSupervisedGroupKFold
        return [kind(int(cv), random_state=seed) for seed in seeds[:: max(1, int(cv))]]
    return [check_cv(cv)]
