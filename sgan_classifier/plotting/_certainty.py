"""The images that a classifier is most and least sure of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._labels import is_unlabeled, label_column
from .._numbers import check_whole_number
from ..exceptions import InvalidInputError
from ._images import as_images, show, strip_axes, to_unit_range, write_caption
from ._style import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WRONG = COLORS[1]
_PER_INCH = 14  # characters of a caption or a title


class CertaintyDisplay:
    """The images that a classifier is most sure of, a row of each class, and those it doubts most.

    How sure it is of an image is the greatest of its probabilities. Beneath each image stand the
    class it is taken for, and that probability. Where labels are given, a mistake is set in colour
    and names the true class. Names for which there is no room lose their end.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        Of any scale; one scale of grey serves all images.
    probabilities : array-like of shape (n, n_classes)
        From `predict_proba`.
    classes : array-like of shape (n_classes,)
        Their names, in the order of the columns.
    y : array-like of shape (n,), default=None
        True classes, where they are known: unlabelled rows are marked as in `fit`.

    Attributes
    ----------
    rows_ : dict of str to ndarray of int
        The rows of `images` drawn, by the title of their row in the figure: the most certain of
        each class first, the least certain last. Made by `plot`, as what follows.
    axes_ : ndarray of matplotlib.axes.Axes, shape (n_classes + 1, n_images)
        One for each image.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    sgan_classifier.active.suggest : Which rows to label next.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.plotting import CertaintyDisplay
    >>> images = np.random.default_rng(0).random((4, 8, 8))
    >>> probabilities = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.0, 1.0]]
    >>> display = CertaintyDisplay(images, probabilities, ["plain", "crater"]).plot(n_images=1)
    >>> {title: rows.tolist() for title, rows in display.rows_.items()}
    {'surest: plain': [0], 'surest: crater': [3], 'least sure': [1]}
    """

    def __init__(
        self,
        images: ArrayLike,
        probabilities: ArrayLike,
        classes: ArrayLike,
        *,
        y: ArrayLike | None = None,
    ):
        self.images = images
        self.probabilities = probabilities
        self.classes = classes
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        *,
        y: ArrayLike | None = None,
        n_images: int = 8,
        figure: Figure | None = None,
        value_range: tuple[float, float] | None = None,
        channels: int | Sequence[int] | None = None,
    ) -> CertaintyDisplay:
        """Draw the rows of `X` that a fitted classifier is most and least sure of.

        Parameters
        ----------
        estimator : fitted classifier
            With `predict_proba`, of images.
        X : array-like of shape (n, ...)
            Images as in `fit`.
        y : array-like of shape (n,), default=None
            True classes, where they are known.
        n_images : int, default=8
            As in `plot`, as are `figure`, `value_range` and `channels`.
        figure : matplotlib.figure.Figure, default=None
            Where to draw.
        value_range : (float, float), default=None
            Values drawn black and white.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : CertaintyDisplay
            With the figure drawn.

        Raises
        ------
        InvalidInputError
            If the estimator was fitted to a feature table.
        """
        check_is_fitted(estimator)
        images, probabilities = as_images(X, estimator), estimator.predict_proba(X)
        display = cls(images, probabilities, estimator.classes_, y=y)
        return display.plot(figure, n_images=n_images, value_range=value_range, channels=channels)

    def plot(
        self,
        figure: Figure | None = None,
        *,
        n_images: int = 8,
        value_range: tuple[float, float] | None = None,
        channels: int | Sequence[int] | None = None,
    ) -> CertaintyDisplay:
        """Draw the images.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, default=None
            Where to draw. None makes one.
        n_images : int, default=8
            Images in a row of the figure.
        value_range : (float, float), default=None
            Values drawn black and white; None takes the least and the greatest of those drawn.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : CertaintyDisplay
            The display itself.

        Raises
        ------
        InvalidInputError
            If images, probabilities, classes and labels do not fit each other.
        """
        probabilities, classes = np.asarray(self.probabilities), np.asarray(self.classes)
        self._check(probabilities, classes)
        check_whole_number("n_images", n_images, 1)
        predicted, certainty = probabilities.argmax(axis=1), probabilities.max(axis=1)
        order = np.argsort(-certainty, kind="stable")
        self.rows_ = {
            f"surest: {name}": order[predicted[order] == code][:n_images]
            for code, name in enumerate(classes)
        }
        self.rows_["least sure"] = order[::-1][:n_images]

        drawn = np.concatenate(list(self.rows_.values()))
        all_images = np.asarray(self.images)
        pictures = to_unit_range(all_images[drawn], value_range, channels)
        images = dict(zip(drawn, pictures, strict=True))
        labels = label_column(self.y if self.y is not None else np.full(len(all_images), -1))
        is_known = ~is_unlabeled(labels)
        n_rows = len(self.rows_)
        figure = new_figure(height=1.2 * n_rows) if figure is None else figure
        self.axes_ = figure.subplots(n_rows, n_images, squeeze=False)
        width, height = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
        room = int(_PER_INCH * (width - 0.5) / n_images)  # without the titles of the rows
        title_room = int(_PER_INCH * height / n_rows)
        for axes, (title, rows) in zip(self.axes_, self.rows_.items(), strict=True):
            for ax in axes:
                strip_axes(ax)
            title = _shortened(title.replace(": ", ":\n", 1), title_room)
            axes[0].set_ylabel(title, fontsize="small", parse_math=False)
            for ax, row in zip(axes, rows, strict=False):
                show(ax, images[row])
                label = labels[row] if is_known[row] else None
                caption, is_wrong = _caption(classes[predicted[row]], certainty[row], label)
                write_caption(ax, _shortened(caption, room), _WRONG if is_wrong else "black")
        self.figure_ = figure
        return self

    def _check(self, probabilities: NDArray, classes: NDArray) -> None:
        n = len(np.asarray(self.images))
        n_labels = n if self.y is None else len(np.asarray(self.y))
        if probabilities.shape != (n, len(classes)) or n_labels != n:
            raise InvalidInputError(
                f"{n} images, probabilities of shape {probabilities.shape}, {len(classes)} classes "
                f"and {n_labels} labels do not fit each other. Pass a row of probabilities, and a "
                "label if any, for each image, and a column for each class."
            )
        if not np.isfinite(probabilities).all():
            row = int(np.argwhere(~np.isfinite(probabilities))[0, 0])
            raise InvalidInputError(
                f"The probabilities of image {row} are {probabilities[row].tolist()}: no order of "
                "certainty can be told. Leave such images out."
            )


def _caption(name: Any, certainty: float, label: Any) -> tuple[str, bool]:
    """Return what stands beneath an image of a label, if any, and whether `name` is wrong."""
    # rounded down: 1.00 is for what has no doubt at all
    text = f"{name}\n{np.floor(1000 * certainty) / 1000:.3f}"
    if label is None or label == name:
        return text, False
    return f"{text}\nis {label}", True


def _shortened(text: str, room: int) -> str:
    """Cut the end of each line of more characters than there is room for."""
    lines = text.split("\n")
    return "\n".join(x if len(x) <= room else f"{x[: max(1, room - 1)].rstrip()}…" for x in lines)
