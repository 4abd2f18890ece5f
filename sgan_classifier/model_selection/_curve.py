"""Learning curves over the number of labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from numbers import Integral
from os import PathLike, fspath
from typing import Any

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_consistent_length
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory
from tqdm.auto import tqdm

from .._arrays import to_array
from .._fingerprint import code_hash
from .._labels import is_unlabeled, known_labels, label_column
from ..metrics import make_labeled_scorer
from ._curve_fit import call_with_note, fit_and_score, share_threads
from ._curve_result import LabelEfficiencyCurve
from ._curve_splits import make_splits
from ._mask import mask_labels


def label_efficiency_curve(
    estimators: Mapping[str, BaseEstimator],
    X: Any,
    y: ArrayLike,
    *,
    X_test: Any = None,
    y_test: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    cv: Any = None,
    n_labels: Sequence[int | str | None],
    n_draws: int = 5,
    random_state: int = 0,
    balanced: bool = True,
    labeled_only: Collection[str] = (),
    scoring: Any = "accuracy",
    n_jobs: int | str | None = "auto",
    n_threads: int | None = None,
    memory: str | PathLike | joblib.Memory | None = None,
    verbose: int = 0,
) -> LabelEfficiencyCurve:
    """Measure how well estimators do with few labels.

    For each number of labels and each draw, `mask_labels` hides all other labels, and every
    estimator is fitted on the same rows and the same labels. It never sees the hidden labels.

    Parameters
    ----------
    estimators : dict of str to estimator
        Cloned for each fit. Each parameter called ``random_state``, of the estimator or of a part
        of it, is set to the seed of the draw.
    X : array-like of shape (n_samples, ...)
        Training rows.
    y : array-like of shape (n_samples,)
        Their labels. Rows that are unlabelled already are only ever trained on.
    X_test, y_test : array-like of shape (n_test, ...) and (n_test,), default=None
        Test rows. Give these, `groups` or `cv`.
    groups : array-like of shape (n_samples,), default=None
        The group, such as the scene, of each row. Draws take the folds of a
        `SemiSupervisedGroupKFold` of five splits (or one for each group) in turn: labelled rows of
        the held-out groups are the test set, and no row of theirs is trained on.
    cv : int, splitter or iterable of (train, test), default=None
        Other ways to hold test rows out of `X`. Draws take the splits in turn, and those after the
        last begin again with the first. With a `SemiSupervisedShuffleSplit` of `n_draws` splits,
        every draw has test rows of its own, so that the intervals count their luck too. An integer
        is the number of folds of a `SemiSupervisedKFold`, or with `groups` of a
        `SemiSupervisedGroupKFold`, which are made anew once all have been taken.
    n_labels : list of int or "all"
        Numbers of labels. ``"all"``, or None, is every labelled row.
    n_draws : int, default=5
        Draws for each number of labels. With "all", they differ in the seeds of the estimators.
    random_state : int, default=0
        Seed of the first draw; the others follow by counting.
    balanced : bool, default=True
        Draw the same number of labels of each class; see `mask_labels`.
    labeled_only : list of str, default=()
        Names of the estimators that take no unlabelled rows, such as ``LogisticRegression``. They
        are fitted on the labelled rows alone. An estimator does not tell this by itself.
    scoring : str or callable, default="accuracy"
        A name of a scorer, or a scorer. Unlabelled rows never count.
    n_jobs : int, "auto" or None, default="auto"
        Fits at the same time, as in joblib. "auto" takes as many as torch has threads, which makes
        more of the cores than one fit on all of them; only one where there is a GPU; and what
        ``joblib.parallel_config`` says where that is used. It chooses the backend, such as a Dask
        cluster. `X` is shared by the workers of one machine, not copied; with `groups` or `cv`,
        each fit copies its training rows. With 1, fits run in this process.
    n_threads : int, default=None
        Threads of each fit, in BLAS, OpenMP and, where an estimator uses it, torch. None means 1 if
        there is more than one job, and otherwise leaves the threads as they are. Scores of torch
        estimators are equal for equal threads only.
    memory : str, path or joblib.Memory, default=None
        Folder for the scores of finished fits. A run that was stopped goes on where it was if it is
        called again with the same arguments. Empty the folder after changing the code of an
        estimator: its parameters are looked at, its code is not.
    verbose : int, default=0
        With 1 or more, a progress bar with the time left.

    Returns
    -------
    curve : LabelEfficiencyCurve
        Scores and times of each fit, with means, intervals and paired differences.

    Raises
    ------
    ValueError
        If there are too few labels for a draw, or no test rows.

    See Also
    --------
    mask_labels : Makes the draws.
    sgan_classifier.plotting.LabelEfficiencyDisplay : Draws the figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.semi_supervised import LabelSpreading
    >>> from sgan_classifier.model_selection import label_efficiency_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> curve = label_efficiency_curve(
    ...     {"spreading": LabelSpreading(), "logistic": LogisticRegression()},
    ...     X, y, X_test=X_test, y_test=y_test, n_labels=[3, 12, "all"], labeled_only=["logistic"],
    ... )
    >>> print(curve.to_markdown())
    | labels | spreading | logistic |
    | ---: | ---: | ---: |
    | 3 | 0.905 ± 0.072 | 0.853 ± 0.075 |
    | 12 | 0.958 ± 0.068 | 0.884 ± 0.088 |
    | 112 | 0.974 ± 0.000 | 1.000 ± 0.000 |
    """
    y = label_column(y)
    X = _rows(X, "X")
    check_consistent_length(X, y, groups)
    known_labels(y)
    _check_arguments(estimators, labeled_only, n_labels, n_draws, random_state, n_threads)
    estimators = dict(estimators)
    if not isinstance(scoring, str) and not callable(scoring):
        raise ValueError(f"scoring={scoring!r} must be the name of one score, or a scorer.")
    scorer = make_labeled_scorer(scoring)
    seeds = [int(random_state) + draw for draw in range(n_draws)]
    splits = make_splits(X, y, X_test, y_test, groups, cv, seeds)
    X_test, y_test = (X, y) if X_test is None else (_rows(X_test, "X_test"), y_test)
    n_jobs = share_threads(n_jobs, n_threads, len(n_labels) * n_draws * len(estimators))
    if n_threads is None and joblib.effective_n_jobs(n_jobs) > 1:
        n_threads = 1

    run, data_key = fit_and_score, None
    if memory is not None:
        # X and X_test are hashed once, here, and not again for each fit.
        data_key = joblib.hash((code_hash(), X, X_test, np.asarray(y_test)))
        memory = fspath(memory) if isinstance(memory, PathLike) else memory
        run = check_memory(memory).cache(fit_and_score, ignore=["X", "X_test", "y_test"])

    draws = [
        (size, seed, train, test, _draw(y if train is None else y[train], size, balanced, seed))
        for size in n_labels
        for seed, (train, test) in zip(seeds, splits, strict=True)
    ]
    fits = (
        delayed(call_with_note)(
            f"In the fit of {name!r} to n_labels={size!r}, seed {seed}.",
            run,
            X,
            X_test,
            # One dictionary, which Dask sends with the task. It keeps an array that is an argument
            # of its own on a single worker, and loses it with the worker.
            {
                "estimator": with_seed(estimator, seed),
                "y": y_masked,
                "train": train,
                "y_test": y_test,
                "test": test,
                "scorer": scorer,
                "labeled_only": name in labeled_only,
                "n_threads": n_threads,
                "data_key": data_key,
            },
        )
        for size, seed, train, test, y_masked in draws
        for name, estimator in estimators.items()
    )
    done = Parallel(n_jobs=n_jobs, return_as="generator")(fits)
    n_fits = len(draws) * len(estimators)
    results = list(
        tqdm(done, total=n_fits, disable=not verbose, unit="fit", desc="label efficiency")
    )

    table = np.array(results).reshape(len(n_labels), n_draws, len(estimators), 4)
    kept = np.array([np.sum(~is_unlabeled(y_masked)) for *_, y_masked in draws])
    by_name = [
        {name: table[:, :, i, column].copy() for i, name in enumerate(estimators)}
        for column in range(4)
    ]
    return LabelEfficiencyCurve(
        kept.reshape(len(n_labels), n_draws).mean(axis=1).round().astype(int),
        np.array(seeds),
        scoring if isinstance(scoring, str) else getattr(scoring, "__name__", repr(scoring)),
        *by_name,
    )


def _rows(X: Any, name: str) -> Any:
    """Make an array of what is none, and of a tensor, whose hash is another one each time."""
    return X if hasattr(X, "shape") and not hasattr(X, "detach") else to_array(X, name)


def _check_arguments(
    estimators: Any,
    labeled_only: Any,
    n_labels: Any,
    n_draws: Any,
    random_state: Any,
    n_threads: Any,
) -> None:
    if not isinstance(estimators, Mapping):
        raise ValueError(
            f"estimators={estimators!r} is no dict. Pass names and estimators, such as "
            "{'SGAN': SGANClassifier()}."
        )
    if not estimators:
        raise ValueError("estimators is empty. Pass a dict of names and estimators.")
    # an iterator would be used up by looking at it
    are_names = isinstance(labeled_only, Collection) and not isinstance(labeled_only, str)
    if not are_names or set(labeled_only) - set(estimators):
        raise ValueError(
            f"labeled_only={labeled_only!r} must list names of estimators; there are "
            f"{[*estimators]}."
        )
    if isinstance(n_labels, str) or not hasattr(n_labels, "__len__") or not len(n_labels):
        raise ValueError(f"n_labels={n_labels!r} must be a list, such as [20, 50, 'all'].")
    wrong = [n for n in n_labels if isinstance(n, str) and n != "all"]
    if wrong:
        raise ValueError(f"n_labels holds {wrong[0]!r}; expected integers or 'all'.")
    if not isinstance(n_draws, Integral) or n_draws < 1:
        raise ValueError(f"n_draws={n_draws!r} must be an integer of at least 1.")
    if not isinstance(random_state, Integral):
        raise ValueError(
            f"random_state={random_state!r} must be an integer, so that every estimator, and a "
            "run that goes on, gets the same draws."
        )
    if n_threads is not None and (not isinstance(n_threads, Integral) or n_threads < 1):
        raise ValueError(f"n_threads={n_threads!r} must be an integer of at least 1, or None.")


def _draw(y: NDArray, size: int | str | None, balanced: bool, seed: int) -> NDArray:
    if size is None or isinstance(size, str):  # "all", the one string that is let in
        return mask_labels(y, int(np.sum(~is_unlabeled(y))), balanced=False, random_state=seed)
    return mask_labels(y, size, balanced=balanced, random_state=seed)


def with_seed(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Clone an estimator with `seed` as every ``random_state`` in it."""
    estimator = clone(estimator)
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    return estimator.set_params(**dict.fromkeys(names, seed))
