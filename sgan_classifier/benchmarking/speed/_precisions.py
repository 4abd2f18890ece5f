"""Whether a faster precision costs accuracy."""

import math
import warnings

from ... import SGANClassifier
from ...model_selection import label_efficiency_curve
from .._data import load_benchmark_data
from ._result import Section, Target
from ._setting import Options

N_LABELS = 50
MIN_DRAWS, MAX_DRAWS = 2, 5


def compare_accuracies(section: Section, precision: str, options: Options) -> None:
    """Add to a section how a precision does beside fp32 on digits, paired by draw."""
    data = load_benchmark_data("digits")
    fits = {name: SGANClassifier(precision=name) for name in (precision, "fp32")}
    if options.max_iter is not None:
        fits = {name: fit.set_params(max_iter=options.max_iter) for name, fit in fits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if options.max_iter else "default")
        curve = label_efficiency_curve(
            fits,
            data.X_train,
            data.y_train,
            X_test=data.X_test,
            y_test=data.y_test,
            n_labels=[N_LABELS],
            n_draws=min(max(options.draws, MIN_DRAWS), MAX_DRAWS),
            n_jobs=1,
        )
    mean, low, high = (float(part[0]) for part in curve.paired_difference(precision, "fp32"))
    n_draws = len(curve.seeds)
    section.figures["accuracies"] = {
        name: scores.tolist() for name, scores in curve.test_scores.items()
    }
    section.targets.append(
        Target(
            f"difference of accuracy, {precision} and fp32, over the half width of its 95 % "
            f"interval (digits, {N_LABELS} labels, {n_draws} draws, paired)",
            1.0,
            "at most",
            _relative(abs(mean), high - mean),
        )
    )
    section.notes.append(
        f"{precision} minus fp32 is {100 * mean:+.2f} points of accuracy "
        f"({100 * low:+.2f} to {100 * high:+.2f})."
    )


def _relative(difference: float, half_width: float) -> float:
    if difference == 0.0:
        return 0.0
    return difference / half_width if half_width > 0.0 else math.inf
