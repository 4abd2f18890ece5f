"""How long the defaults take to become accurate, on real images."""

import statistics
import warnings
from typing import Any

import numpy as np

from sgan_classifier.benchmarking._data import BenchmarkData, load_benchmark_data
from sgan_classifier.model_selection import mask_labels

from .clock import StepClock, TimedSGANClassifier
from .result import Section, Target
from .setting import Options

LOOK_EVERY = 25  # steps
NEAR = 0.005  # of the final accuracy
MAX_ERROR = 0.02
MAX_DRAWS = 5
STEPS = {"lunar_nac": 2000, "mnist": 2800}  # shorter than where accuracy alone counts
Curve = list[tuple[float, float]]  # (seconds, accuracy)


def accuracy(options: Options) -> Section:
    """Fit lunar_nac with 50 labels and mnist with 100; score the running average on the way."""
    section = Section("Time to accuracy")
    draws = min(options.draws, MAX_DRAWS)
    for name, n_labels, bound in (("lunar_nac", 50, 45.0), ("mnist", 100, 90.0)):
        data = load_benchmark_data(name, options.data_dir)
        parameters = {**data.parameters, "max_iter": STEPS[name]}
        if options.max_iter is not None:
            parameters["max_iter"] = options.max_iter
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if options.max_iter else "default")
            curves = [curve(data, n_labels, seed, parameters) for seed in range(draws)]
        words = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
        section.notes.append(f"{name}: `SGANClassifier({words})`.")
        if name == "mnist":
            what = f"error below {MAX_ERROR:.0%}"
            times = [lasting(c, 1.0 - MAX_ERROR) for c in curves]
        else:
            what = f"within {100 * NEAR:g} points of the final accuracy"
            times = [lasting(c, c[-1][1] - NEAR) for c in curves]
        reached = [time for time in times if time is not None]
        # a draw that never gets there counts as later than all others
        ordered: list[float | None] = [*sorted(reached), *[None] * (draws - len(reached))]
        middle = ordered[(draws - 1) // 2]
        section.targets.append(
            Target(
                f"{name}, {n_labels} labels: time until {what} for good, median of {draws} draws",
                bound,
                "at most",
                float("inf") if middle is None else middle,
                "s",
            )
        )
        section.figures[name] = [{"seed": seed, "curve": c} for seed, c in enumerate(curves)]
        section.add_table(
            f"{name}, {n_labels} labels",
            ["draw", "final accuracy", "seconds of the fit", f"seconds until {what}"],
            [
                [
                    str(seed),
                    f"{c[-1][1]:.4f}",
                    f"{c[-1][0]:.0f}",
                    "never" if time is None else f"{time:.0f}",
                ]
                for seed, (c, time) in enumerate(zip(curves, times, strict=True))
            ],
        )
        section.add_table(
            f"{name}: mean accuracy on the test rows after a part of the fit",
            ["part", "seconds", "accuracy"],
            [_at(curves, part) for part in (0.1, 0.25, 0.5, 0.75, 1.0)],
        )
    section.notes.append(
        "All other parameters are the defaults. The running average is scored on the test rows "
        f"every {LOOK_EVERY} steps, which decides nothing, and whose time does not count."
    )
    return section


def curve(data: BenchmarkData, n_labels: int, seed: int, parameters: dict[str, Any]) -> Curve:
    """Return (seconds, test accuracy) along one fit, its end last."""
    model = TimedSGANClassifier(device="cpu", random_state=seed, **parameters)
    points: Curve = []

    def look(n_steps: int, seconds: float) -> None:
        score = float(np.mean(model.predict(data.X_test) == data.y_test))
        if points and points[-1][0] == seconds:
            points.pop()
        points.append((seconds, score))

    model.clock = StepClock(every=LOOK_EVERY, look=look)
    model.fit(data.X_train, mask_labels(data.y_train, n_labels, random_state=seed))
    return points


def lasting(points: Curve, level: float) -> float | None:
    """Return the time from which the accuracy is never again below `level`; None if it is.

    Examples
    --------
    >>> from sgan_benchmarks.speed.accuracy import lasting
    >>> lasting([(1.0, 0.9), (2.0, 0.5), (3.0, 0.8), (4.0, 0.9)], 0.8)
    3.0
    """
    since = None
    for seconds, score in points:
        if score < level:
            since = None
        elif since is None:
            since = seconds
    return since


def _at(curves: list[Curve], part: float) -> list[str]:
    points = [c[max(0, round(part * len(c)) - 1)] for c in curves]
    seconds, scores = zip(*points, strict=True)
    return [f"{part:.0%}", f"{statistics.mean(seconds):.0f}", f"{statistics.mean(scores):.4f}"]
