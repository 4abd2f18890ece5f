"""What the processes of the soak do, and the faults that strike them."""

import functools
import itertools
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sgan_classifier import CNNClassifier, SGANClassifier, persistence
from sgan_classifier._base import BaseImageClassifier
from sgan_classifier.benchmarking._record import write_json
from sgan_classifier.exceptions import TrainingInterruptedWarning
from sgan_classifier.model_selection import SemiSupervisedKFold

INTERRUPTED, FAILED = 130, 1  # exit statuses
N_ROWS, N_LABELED, N_STEPS, EVERY = 80, 30, 40, 5
SIGNALS = ("SIGKILL", "SIGINT", "SIGTERM")
ANY_TIME = "at any time"
MOMENTS = {"as it flushes a file": "fsync", "as it puts a file in place": "replace"}
RESULT, SCORES, STEPS, ERROR = "result.safetensors", "scores.json", "steps", "error"
MODEL, PAIR = "model.safetensors", ("first.safetensors", "second.safetensors")

_COMMON: dict[str, Any] = {
    "max_iter": N_STEPS,
    "batch_size": 10,
    "width": 4,
    "precision": "fp32",
    "device": "cpu",
}
_SGAN: dict[str, Any] = {"latent_dim": 8, **_COMMON}
VARIANTS: dict[str, tuple[type[BaseImageClassifier], dict[str, Any]]] = {
    "images": (SGANClassifier, {**_SGAN, "augment": ("shift", "affine", "brightness", "cutout")}),
    "table": (SGANClassifier, _SGAN),
    "validated": (SGANClassifier, {**_SGAN, "early_stopping": True, "validation_fraction": 0.5}),
    "labelled rows alone": (CNNClassifier, {**_COMMON, "learning_rate_schedule": "cosine"}),
}


@dataclass(frozen=True)
class Fault:
    """A signal, and when it comes: from outside after `delay` seconds, or at a file's n-th call."""

    signal: str
    moment: str
    delay: float = 0.0
    nth_call: int = 1

    def arm(self) -> None:
        """Strike this process at a moment that only it knows."""
        if self.moment == ANY_TIME:
            return
        name, calls = MOMENTS[self.moment], itertools.count(1)
        original = getattr(os, name)

        @functools.wraps(original)
        def struck(*args: Any, **kwargs: Any) -> Any:
            if next(calls) == self.nth_call:
                os.kill(os.getpid(), getattr(signal, self.signal))
            return original(*args, **kwargs)

        setattr(os, name, struck)


class LogSteps(Callback):
    """Appends the number of each step to a file, which outlives the process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{net.n_steps_}\n")


def make_rows(variant: str) -> tuple[NDArray, NDArray]:
    """Return the first digits of scikit-learn in three classes, most of them unlabelled."""
    X, y = load_digits(return_X_y=True)
    X = X[:N_ROWS] if variant == "table" else X[:N_ROWS].reshape(-1, 8, 8).astype(np.float32)
    return X, np.where(np.arange(N_ROWS) < N_LABELED, y[:N_ROWS] % 3, -1)


def make_estimator(variant: str, seed: int, **params: Any) -> BaseImageClassifier:
    """Return an estimator that is not fitted yet."""
    kind, settings = VARIANTS[variant]
    return kind(**{**settings, "random_state": seed, **params})


def fit_and_save(folder: Path, variant: str, seed: int, checkpoint: bool = True) -> None:
    """Fit with checkpoints, and save the end."""
    estimator = make_estimator(variant, seed, callbacks=[LogSteps(folder / STEPS)])
    if checkpoint:
        estimator.set_params(checkpoint_dir=folder / "checkpoint", checkpoint_every=EVERY)
    X, y = make_rows(variant)
    unless_interrupted(lambda: estimator.fit(X, y))
    assert estimator.predict(X).shape == (N_ROWS,)
    persistence.save(estimator.set_params(callbacks=None), folder / RESULT)


def search_and_save(folder: Path, variant: str, seed: int, checkpoint: bool = True) -> None:
    """Search with checkpoints, and save the scores and the best estimator."""
    estimator = make_estimator(variant, seed, max_iter=N_STEPS // 2)
    if checkpoint:
        estimator.set_params(checkpoint_dir=folder / "checkpoint", checkpoint_every=EVERY)
    X, y = make_rows(variant)
    grid = {"learning_rate": [1e-3, 5e-3]}
    cv = SemiSupervisedKFold(2)
    search = GridSearchCV(estimator, grid, cv=cv, error_score="raise")
    unless_interrupted(lambda: search.fit(X, y))
    write_json({"scores": list(search.cv_results_["mean_test_score"])}, folder / SCORES)
    persistence.save(search.best_estimator_, folder / RESULT)


def save_in_turn(folder: Path, variant: str, seed: int, checkpoint: bool = True) -> None:
    """Save two models to one path in turn, until struck, and read it back in between."""
    pair = [persistence.load(folder / name) for name in PAIR]
    X, _ = make_rows(variant)
    expected = [model.predict_proba(X) for model in pair]
    for k in itertools.count():
        persistence.save(pair[k % 2], folder / MODEL)
        if k % 4 == 0:
            loaded = persistence.load(folder / MODEL)
            assert np.array_equal(loaded.predict_proba(X), expected[k % 2])


JOBS: dict[str, Callable[..., None]] = {
    "checkpointed fits": fit_and_save,
    "searches": search_and_save,
    "saves and loads": save_in_turn,
}


def run_job(
    ready: Connection,
    job: str,
    folder: Path,
    variant: str,
    seed: int,
    fault: Fault | None,
    checkpoint: bool,
) -> None:
    """Do a job as the whole of this process, and end it with a status that tells how it went."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)
    try:
        ready.send(None)
        if fault is not None:
            fault.arm()
        JOBS[job](folder, variant, seed, checkpoint)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except Exception:
        (folder / ERROR).write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(FAILED)


def unless_interrupted(fit: Callable[[], Any]) -> None:
    """Raise KeyboardInterrupt where a fit answers Ctrl-C with a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    if any(issubclass(warning.category, TrainingInterruptedWarning) for warning in caught):
        raise KeyboardInterrupt
