"""Images of any layout and scale as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from .._numbers import is_pair
from ..exceptions import InvalidInputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def as_images(rows: Any, estimator: BaseEstimator) -> NDArray:
    """Return rows in the layout that a fitted estimator knows as images (n, h, w, c).

    Estimators of others' making know no layout; their rows are taken as they are.

    Raises
    ------
    InvalidInputError
        If the estimator was fitted to a feature table.
    """
    layout = getattr(estimator, "_layout", None)
    if layout is None:
        return np.asarray(rows)
    if not layout.is_image:
        raise InvalidInputError(
            f"The estimator was fitted to a table of {layout.input_shape[0]} features, which are "
            "no images. Pass image_shape to it if the rows are flat images."
        )
    return np.moveaxis(layout.to_channels_first(np.asarray(rows)), 1, -1)


def to_unit_range(
    images: ArrayLike,
    value_range: tuple[float, float] | None,
    channels: int | Sequence[int] | None = None,
) -> NDArray:
    """Return images (n, h, w, c) of float in [0, 1], on one scale of grey for all.

    Parameters
    ----------
    images : array-like of shape (n, h, w) or (n, h, w, c)
    value_range : (float, float) or None
        Values drawn black and white; None takes the least and the greatest that are finite.
    channels : int, sequence of 3 ints or None
        Which to draw; None takes all, one or three.

    Raises
    ------
    InvalidInputError
        If there is nothing that can be drawn, or `value_range` is no pair.
    """
    images = np.asarray(images, dtype=float)
    images = images[..., None] if images.ndim == 3 else images
    if channels is not None and images.ndim == 4:
        images = _chosen(images, channels)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise InvalidInputError(
            f"The images have shape {images.shape}; expected (n, h, w), (n, h, w, 1) or "
            f"(n, h, w, 3) with at least one image. {_remedy(images.shape)}"
        )
    if value_range is None:
        known = images[np.isfinite(images)]
        value_range = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    if not is_pair(value_range):
        raise InvalidInputError(
            f"value_range={value_range!r} is not two numbers. Pass (black, white), or None."
        )
    low, high = value_range
    # NaN is as white as what lies about the images
    return np.nan_to_num(np.clip((images - low) / ((high - low) or 1.0), 0.0, 1.0), nan=1.0)


def _chosen(images: NDArray, channels: int | Sequence[int]) -> NDArray:
    numbers, n_channels = np.atleast_1d(channels), images.shape[-1]
    is_choice = numbers.dtype.kind in "iu" and numbers.shape in ((1,), (3,))
    if not is_choice or numbers.min() < 0 or numbers.max() >= n_channels:
        raise InvalidInputError(
            f"channels={channels!r} is not one number or three, each from 0 to {n_channels - 1}, "
            f"of images with {n_channels} channels."
        )
    return images[..., numbers]


def _remedy(shape: tuple[int, ...]) -> str:
    remedy = "Choose one or three channels, as channels=0 or channels=(2, 1, 0)"
    if len(shape) == 4 and shape[1] < shape[-1]:
        return f"{remedy}; or if they come first, move them: np.moveaxis(images, 1, -1)."
    return f"{remedy}."


def tile(images: NDArray, n_columns: int) -> NDArray:
    """Lay images (n, h, w, c) on a grid, row by row, white lines of a pixel between them."""
    n, height, width, n_channels = images.shape
    n_rows = -(-n // n_columns)
    # white too where the last row is not full
    grid = np.ones((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1, n_channels))
    for i, image in enumerate(images):
        row, column = divmod(i, n_columns)
        top, left = row * (height + 1), column * (width + 1)
        grid[top : top + height, left : left + width] = image
    return grid


def show(ax: Axes, picture: NDArray) -> None:
    """Draw a picture (h, w, c) of values in [0, 1], every pixel a square."""
    picture = picture[..., 0] if picture.shape[-1] == 1 else picture
    ax.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    strip_axes(ax)


def strip_axes(ax: Axes) -> None:
    """Take away ticks and frame; labels of the axes stay."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def write_caption(ax: Axes, text: str, color: str = "black") -> None:
    """Write a line or several beneath an image."""
    place: dict[str, Any] = {"transform": ax.transAxes, "ha": "center", "va": "top"}
    # names of files and classes may hold a dollar sign, which begins no formula
    ax.text(0.5, -0.04, text, fontsize="x-small", color=color, parse_math=False, **place)
