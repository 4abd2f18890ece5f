"""Runs that can be stopped: what is finished is stored, and found again by the same command."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from sgan_classifier._fingerprint import code_hash
from sgan_classifier.benchmarking._record import Run

HERE = Path(__file__).parent


def storage_key(*data: Any) -> str:
    """Return what stands for the data, and for the code, where results are stored."""
    return joblib.hash((code_hash(HERE), *data))


def run_all(
    function: Callable, calls: Sequence[tuple], run: Run, *, unit: str, name: str
) -> list[Any]:
    """Call `function` with the arguments of each of `calls`, as many at a time as `run` says.

    Parameters
    ----------
    function : callable
        Stored by `joblib.Memory`, or one that calls such.
    calls : sequence of tuple
    run : Run
    unit, name : str
        For the progress bar.

    Returns
    -------
    list
        The results in order.
    """
    done = Parallel(n_jobs=run.n_jobs, return_as="generator")(delayed(function)(*c) for c in calls)
    return list(tqdm(done, total=len(calls), disable=not run.verbose, unit=unit, desc=name))
