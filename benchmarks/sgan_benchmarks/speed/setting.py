"""What the sections train on and with what options, and how they time things side by side."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgan_classifier._engine import SemiSupervisedNet
from sgan_classifier.datasets import make_craters

from .clock import StepClock, TimedSGANClassifier, now, step_seconds

N_IMAGES, N_TABLE_ROWS, N_LABELED = 512, 4096, 64
TABLE_FEATURES, TABLE_CLASSES = 64, 4


def sizes_up_to(n_rows: int) -> list[int]:
    """Return the numbers of rows that growth is measured at; of few rows, theirs alone."""
    return [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= n_rows] or [n_rows]


@dataclass(frozen=True)
class Options:
    """What the command line chooses.

    Attributes
    ----------
    rounds : int
        Times that each side of a comparison is measured, in turn.
    steps : int
        Steps of a measurement with the default image networks; quicker steps are taken more often.
    threads : int
    rows : int
        Most rows of the sections on growth.
    map_gb : float
        Size of the memory map in GB (1e9 bytes).
    draws, jobs : int
        Of the sweep, and of the time to accuracy (draws).
    max_iter : int or None
        Steps of whole fits, for a quick look; by default the estimator's own.
    data_dir : str or None
    folder : Path
        For temporary files.
    """

    rounds: int = 5
    steps: int = 20
    threads: int = 1
    rows: int = 1_000_000
    map_gb: float = 4.0
    draws: int = 10
    jobs: int = 2
    max_iter: int | None = None
    data_dir: str | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))


@dataclass(frozen=True)
class Problem:
    """Rows to train on, as a user has them and as the networks see them.

    Attributes
    ----------
    X : ndarray of shape (n, h, w), uint8, or (n, n_features), float32
    y : ndarray of int64, shape (n,)
        -1 where unlabelled; classes are 0..K-1.
    """

    X: NDArray
    y: NDArray[np.int64]

    @property
    def batch_layout(self) -> NDArray:
        """X as (n, c, h, w) or (n, n_features)."""
        return self.X[:, None] if self.X.ndim == 3 else self.X


def image_problem(side: int = 32) -> Problem:
    """Return synthetic craters; how fast a step is does not depend on what is in the pictures."""
    X, y = make_craters(N_IMAGES, image_size=side, random_state=0)
    return Problem(X, np.where(np.arange(N_IMAGES) < N_LABELED, y, -1))


def table_problem() -> Problem:
    """Return a table of 64 features: four noisy clouds of points."""
    rng = np.random.default_rng(0)
    y = np.arange(N_TABLE_ROWS) % TABLE_CLASSES
    centres = rng.normal(size=(TABLE_CLASSES, TABLE_FEATURES))
    X = centres[y] + rng.normal(size=(N_TABLE_ROWS, TABLE_FEATURES))
    return Problem(X.astype(np.float32), np.where(np.arange(N_TABLE_ROWS) < N_LABELED, y, -1))


class TimedFit:
    """The library's side of a comparison: a fit that goes on each time it is asked for steps.

    Parameters
    ----------
    problem : Problem
    X_unlabeled : array-like, optional
    n_first : int, default=0
        Steps before those that are asked for, each time; what they take does not count.
    **parameters
        Of SGANClassifier, which trains on the CPU and without probes, unless they say otherwise.

    Attributes
    ----------
    seconds : list of float
        Of each step when it was last asked, the first ones among them.
    """

    def __init__(
        self, problem: Problem, X_unlabeled: Any = None, n_first: int = 0, **parameters: Any
    ) -> None:
        self.problem, self.X_unlabeled, self.n_first = problem, X_unlabeled, n_first
        defaults = {"device": "cpu", "warm_start": True, "random_state": 0}
        # which leaves out 400 steps before the first, whose time would not count
        defaults |= {"class_prior": "labels", "pseudo_label_threshold": 0.0}
        parameters = {**defaults, **parameters}
        self.model = TimedSGANClassifier(**parameters)
        self.run(1)

    @property
    def net(self) -> SemiSupervisedNet:
        """The net inside, after the steps taken so far."""
        return self.model.net_

    def run(self, n_steps: int) -> float:
        """Take steps; return the seconds that they took, without what `fit` does before them."""
        clock = StepClock(self.n_first + n_steps)
        X, y = self.problem.X, self.problem.y
        self.seconds = step_seconds(self.model, X, y, clock, self.X_unlabeled)
        return sum(self.seconds[self.n_first :])


Runs = dict[str, Callable[[int], float]]


def side_by_side(runs: Runs, n_steps: int, rounds: int) -> dict[str, list[float]]:
    """Measure seconds a step of each run, one after the other, round after round.

    Parameters
    ----------
    runs : dict of str to callable
        Each takes a number of steps and returns the seconds that they took.
    n_steps : int
    rounds : int

    Returns
    -------
    dict of str to list of float
        `rounds` figures each. A first, shorter round is not counted.
    """
    for run in runs.values():
        run(max(2, n_steps // 4))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(run(n_steps) / n_steps)
    return seconds


def ratio(seconds: dict[str, list[float]], ours: str, reference: str) -> float:
    """Return the median over the rounds of our time over the reference's in the same round."""
    pairs = zip(seconds[ours], seconds[reference], strict=True)
    return statistics.median(mine / theirs for mine, theirs in pairs)


def repeated(run: Callable[[], Any], rounds: int) -> list[float]:
    """Return the seconds of each of `rounds` calls."""
    seconds = []
    for _ in range(rounds):
        start = now()
        run()
        seconds.append(now() - start)
    return seconds
