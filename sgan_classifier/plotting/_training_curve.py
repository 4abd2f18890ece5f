"""Losses and realness against the training step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

from ..exceptions import InvalidInputError
from ._style import COLORS, LINESTYLES, check_has, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the record of a step is called in a figure; records hold these as far as they apply.
_LOSSES = {
    "labeled_loss": "labelled images",
    "valid_loss": "labelled images held out",
    "adversarial_loss": "real or generated",
    "generator_loss": "generator",
}
_REALNESS = {"realness_real": "real images", "realness_fake": "generated images"}


class TrainingCurveDisplay:
    """Losses and realness against the training step.

    In healthy training the losses stay finite, and D_u, the probability of being real, stays above
    one half for real images and is lower, but not 0, for generated ones.

    Parameters
    ----------
    history : list of dict
        The attribute `history_` of a fitted estimator.

    Attributes
    ----------
    axes_ : list of matplotlib.axes.Axes
        The losses and, where there is a generator, D_u below. Made by `plot`, as `figure_`.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sgan_classifier.plotting import TrainingCurveDisplay
    >>> history = [{"step": 1, "labeled_loss": 0.7}, {"step": 2, "labeled_loss": 0.5}]
    >>> TrainingCurveDisplay(history).plot().axes_[0].get_ylabel()
    'Loss'
    """

    def __init__(self, history: Sequence[Mapping[str, float]]):
        self.history = history

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, *, figure: Figure | None = None
    ) -> TrainingCurveDisplay:
        """Draw the history of a fitted SGANClassifier or CNNClassifier.

        Parameters
        ----------
        estimator : fitted estimator
        figure : matplotlib.figure.Figure, default=None
            As in `plot`.

        Returns
        -------
        display : TrainingCurveDisplay
            With the figure drawn.

        Raises
        ------
        InvalidInputError
            If the estimator has no history, as a pipeline or a search.
        """
        check_has(estimator, "history_", "history", "SGANClassifier or a CNNClassifier")
        return cls(estimator.history_).plot(figure)

    def plot(self, figure: Figure | None = None) -> TrainingCurveDisplay:
        """Draw one panel of losses and, where there is a generator, one of D_u.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, default=None
            Where to draw. None makes one.

        Returns
        -------
        display : TrainingCurveDisplay
            The display itself.

        Raises
        ------
        InvalidInputError
            If the history is empty.
        """
        if not self.history:
            raise InvalidInputError("history is empty: there is no step to draw. Fit first.")
        figure = new_figure(height=5.0) if figure is None else figure
        panels = [("Loss", _LOSSES), ("$D_u$, probability of being real", _REALNESS)]
        known = set().union(*self.history)
        panels = [panel for panel in panels if known.intersection(panel[1])]
        axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
        for ax, (label, names) in zip(axes, panels, strict=True):
            for i, (name, legend) in enumerate(names.items()):
                points = [(row["step"], row[name]) for row in self.history if name in row]
                if points:
                    style = {"color": COLORS[i], "linestyle": LINESTYLES[i], "linewidth": 1.4}
                    ax.plot(*zip(*points, strict=True), label=legend, **style)
            ax.set_ylabel(label)
            ax.grid(axis="y", linewidth=0.5, alpha=0.4)
            ax.spines[["top", "right"]].set_visible(False)
            # above the panel, where no line runs
            ax.legend(
                frameon=False,
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0),
                ncols=2 if len(ax.lines) == 4 else 3,
                fontsize="small",
                columnspacing=1.2,
                borderpad=0.0,
            )
            if names is _REALNESS:
                ax.set_ylim(0.0, 1.0)
        axes[-1].set_xlabel("Step")
        self.axes_, self.figure_ = list(axes), figure
        return self
