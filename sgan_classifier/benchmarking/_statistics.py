"""Means over draws with their 95 % intervals, as the reports print them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..model_selection import LabelEfficiencyCurve
from ..model_selection._curve_result import half_width


class Mean(NamedTuple):
    """A mean over draws with the ends of its interval, which are NaN for a single draw."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        spread = "" if math.isnan(self.low) else f" ± {self.high - self.value:.3f}"
        return f"{self.value:.3f}{spread}"

    def in_points(self) -> str:
        """Write a difference of accuracies in percentage points, with sign and interval."""
        interval = (
            "" if math.isnan(self.low) else f" ({100 * self.low:+.1f} to {100 * self.high:+.1f})"
        )
        return f"{100 * self.value:+.1f} points{interval}"

    def in_marked_points(self) -> str:
        """Write it so, in bold where the interval does not hold 0."""
        text = self.in_points()
        return f"**{text}**" if self.low > 0 or self.high < 0 else text


def mean_scores(curve: LabelEfficiencyCurve) -> dict[str, list[Mean]]:
    """Return the mean test score for each number of labels, by method."""
    means, intervals = curve.mean(), curve.interval()
    return {name: _zipped(means[name], *intervals[name]) for name in means}


def mean_differences(curve: LabelEfficiencyCurve, name: str, baseline: str) -> list[Mean]:
    """Return the mean difference, paired by draw, for each number of labels."""
    return _zipped(*curve.paired_difference(name, baseline))


def mean_of(figures: ArrayLike) -> Mean:
    """Return the mean with its 95 % interval by Student's t, which is NaN for one figure."""
    figures = np.asarray(figures, dtype=float)
    mean, half = float(figures.mean()), float(half_width(figures, 0.95))
    return Mean(mean, mean - half, mean + half)


def best_of(column: list[Mean]) -> float:
    """Return the greatest mean."""
    return max(mean.value for mean in column)


def emphasised(mean: Mean, best: float) -> str:
    """Write a mean, in bold where it is the best."""
    return f"**{mean}**" if mean.value == best else str(mean)


def columns(curve: LabelEfficiencyCurve) -> list[str]:
    """Name the columns of a table that has one for each number of labels."""
    return [f"{n} labels" for n in curve.n_labels]


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Lay out a Markdown table: the first column to the left, all others to the right."""
    rule = [":---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def _zipped(*arrays: NDArray) -> list[Mean]:
    return [Mean(*map(float, row)) for row in zip(*arrays, strict=True)]
