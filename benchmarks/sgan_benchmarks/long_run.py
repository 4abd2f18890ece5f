"""Many fits in one process, and what they leave in it: private memory and open files."""

import gc
import multiprocessing
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sgan_classifier import persistence

from .soak_jobs import N_ROWS, VARIANTS, make_estimator, make_rows
from .speed.memory import private_bytes

# Fits before the first is counted: by then every code path has allocated what it keeps.
N_WARM_UP = 20


def run_fits(n_fits: int, n_warm_up: int = N_WARM_UP, seed: int = 0) -> dict[str, Any]:
    """Fit again and again in a new process, and measure it after each fit.

    A fit is that of a new estimator, of each kind in turn, which then predicts, is saved and
    loaded.

    Parameters
    ----------
    n_fits, n_warm_up : int
        How many fits are counted, and how many go before them.
    seed : int
        Of the first fit; the next have the next.

    Returns
    -------
    dict
        `n_fits`, `n_warm_up`, `seconds`, and for each fit `private_mib` and `open_files`.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run_fits, (n_fits, n_warm_up, seed))


def _run_fits(n_fits: int, n_warm_up: int, seed: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    variants = list(VARIANTS)
    private, files = [], []
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for k in range(n_warm_up + n_fits):
            _one_fit(Path(folder), variants[k % len(variants)], seed + k)
            gc.collect()
            if k >= n_warm_up:
                private.append(_private_mib())
                files.append(len(os.listdir("/proc/self/fd")) - 1)  # less the list's own
    return {
        "n_fits": n_fits,
        "n_warm_up": n_warm_up,
        "seconds": time.monotonic() - start,
        "private_mib": private,
        "open_files": files,
    }


def _one_fit(folder: Path, variant: str, seed: int) -> None:
    X, y = make_rows(variant)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few steps teach nothing, and a fit may say so
        estimator = make_estimator(
            variant, seed, max_iter=6, checkpoint_dir=folder / "checkpoint", checkpoint_every=4
        ).fit(X, y)
    persistence.save(estimator, folder / "model")
    assert persistence.load(folder / "model").predict(X).shape == (N_ROWS,)


def _private_mib() -> float:
    private = private_bytes()
    if private is None:
        raise OSError("This system does not tell private memory (RssAnon); Linux does.")
    return private / 2**20


def medians(figures: list[float]) -> tuple[float, float]:
    """Return the medians of the first and of the last quarter."""
    quarter = max(1, len(figures) // 4)
    values: NDArray[np.float64] = np.asarray(figures, dtype=float)
    return float(np.median(values[:quarter])), float(np.median(values[-quarter:]))
