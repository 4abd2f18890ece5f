"""Figures, as Displays in scikit-learn's manner. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .model_selection import LabelEfficiencyCurve, label_efficiency_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LabelEfficiencyDisplay", "SamplesDisplay", "TrainingCurveDisplay"]

# Okabe and Ito's colours, which colour-blind readers tell apart; yellow is left out as too pale.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_LINESTYLES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))


def _new_figure(height: float = 3.6) -> Figure:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Drawing a figure needs matplotlib. Install it: pip install 'sgan-classifier[plot]'"
        ) from error
    return plt.figure(figsize=(5.0, height), layout="constrained")


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
        """
        ax = _new_figure().subplots() if ax is None else ax
        means, intervals = self.curve.mean(), self.curve.interval(confidence)
        n_labels = self.curve.n_labels
        order = np.argsort(n_labels, kind="stable")
        self.lines_, self.bands_ = {}, {}
        for i, name in enumerate(means if names is None else names):
            color = _COLORS[i % len(_COLORS)]
            (self.lines_[name],) = ax.plot(
                n_labels[order],
                means[name][order],
                color=color,
                marker=_MARKERS[i % len(_MARKERS)],
                markersize=4.5,
                linestyle=_LINESTYLES[i % len(_LINESTYLES)],
                linewidth=1.4,
                label=name,
            )
            low, high = intervals[name]
            if not np.isnan(low).any():
                self.bands_[name] = ax.fill_between(
                    n_labels[order], low[order], high[order], color=color, alpha=0.15, linewidth=0
                )
        ax.set_xscale("log")
        ax.set_xticks(np.unique(n_labels), [f"{n:,}" for n in np.unique(n_labels)])
        ax.minorticks_off()
        ax.set_xlabel("Labels")
        ax.set_ylabel(score_name or self.curve.scoring.replace("_", " ").capitalize())
        ax.grid(axis="y", linewidth=0.5, alpha=0.4)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        self.ax_, self.figure_ = ax, ax.figure
        return self


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
        """
        check_is_fitted(estimator)
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
        """
        figure = _new_figure(height=5.0) if figure is None else figure
        panels = [("Loss", _LOSSES), ("D_u, probability of being real", _REALNESS)]
        panels = [panel for panel in panels if any(name in self.history[-1] for name in panel[1])]
        axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
        for ax, (label, names) in zip(axes, panels, strict=True):
            for i, (name, legend) in enumerate(names.items()):
                points = [(row["step"], row[name]) for row in self.history if name in row]
                if points:
                    style = {"color": _COLORS[i], "linestyle": _LINESTYLES[i], "linewidth": 1.4}
                    ax.plot(*zip(*points, strict=True), label=legend, **style)
            ax.set_ylabel(label)
            ax.grid(axis="y", linewidth=0.5, alpha=0.4)
            ax.spines[["top", "right"]].set_visible(False)
            ax.legend(frameon=False, loc="best")
            if names is _REALNESS:
                ax.set_ylim(0.0, 1.0)
        axes[-1].set_xlabel("Step")
        self.axes_, self.figure_ = list(axes), figure
        return self


class SamplesDisplay:
    """Images side by side on a grid.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        Of any scale; one scale of grey serves all images.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the figure. Made by `plot`, as `figure_`.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier.plotting import SamplesDisplay
    >>> display = SamplesDisplay(load_digits().images[:20]).plot(n_columns=10)
    >>> display.ax_.images[0].get_array().shape  # two rows of ten 8x8 images, a pixel between
    (17, 89)
    """

    def __init__(self, images: ArrayLike):
        self.images = images

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        n_samples: int = 40,
        random_state: int | np.random.RandomState | None = 0,
        ax: Axes | None = None,
        n_columns: int = 10,
        value_range: tuple[float, float] | None = None,
    ) -> SamplesDisplay:
        """Draw images from the generator of a fitted SGANClassifier.

        Parameters
        ----------
        estimator : fitted SGANClassifier
            Of images, not of feature tables.
        n_samples : int, default=40
            How many images.
        random_state : int, RandomState or None, default=0
            Of the draw.
        ax : matplotlib.axes.Axes, default=None
            As in `plot`, as are `n_columns` and `value_range`.
        n_columns : int, default=10
            Images in a row.
        value_range : (float, float), default=None
            Values drawn black and white.

        Returns
        -------
        display : SamplesDisplay
            With the figure drawn.

        Raises
        ------
        ValueError
            If the estimator was fitted to a feature table.
        """
        check_is_fitted(estimator)
        shape = tuple(estimator.input_shape_)
        if len(shape) != 3:
            raise ValueError(
                f"The estimator was fitted to a table of {shape[0]} features, which are no images. "
                "Pass image_shape to it if the rows are flat images."
            )
        images = estimator.sample(n_samples, random_state=random_state)
        if images.ndim == 2:
            images = images.reshape(n_samples, *estimator.image_shape)
        if images.shape[1:] == shape and images.shape[-1] not in (1, 3):
            images = np.moveaxis(images, 1, -1)
        return cls(images).plot(ax, n_columns=n_columns, value_range=value_range)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        n_columns: int = 10,
        value_range: tuple[float, float] | None = None,
    ) -> SamplesDisplay:
        """Draw the grid, row by row.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        n_columns : int, default=10
            Images in a row.
        value_range : (float, float), default=None
            Values drawn black and white, such as those of real images; None takes the least and
            the greatest value.

        Returns
        -------
        display : SamplesDisplay
            The display itself.
        """
        ax = _new_figure().subplots() if ax is None else ax
        images = np.asarray(self.images, dtype=float)
        images = images[..., None] if images.ndim == 3 else images
        low, high = (images.min(), images.max()) if value_range is None else value_range
        images = np.clip((images - low) / ((high - low) or 1.0), 0.0, 1.0)
        n, height, width, n_channels = images.shape
        n_rows = -(-n // n_columns)
        # white lines of a pixel between the images, and white where the last row is not full
        grid = np.ones((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1, n_channels))
        for i, image in enumerate(images):
            row, column = divmod(i, n_columns)
            top, left = row * (height + 1), column * (width + 1)
            grid[top : top + height, left : left + width] = image
        grid = grid[..., 0] if n_channels == 1 else grid
        ax.imshow(grid, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self
