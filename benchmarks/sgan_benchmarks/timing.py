"""How many steps fit into a budget of time on this machine."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone

from sgan_classifier._probes import PROBE_STEPS
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._paired_cnn import SELECTION_SEED
from sgan_classifier.exceptions import TrainingInterruptedWarning
from sgan_classifier.model_selection import mask_labels

from .stored import storage_key

WARM_UP, FEW, MANY = 5, 20, 320  # steps
# Part of the budget that is planned for, as a machine is not equally fast all the time.
PLANNED = 0.9


def plan_steps(
    estimator: BaseEstimator,
    data: BenchmarkData,
    n_labels: int,
    seconds: float,
    *,
    memory: Path,
    n_jobs: int,
    machine: dict[str, Any],
    n_threads: int = 1,
) -> dict[str, float]:
    """Find the number of steps for a budget by a short run, as many fits side by side as later.

    What was measured is stored, so that a run that goes on takes as many steps as before.

    Parameters
    ----------
    estimator : SGANClassifier
    data : BenchmarkData
    n_labels : int
        Labels in the timing run, whose draw is not reported.
    seconds : float
        Budget of a fit.
    memory : Path
        Folder of what is stored.
    n_jobs : int
        Fits at a time.
    machine : dict
        Of the record. The figures of one machine are not taken for those of another.
    n_threads : int, default=1
        Threads of each fit.

    Returns
    -------
    dict
        "steps", "seconds_a_step" and "seconds_to_start", of the slowest of the fits.

    Raises
    ------
    ValueError
        If not even one step fits.
    """
    stored = joblib.Memory(memory, verbose=0).cache(time_fits, ignore=["data"])
    key = storage_key(data.X_train, data.y_train, machine)
    timed = stored(estimator, data, n_labels, n_jobs, key, n_threads)
    start, a_step = max(timed, key=lambda pair: pair[0] + 1000 * pair[1])
    n_steps = int((PLANNED * seconds - start) / a_step)
    if n_steps < 1:
        raise ValueError(
            f"No step fits into {seconds:g} seconds: training takes {start:.1f} seconds to start "
            f"and {a_step:.3f} a step. Give it more minutes."
        )
    return {
        "steps": n_steps - n_steps % 10 or n_steps,
        "seconds_a_step": a_step,
        "seconds_to_start": start,
    }


def time_fits(
    estimator: BaseEstimator,
    data: BenchmarkData,
    n_labels: int,
    n_jobs: int,
    data_key: str,
    n_threads: int = 1,
) -> list[tuple[float, float]]:
    """Time `n_jobs` fits side by side: seconds to start and seconds a step, of each."""
    timed = Parallel(n_jobs=n_jobs)(
        delayed(_time_fit)(estimator, data, n_labels, SELECTION_SEED + i, n_threads)
        for i in range(joblib.effective_n_jobs(n_jobs))
    )
    return list(timed)


def _time_fit(
    estimator: BaseEstimator, data: BenchmarkData, n_labels: int, seed: int, n_threads: int
) -> tuple[float, float]:
    y = mask_labels(data.y_train, n_labels, random_state=seed)

    def seconds(n_steps: int) -> float:
        # the steps of probes are no steps of the fit, and more in a long one than in a short one
        model = clone(estimator).set_params(max_iter=n_steps, random_state=seed)
        model.set_params(class_prior="labels", pseudo_label_threshold=0.0)
        return timed_fit(lambda: model.fit(data.X_train, y), n_threads)

    seconds(WARM_UP)
    few, many = seconds(FEW), seconds(MANY)
    a_step = max((many - few) / (MANY - FEW), 1e-6)
    start = max(0.0, few - FEW * a_step)
    n_probes = 1 if estimator.class_prior == "auto" else 0
    if estimator.pseudo_label_threshold == "auto":
        n_probes = 2  # the first of which tells the shares, too
    start += n_probes * PROBE_STEPS * a_step  # at most: a step of a probe takes less
    return start, a_step


def timed_fit(fit: Callable[[], Any], n_threads: int = 1) -> float:
    """Call `fit` on `n_threads` threads and return its seconds.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped by Ctrl-C, after which an estimator keeps its weights: no finished fit.
    """
    with limit_threads(n_threads), warnings.catch_warnings():
        warnings.simplefilter("error", TrainingInterruptedWarning)
        began = time.perf_counter()
        try:
            fit()
        except TrainingInterruptedWarning as warning:
            raise KeyboardInterrupt from warning
        return time.perf_counter() - began
