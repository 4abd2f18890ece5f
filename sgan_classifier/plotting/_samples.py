"""Images side by side, and what a generator makes as it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._numbers import check_whole_number
from ..exceptions import InvalidInputError
from ._images import as_images, show, tile, to_unit_range
from ._style import check_has, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..callbacks import SampleRecorder


class SamplesDisplay:
    """Images side by side on a grid.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        Of any scale; one scale of grey serves all images.
    column_titles : sequence of str, default=None
        What stands above each column; the grid then has as many columns.

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

    def __init__(self, images: ArrayLike, *, column_titles: Sequence[str] | None = None):
        self.images = images
        self.column_titles = column_titles

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
        channels: int | Sequence[int] | None = None,
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
            As in `plot`, as are `n_columns`, `value_range` and `channels`.
        n_columns : int, default=10
            Images in a row.
        value_range : (float, float), default=None
            Values drawn black and white.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : SamplesDisplay
            With the figure drawn.

        Raises
        ------
        InvalidInputError
            If the estimator was fitted to a feature table, or has no generator.
        """
        check_has(estimator, "sample", "generator", "SGANClassifier")
        images = as_images(estimator.sample(n_samples, random_state=random_state), estimator)
        return cls(images).plot(ax, n_columns=n_columns, value_range=value_range, channels=channels)

    @classmethod
    def from_recorder(
        cls,
        recorder: SampleRecorder,
        *,
        ax: Axes | None = None,
        value_range: tuple[float, float] | None = None,
        channels: int | Sequence[int] | None = None,
    ) -> SamplesDisplay:
        """Draw the strip of a SampleRecorder: a row of each noise vector, a column of each step.

        Parameters
        ----------
        recorder : SampleRecorder
            That an SGANClassifier has been fitted with, on images.
        ax : matplotlib.axes.Axes, default=None
            As in `plot`, as are `value_range` and `channels`.
        value_range : (float, float), default=None
            Values drawn black and white.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : SamplesDisplay
            With the figure drawn.

        Raises
        ------
        InvalidInputError
            If nothing was recorded.
        """
        if not getattr(recorder, "steps_", None):
            raise InvalidInputError(
                "The recorder holds no images. Pass it to SGANClassifier as callbacks=[recorder], "
                "with steps within max_iter, and fit."
            )
        images = np.stack(recorder.images_, axis=1)  # (n_samples, n_steps, h, w, c)
        titles = [f"{step:,}" for step in recorder.steps_]
        display = cls(images.reshape(-1, *images.shape[2:]), column_titles=titles)
        display.plot(ax, value_range=value_range, channels=channels)
        display.ax_.set_xlabel("Step")
        return display

    def plot(
        self,
        ax: Axes | None = None,
        *,
        n_columns: int | None = None,
        value_range: tuple[float, float] | None = None,
        channels: int | Sequence[int] | None = None,
    ) -> SamplesDisplay:
        """Draw the grid, row by row.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        n_columns : int, default=None
            Images in a row; None takes as many as there are titles, or ten.
        value_range : (float, float), default=None
            Values drawn black and white, such as those of real images; None takes the least and
            the greatest value.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : SamplesDisplay
            The display itself.
        """
        titles = self.column_titles
        if n_columns is None:
            n_columns = 10 if titles is None else len(titles)
        check_whole_number("n_columns", n_columns, 1)
        if titles is not None and len(titles) != n_columns:
            raise InvalidInputError(
                f"n_columns={n_columns}, but there are {len(titles)} titles of columns. Leave "
                "n_columns out."
            )
        images = to_unit_range(self.images, value_range, channels)
        picture = tile(images, n_columns)
        if ax is None:  # as high as the picture needs it
            height, width = picture.shape[:2]
            ax = new_figure(height=min(7.0, 0.4 + 5.0 * height / width)).subplots()
        show(ax, picture)
        if titles is not None:
            width = images.shape[2]
            middles = [column * (width + 1) + (width - 1) / 2 for column in range(n_columns)]
            ax.xaxis.tick_top()
            ax.xaxis.set_label_position("top")
            ax.set_xticks(middles, titles, parse_math=False)
            ax.tick_params(length=0)
        self.ax_, self.figure_ = ax, ax.figure
        return self
