"""Scores against the number of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ..exceptions import InvalidInputError
from ..model_selection import LabelEfficiencyCurve, label_efficiency_curve
from ._style import COLORS, LINESTYLES, MARKERS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM_OF_NAME = 0.08  # of the axis, between the ticks of two numbers of labels


class LabelEfficiencyDisplay:
    """Scores against the number of labels.

    Parameters
    ----------
    curve : LabelEfficiencyCurve
        From `sgan_classifier.model_selection.label_efficiency_curve`.

    Attributes
    ----------
    curve : LabelEfficiencyCurve
        What is drawn.
    ax_ : matplotlib.axes.Axes
        The axes of the figure. Made by `plot`, as what follows.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : dict of str to Line2D
        The line of each estimator.
    bands_ : dict of str to PolyCollection
        The interval of each estimator; empty with one draw.

    See Also
    --------
    sgan_classifier.model_selection.label_efficiency_curve : Measures the curve.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.semi_supervised import LabelSpreading
    >>> from sgan_classifier.plotting import LabelEfficiencyDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> display = LabelEfficiencyDisplay.from_estimators(
    ...     {"spreading": LabelSpreading()}, X, y, X_test=X_test, y_test=y_test, n_labels=[6, 24]
    ... )
    >>> display.ax_.get_xlabel()
    'Labels'
    """

    def __init__(self, curve: LabelEfficiencyCurve):
        self.curve = curve

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        X: Any,
        y: ArrayLike,
        *,
        ax: Axes | None = None,
        confidence: float = 0.95,
        score_name: str | None = None,
        **curve_parameters: Any,
    ) -> LabelEfficiencyDisplay:
        """Measure the curve, and draw it.

        Parameters
        ----------
        estimators : dict of str to estimator
            Names, which the legend shows, and estimators.
        X : array-like of shape (n_samples, ...)
            Training rows.
        y : array-like of shape (n_samples,)
            Their labels.
        ax : matplotlib.axes.Axes, default=None
            As in `plot`, as are `confidence` and `score_name`.
        confidence : float, default=0.95
            Of the intervals.
        score_name : str, default=None
            Label of the vertical axis.
        **curve_parameters : dict
            Further arguments of `label_efficiency_curve`, such as `n_labels` and `X_test`.

        Returns
        -------
        display : LabelEfficiencyDisplay
            With the figure drawn.
        """
        curve = label_efficiency_curve(estimators, X, y, **curve_parameters)
        return cls(curve).plot(ax, confidence=confidence, score_name=score_name)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        names: Sequence[str] | None = None,
        confidence: float = 0.95,
        score_name: str | None = None,
    ) -> LabelEfficiencyDisplay:
        """Draw the mean test scores, with Student's t intervals of the means as bands.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure as wide as a column of a paper needs it.
        names : list of str, default=None
            Estimators to draw, in this order; None draws all.
        confidence : float, default=0.95
            Of the intervals.
        score_name : str, default=None
            Label of the vertical axis; None takes the name of the score.

        Returns
        -------
        display : LabelEfficiencyDisplay
            The display itself.

        Raises
        ------
        InvalidInputError
            If there is no name, or one that is that of no estimator.
        """
        means, intervals = self.curve.mean(), self.curve.interval(confidence)
        if names is not None and len(names) == 0:
            raise InvalidInputError(
                f"names={names!r} names nothing to draw. Pass some of {[*means]}, or None for all."
            )
        unknown = [name for name in names or () if name not in means]
        if unknown:
            raise InvalidInputError(
                f"names holds {unknown[0]!r}, which is none of the estimators {[*means]}."
            )
        ax = new_figure().subplots() if ax is None else ax
        n_labels = self.curve.n_labels
        order = np.argsort(n_labels, kind="stable")
        self.lines_, self.bands_ = {}, {}
        for i, name in enumerate(means if names is None else names):
            color = COLORS[i % len(COLORS)]
            (self.lines_[name],) = ax.plot(
                n_labels[order],
                means[name][order],
                color=color,
                marker=MARKERS[i % len(MARKERS)],
                markersize=4.5,
                linestyle=LINESTYLES[i % len(LINESTYLES)],
                linewidth=1.4,
                label=name,
            )
            low, high = intervals[name]
            if not np.isnan(low).any():
                self.bands_[name] = ax.fill_between(
                    n_labels[order], low[order], high[order], color=color, alpha=0.15, linewidth=0
                )
        ax.set_xscale("log")
        sizes = np.unique(n_labels)
        named = _spread_out(sizes)
        ax.set_xticks(sizes, [f"{n:,}" if n in named else "" for n in sizes])
        ax.minorticks_off()
        ax.set_xlabel("Labels")
        ax.set_ylabel(score_name or self.curve.scoring.replace("_", " ").capitalize())
        ax.grid(axis="y", linewidth=0.5, alpha=0.4)
        ax.spines[["top", "right"]].set_visible(False)
        self._write_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _write_legend(self, ax: Axes) -> None:
        # what else is drawn there keeps its entry
        entries = dict(zip(*ax.get_legend_handles_labels(), strict=True))
        entries |= {line: name for name, line in self.lines_.items()}
        # numbers at first: matplotlib leaves out what begins with an underscore
        numbers = [str(i) for i in range(len(entries))]
        legend = ax.legend([*entries], numbers, frameon=False, loc="best")
        for text, name in zip(legend.get_texts(), entries.values(), strict=True):
            text.set(text=name, parse_math=False)


def _spread_out(sizes: NDArray) -> set[int]:
    """Return the numbers of labels, sorted, whose ticks have room for a name, the ends first."""
    place = np.log(sizes) / max(np.log(sizes[-1] / sizes[0]), 1e-9)
    named = [0, len(sizes) - 1]
    for i in range(1, len(sizes) - 1):
        if np.abs(place[named] - place[i]).min() >= ROOM_OF_NAME:
            named.append(i)
    return set(sizes[named].tolist())
