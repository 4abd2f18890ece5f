"""A real fit whose steps are timed one by one, and which stops where it is told."""

import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch

from sgan_classifier import SGANClassifier

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}

_now = CLOCKS["wall"]


def choose_clock(name: str) -> None:
    """Measure by "wall", or by "cpu", the process's own time.

    The latter says little on several threads, but is the better on one thread where the machine has
    other work.
    """
    global _now
    _now = CLOCKS[name]


def now() -> float:
    """Return seconds by the clock that was chosen."""
    return _now()


def wait_for_device() -> None:
    """Wait for what a GPU still has to do, where there is one: steps do not."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


class StepClock:
    """Time the steps of a fit; on a GPU, their sum between two looks and at the end.

    It takes the place of the fit's checkpoint, which is called after every step and costs nothing
    else: callbacks would be told of each step in skorch's manner, which takes time of its own.

    Parameters
    ----------
    n_steps : int, optional
        Stop the fit after so many steps, as Ctrl-C would. Its schedule and its records are those of
        the whole fit. By default it runs to its end.
    every : int, optional
        Steps from one look to the next.
    look : callable, optional
        Called as ``look(steps, seconds)``, the seconds since the clock was made; the time it takes
        does not count.

    Attributes
    ----------
    seconds : list of float
        Of each step, with all that the fit does between two steps.
    before : float
        From when the clock was made to the first step: what a fit does before it trains.
    """

    exists = False  # this and the next are what a checkpoint says of its file
    seed, start_step, class_prior = 0, 0, None

    def __init__(
        self,
        n_steps: int | None = None,
        *,
        every: int | None = None,
        look: Callable[[int, float], Any] | None = None,
    ) -> None:
        self.n_steps, self.every, self.look = n_steps, every, look
        self.seconds: list[float] = []
        self.before, self._made = 0.0, now()

    def restore(self, net: Any, run: Any) -> None:
        """Start the clock; the fit calls this when training begins."""
        wait_for_device()
        self._last = now()
        self.before = self._last - self._made

    def after_step(self, net: Any, run: Any) -> None:
        """Note the time; the fit calls this after each step but its last."""
        n_steps = len(self.seconds) + 1
        look = self.look if self.every and n_steps % self.every == 0 else None
        if look or n_steps == self.n_steps:
            wait_for_device()
        self._tick()
        if look:
            look(n_steps, self.before + sum(self.seconds))
        if len(self.seconds) == self.n_steps:
            raise KeyboardInterrupt
        self._last = now()

    def delete(self) -> None:
        """Note the time of the last step; the fit calls this when it is complete."""
        wait_for_device()
        self._tick()
        if self.look:
            self.look(len(self.seconds), self.before + sum(self.seconds))

    def _tick(self) -> None:
        self.seconds.append(now() - self._last)


class TimedSGANClassifier(SGANClassifier):
    """SGANClassifier with a clock; its parameters are the same."""

    clock: StepClock

    def _checkpoint(self, *args: Any, **kwargs: Any) -> Any:
        return nullcontext(self.clock)


def step_seconds(
    model: TimedSGANClassifier, X: Any, y: Any, clock: StepClock, X_unlabeled: Any = None
) -> list[float]:
    """Fit until the clock stops it; return the seconds of each step."""
    model.clock = clock
    with warnings.catch_warnings():
        # a fit that is stopped says so, and one so short may well have learnt nothing
        warnings.simplefilter("ignore")
        model.fit(X, y, X_unlabeled=X_unlabeled)
    return clock.seconds
