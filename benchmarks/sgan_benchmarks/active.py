"""The active-learning benchmark: suggested labels against random ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sgan_classifier import SGANClassifier
from sgan_classifier._labels import is_unlabeled
from sgan_classifier._threads import limit_threads
from sgan_classifier.active import suggest
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    write_json,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve, mask_labels

from .active_report import RANDOM, active_report, save_active_figure
from .stored import run_all, storage_key
from .timing import timed_fit

# What is measured after each fit, in this order.
TEST_SCORE, TRAIN_SCORE, FIT_SECONDS, SUGGEST_SECONDS, LARGEST_CLASS = range(5)
Figures = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Plan:
    """How labels come and how training goes on with them, the same for every strategy.

    Attributes
    ----------
    n_labels : tuple of int
        Numbers of labels in rising order. The first are drawn at random.
    first_steps, next_steps : int
        Optimiser steps with the first labels, and after each addition, from the weights so far.
    """

    n_labels: tuple[int, ...]
    first_steps: int
    next_steps: int


def run_active(
    data: BenchmarkData,
    n_labels: Sequence[int],
    strategies: Sequence[str],
    n_draws: int,
    run: Run,
    *,
    first_steps: int = 300,
    next_steps: int = 150,
    class_weight: str | None = "balanced",
) -> dict[str, Any]:
    """Compare suggested with random labels; write record, report and figure.

    Every strategy starts from the same random labels and the same weights, and goes on training
    from its own weights each time that labels are added.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int
        Numbers of labels in rising order, at least two.
    strategies : sequence of str
        Of `sgan_classifier.active.suggest`. Random labels are always measured.
    n_draws : int
        Draws of the first labels and of the random ones.
    run : Run
        Its `out` is the folder of `active_<data>.json`, `.md` and `.png`, or of
        `active_<data>_class_weight_none` where that is so. Its `n_jobs` counts draws.
    first_steps, next_steps : int
        Optimiser steps with the first labels, and after each addition.
    class_weight : {"balanced"} or None, default="balanced"
        That of the estimator, for random labels too. Suggested labels stand in other proportions
        than the classes; None draws predictions on the unlabelled rows towards those proportions.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    ValueError
        If the numbers of labels do not rise, or a training row has no label to be asked for.
    """
    plan = Plan(tuple(map(int, n_labels)), first_steps, next_steps)
    if len(plan.n_labels) < 2 or any(np.diff(plan.n_labels) <= 0):
        raise ValueError(
            f"The numbers of labels {list(plan.n_labels)} must be two or more and rise."
        )
    n_unknown = int(is_unlabeled(data.y_train).sum())
    if n_unknown:
        raise ValueError(
            f"{n_unknown} training rows of {data.name!r} have no label, and each may be asked for. "
            "Leave them out."
        )
    estimator = SGANClassifier(
        **{**data.parameters, "device": run.device, "max_iter": first_steps},
        warm_start=True,
        class_weight=class_weight,
    )
    record = describe_run(
        data,
        run,
        n_labels=list(plan.n_labels),
        n_draws=n_draws,
        first_steps=first_steps,
        next_steps=next_steps,
        class_weight=class_weight,
        strategies=list(strategies),
    )
    record["estimator"] = describe_estimator(estimator)
    started = time.perf_counter()
    arms = [RANDOM, *strategies]
    seeds = list(run.seeds(n_draws))
    table = _measure(data, estimator, plan, arms, seeds, cache_folder(run.out, record), run)
    record["seconds"] = time.perf_counter() - started
    curve = _curve(table, arms, plan, seeds)
    record["curve"] = curve.to_dict()
    record["largest_class"] = {
        arm: table[:, i, :, LARGEST_CLASS].mean(axis=0).tolist() for i, arm in enumerate(arms)
    }
    stem = f"active_{data.name}{'' if class_weight else '_class_weight_none'}"
    write_json(record, run.out / f"{stem}.json")
    save_active_figure(record, run.out / f"{stem}.png")
    (run.out / f"{stem}.md").write_text(active_report(record, f"{stem}.png"), encoding="utf-8")
    return record


def _measure(
    data: BenchmarkData,
    estimator: SGANClassifier,
    plan: Plan,
    arms: list[str],
    seeds: list[int],
    cache: Path,
    run: Run,
) -> NDArray[np.float64]:
    """Return all figures, (n_draws, n_arms, n_sizes, n_figures)."""
    memory = joblib.Memory(cache, verbose=0)
    stored_start = memory.cache(start, ignore=["data"])
    stored_follow = memory.cache(follow, ignore=["data", "started"])
    key = storage_key(data)

    def run_draw(seed: int) -> list[list[Figures]]:
        return [stored_follow(arm, data, estimator, plan, seed, stored_start, key) for arm in arms]

    draws = [(seed,) for seed in seeds]
    return np.array(run_all(run_draw, draws, run, unit="draw", name="active"))


def start(
    data: BenchmarkData, estimator: SGANClassifier, plan: Plan, seed: int, data_key: str
) -> tuple[SGANClassifier, Figures]:
    """Fit to the first labels. `data_key` stands for the data where results are stored."""
    model = clone(estimator).set_params(random_state=seed)
    y = mask_labels(data.y_train, plan.n_labels[0], random_state=seed)
    return model, _fit_and_score(model, data, y, 0.0)


def follow(
    arm: str,
    data: BenchmarkData,
    estimator: SGANClassifier,
    plan: Plan,
    seed: int,
    started: Callable[..., tuple[SGANClassifier, Figures]],
    data_key: str,
) -> list[Figures]:
    """Add labels by one strategy, or at random, and return the figures at each number of labels."""
    model, first = started(data, estimator, plan, seed, data_key)
    model.set_params(max_iter=plan.next_steps)
    y = mask_labels(data.y_train, plan.n_labels[0], random_state=seed)
    figures = [first]
    for before, size in pairwise(plan.n_labels):
        began = time.perf_counter()
        if arm == RANDOM:  # as many of each class; a draw of few is a part of the draw of more
            y = mask_labels(data.y_train, size, random_state=seed)
        else:
            with limit_threads(1):
                rows = suggest(
                    model, data.X_train, size - before, y=y, strategy=arm, random_state=seed
                )
            y[rows] = data.y_train[rows]
        figures.append(_fit_and_score(model, data, y, time.perf_counter() - began))
    return figures


def _fit_and_score(
    model: SGANClassifier, data: BenchmarkData, y: NDArray, suggest_seconds: float
) -> Figures:
    labels = y[~is_unlabeled(y)]
    fit_seconds = timed_fit(lambda: model.fit(data.X_train, y))
    with limit_threads(1):
        test_score = model.score(data.X_test, data.y_test)
        train_score = model.score(data.X_train, y)
    largest = np.unique(labels, return_counts=True)[1].max() / len(labels)
    return test_score, train_score, fit_seconds, suggest_seconds, float(largest)


def _curve(
    table: NDArray[np.float64], arms: list[str], plan: Plan, seeds: list[int]
) -> LabelEfficiencyCurve:
    def by_arm(figure: int) -> dict[str, NDArray]:
        return {arm: table[:, i, :, figure].T.copy() for i, arm in enumerate(arms)}

    return LabelEfficiencyCurve(
        np.array(plan.n_labels),
        np.array(seeds),
        "accuracy",
        by_arm(TEST_SCORE),
        by_arm(TRAIN_SCORE),
        by_arm(FIT_SECONDS),
        by_arm(SUGGEST_SECONDS),
    )
