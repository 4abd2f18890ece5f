"""Whether a faster way to train costs accuracy."""

import math
import warnings

from sgan_classifier import SGANClassifier
from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.model_selection import label_efficiency_curve

from .result import Section, Target
from .setting import Options

N_LABELS = 50
MIN_DRAWS, MAX_DRAWS = 2, 5


def compare_accuracies(section: Section, fits: dict[str, SGANClassifier], options: Options) -> None:
    """Add to a section how the first of two estimators does beside the second on digits.

    Parameters
    ----------
    section : Section
    fits : dict of str to SGANClassifier
        Two of them, by the names they have in the report; paired by draw.
    options : Options
    """
    data = load_benchmark_data("digits")
    first, second = fits
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
    mean, low, high = (float(part[0]) for part in curve.paired_difference(first, second))
    n_draws = len(curve.seeds)
    section.figures["accuracies"] = {
        name: scores.tolist() for name, scores in curve.test_scores.items()
    }
    section.targets.append(
        Target(
            f"difference of accuracy, {first} and {second}, over the half width of its 95 % "
            f"interval (digits, {N_LABELS} labels, {n_draws} draws, paired)",
            1.0,
            "at most",
            _relative(abs(mean), high - mean),
        )
    )
    section.notes.append(
        f"{first} minus {second} is {100 * mean:+.2f} points of accuracy "
        f"({100 * low:+.2f} to {100 * high:+.2f})."
    )


def _relative(difference: float, half_width: float) -> float:
    if difference == 0.0:
        return 0.0
    return difference / half_width if half_width > 0.0 else math.inf
