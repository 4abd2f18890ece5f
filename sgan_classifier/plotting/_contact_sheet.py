"""Images with a caption each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from .._numbers import check_whole_number
from ..exceptions import InvalidInputError
from ._images import show, strip_axes, to_unit_range, write_caption
from ._style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_LINE = 16  # characters of a caption that fit beneath an image of the figure made here


class ContactSheetDisplay:
    """Images with a caption each, as of files that an expert is to look at.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        Of any scale; one scale of grey serves all images.
    captions : sequence of str
        What stands beneath each image, of one line or several. Long lines keep their end, where
        the names of files differ.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes, shape (n_rows, n_columns)
        One for each image. Made by `plot`, as `figure_`.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    SamplesDisplay : Images without captions.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.plotting import ContactSheetDisplay
    >>> images = np.random.default_rng(0).random((3, 8, 8))
    >>> display = ContactSheetDisplay(images, ["a.png", "b.png", "c.png"]).plot(n_columns=2)
    >>> display.axes_.shape
    (2, 2)
    """

    def __init__(self, images: ArrayLike, captions: Sequence[str]):
        self.images = images
        self.captions = captions

    def plot(
        self,
        figure: Figure | None = None,
        *,
        n_columns: int = 5,
        value_range: tuple[float, float] | None = None,
        channels: int | Sequence[int] | None = None,
    ) -> ContactSheetDisplay:
        """Draw the images, row by row.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, default=None
            Where to draw. None makes one.
        n_columns : int, default=5
            Images in a row.
        value_range : (float, float), default=None
            Values drawn black and white; None takes the least and the greatest value.
        channels : int or sequence of 3 ints, default=None
            Which to draw, of images of other than one or three: one as grey, three as red, green
            and blue.

        Returns
        -------
        display : ContactSheetDisplay
            The display itself.

        Raises
        ------
        InvalidInputError
            If there is not one caption for each image.
        """
        check_whole_number("n_columns", n_columns, 1)
        images = to_unit_range(self.images, value_range, channels)
        if len(self.captions) != len(images):
            raise InvalidInputError(
                f"There are {len(images)} images and {len(self.captions)} captions. Pass one for "
                "each image."
            )
        n_rows = -(-len(images) // n_columns)
        n_lines = max(caption.count("\n") + 1 for caption in self.captions)
        if figure is None:
            figure = new_figure(height=n_rows * (5.0 / n_columns + 0.14 * n_lines))
        self.axes_ = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in self.axes_.flat:
            strip_axes(ax)
        for ax, image, caption in zip(self.axes_.flat, images, self.captions, strict=False):
            show(ax, image)
            write_caption(ax, "\n".join(_shortened(line) for line in caption.splitlines()))
        self.figure_ = figure
        return self


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"…{line[1 - MAX_LINE :]}"
