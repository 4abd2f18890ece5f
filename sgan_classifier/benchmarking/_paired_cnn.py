"""The CNN that the SGAN is paired with: the better of two budgets, one of them its own best."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._labels import known_labels
from ..model_selection import LabelEfficiencyCurve
from ._compare import ALL, compare, parse_labels
from ._contenders import CNN, CNN_OWN, SGAN
from ._data import BenchmarkData
from ._held_out import hold_out

# Numbers of steps that the CNN may choose from, and the draws that it chooses on: their seeds
# are far above those that are reported.
CNN_BUDGETS = (250, 500, 1000, 2000, 4000, 8000)
SELECTION_SEED, SELECTION_DRAWS = 1000, 3

PAIRED = "paired CNN"


def choose_budgets(
    cnn: BaseEstimator,
    data: BenchmarkData,
    n_labels: Sequence[int | str],
    budgets: Sequence[int],
    *,
    reported_seeds: Sequence[int],
    balanced: bool = True,
    **settings: Any,
) -> dict[str, Any]:
    """Choose the CNN's number of steps for each number of labels, on training rows alone.

    It is tested on scenes held out of the training rows, or where there are none on single rows,
    with draws that are not reported. The best score on average wins; of equals, the shortest.

    Parameters
    ----------
    cnn : CNNClassifier
    data : BenchmarkData
        Its test rows are not looked at.
    n_labels : sequence of int or "all"
        Where too few rows are left for a number, all of them are labelled.
    budgets : sequence of int
        Numbers of steps.
    reported_seeds : sequence of int
        None of them is used.
    balanced : bool, default=True
    **settings
        Of `compare`; the seed is another.

    Returns
    -------
    dict
        "budgets", "chosen" (one for each number of labels), "held_out" (in words) and "curve".

    Raises
    ------
    ValueError
        If a seed that is reported would be chosen on.
    """
    seeds = range(SELECTION_SEED, SELECTION_SEED + SELECTION_DRAWS)
    if set(seeds) & set(reported_seeds):
        raise ValueError(
            f"The seeds {seeds[0]} to {seeds[-1]} choose the CNN's number of steps, and cannot be "
            "reported too. Use another seed or fewer draws."
        )
    held_out = hold_out(data)
    budgets = sorted(set(budgets))
    curve = compare(
        {str(budget): clone(cnn).set_params(max_iter=budget) for budget in budgets},
        held_out,
        [_within(n, held_out, balanced) for n in parse_labels(n_labels)],
        SELECTION_DRAWS,
        balanced=balanced,
        **{**settings, "random_state": SELECTION_SEED},
    )
    means = np.array(list(curve.mean().values()))  # (n_budgets, n_sizes)
    what = "rows" if data.groups is None else "rows of scenes"
    return {
        "budgets": budgets,
        "chosen": [budgets[i] for i in means.argmax(axis=0)],
        "held_out": f"{len(held_out.X_test)} training {what} held out",
        "curve": curve.to_dict(),
    }


def add_own_budget(
    curve: LabelEfficiencyCurve,
    cnn: BaseEstimator,
    chosen: Sequence[int],
    data: BenchmarkData,
    n_labels: Sequence[int | str],
    **settings: Any,
) -> LabelEfficiencyCurve:
    """Measure the CNN with the steps chosen for each number of labels, on the draws of `curve`.

    Parameters
    ----------
    curve : LabelEfficiencyCurve
    cnn : CNNClassifier
    chosen : sequence of int
        As from `choose_budgets`.
    data, n_labels, **settings
        Of the call of `compare` that made `curve`.

    Returns
    -------
    LabelEfficiencyCurve
        `curve` with `CNN_OWN` behind the SGAN and the CNN.
    """
    names = ("test_scores", "train_scores", "fit_times", "score_times")
    own = {name: np.empty((len(n_labels), len(curve.seeds))) for name in names}
    for budget in sorted(set(chosen)):
        at = [i for i, steps in enumerate(chosen) if steps == budget]
        estimators = {CNN_OWN: clone(cnn).set_params(max_iter=budget)}
        part = compare(estimators, data, [n_labels[i] for i in at], len(curve.seeds), **settings)
        for name in names:
            own[name][at] = getattr(part, name)[CNN_OWN]
    columns: dict[str, Any] = {}
    for name in names:
        values = getattr(curve, name)
        first = {method: values[method] for method in (SGAN, CNN) if method in values}
        columns[name] = {**first, CNN_OWN: own[name], **values}
    return replace(curve, **columns)


def compare_with_own_budget(
    estimators: dict[str, BaseEstimator],
    data: BenchmarkData,
    n_labels: Sequence[int | str],
    n_draws: int,
    chosen: dict[str, Any] | None,
    **settings: Any,
) -> LabelEfficiencyCurve:
    """Call `compare`, and add the CNN with what `choose_budgets` returned, unless that is None."""
    curve = compare(estimators, data, n_labels, n_draws, **settings)
    if chosen is None:
        return curve
    return add_own_budget(curve, estimators[CNN], chosen["chosen"], data, n_labels, **settings)


def pair(curve: LabelEfficiencyCurve) -> tuple[LabelEfficiencyCurve, list[str]]:
    """Pair the SGAN with the CNN whose mean is the better one, for each number of labels.

    Parameters
    ----------
    curve : LabelEfficiencyCurve
        With `SGAN`, `CNN` and, where the CNN chose a budget of its own, `CNN_OWN`.

    Returns
    -------
    curve : LabelEfficiencyCurve
        With `SGAN` and `PAIRED` alone.
    names : list of str
        Which CNN that is, for each number of labels.
    """
    candidates = [name for name in (CNN, CNN_OWN) if name in curve.test_scores]
    means = curve.mean()
    names = [max(candidates, key=lambda name: means[name][i]) for i in range(len(curve.n_labels))]
    scores = {
        SGAN: curve.test_scores[SGAN],
        PAIRED: np.stack([curve.test_scores[name][i] for i, name in enumerate(names)]),
    }
    unknown = {name: np.full(rows.shape, np.nan) for name, rows in scores.items()}
    paired = LabelEfficiencyCurve(
        curve.n_labels, curve.seeds, curve.scoring, scores, unknown, unknown, unknown
    )
    return paired, names


def has_pair(curve: LabelEfficiencyCurve) -> bool:
    """Say whether both the SGAN and the same network without it were run."""
    return SGAN in curve.test_scores and CNN in curve.test_scores


def _within(n: int | str, data: BenchmarkData, balanced: bool) -> int | str:
    """Return "all" where the rows do not suffice to draw `n`."""
    counts = np.unique(known_labels(data.y_train)[0], return_counts=True)[1]
    most = counts.min() * len(counts) if balanced else counts.sum()
    return n if n != ALL and int(n) <= most else ALL
