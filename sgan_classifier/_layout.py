"""How an array of images or table rows is stored, and its view as network inputs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from .exceptions import InvalidInputError

MIN_IMAGE_SIDE = 4
MAX_INFERRED_CHANNELS = 4


@dataclass(frozen=True)
class Layout:
    """How the rows of an array become network inputs.

    Parameters
    ----------
    input_shape : tuple of int
        What the networks see: (channels, height, width) for images, (n_features,) for tables.
    source : {"nhw", "nhwc", "nchw", "flat", "table"}
        How ``X`` stores a row. "flat" is an image as one row of height * width * channels
        values, in that order.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier._layout import infer_layout
    >>> layout = infer_layout((100, 28, 32, 3), None)
    >>> layout
    Layout(input_shape=(3, 28, 32), source='nhwc')
    >>> layout.to_channels_first(np.zeros((5, 28, 32, 3))).shape
    (5, 3, 28, 32)
    """

    input_shape: tuple[int, ...]
    source: str

    @property
    def is_image(self) -> bool:
        """Whether the rows are images."""
        return self.source != "table"

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row as stored in ``X``."""
        if self.source == "nhw":
            return self.input_shape[1:]
        if self.source == "nhwc":
            return (*self.input_shape[1:], self.input_shape[0])
        if self.source == "flat":
            return (math.prod(self.input_shape),)
        return self.input_shape

    def to_channels_first(self, rows: np.ndarray) -> np.ndarray:
        """View rows as network inputs.

        Parameters
        ----------
        rows : ndarray of shape (b, *row_shape)

        Returns
        -------
        ndarray of shape (b, *input_shape)
            A view of ``rows``, never a copy.
        """
        if self.source == "nhw":
            return rows[:, np.newaxis]
        if self.source == "nhwc":
            return np.moveaxis(rows, -1, 1)
        if self.source == "flat":
            channels, height, width = self.input_shape
            # Splitting one axis is a view whatever the strides are.
            images = rows.reshape(len(rows), height, width, channels)
            return np.moveaxis(images, -1, 1)
        return rows

    def from_channels_first(self, rows: np.ndarray) -> np.ndarray:
        """Put network-shaped rows, such as generated images, in the layout of ``X``.

        Parameters
        ----------
        rows : ndarray of shape (b, *input_shape)

        Returns
        -------
        ndarray of shape (b, *row_shape)
        """
        if self.source == "nhw":
            return rows[:, 0]
        if self.source == "nhwc":
            return np.moveaxis(rows, 1, -1)
        if self.source == "flat":
            return np.moveaxis(rows, 1, -1).reshape(len(rows), *self.row_shape)
        return rows


def infer_layout(shape: tuple[int, ...], image_shape: Sequence[int] | None) -> Layout:
    """Find out how an array stores its rows.

    Parameters
    ----------
    shape : tuple of int
        Shape of the whole array: (n, n_features), (n, h, w), (n, h, w, c), (n, c, h, w), or
        (n, h * w * c) together with ``image_shape``.
    image_shape : sequence of int or None
        (height, width) or (height, width, channels), always in this order. Four-dimensional
        arrays need it where one to four channels could be at either end, or at neither. Where
        height, width and channels are all equal it reads as the array does: channels last.

    Returns
    -------
    Layout

    Raises
    ------
    InvalidInputError
        If the array has another number of dimensions, disagrees with ``image_shape``, could be
        read in two ways, or holds images smaller than 4 x 4.
    """
    row_shape = tuple(int(side) for side in shape[1:])
    wanted = _check_image_shape(image_shape)
    if len(row_shape) == 1:
        layout = _layout_of_flat_rows(row_shape, wanted)
    elif len(row_shape) == 2:
        layout = Layout((1, *row_shape), "nhw")
        if wanted is not None and wanted not in (row_shape, (*row_shape, 1)):
            raise _image_shape_mismatch(row_shape, wanted)
    elif len(row_shape) == 3:
        layout = _layout_of_4d(row_shape, wanted)
    else:
        raise InvalidInputError(
            f"X has {len(shape)} dimensions (shape {tuple(shape)}); expected a table "
            "(n, n_features) or images (n, height, width), (n, height, width, channels) or "
            "(n, channels, height, width). Reshape X; for volumes or sequences of images, make "
            "each slice a row or a channel."
        )
    if layout.is_image and min(layout.input_shape[1:]) < MIN_IMAGE_SIDE:
        height, width = layout.input_shape[1:]
        raise InvalidInputError(
            f"The images are {height} x {width} pixels (rows of shape {row_shape}); the smallest "
            f"that can be used is {MIN_IMAGE_SIDE} x {MIN_IMAGE_SIDE}. Enlarge or pad them, or "
            "pass them as a feature table: X.reshape(len(X), -1) without image_shape."
        )
    return layout


def _check_image_shape(image_shape: Sequence[int] | None) -> tuple[int, ...] | None:
    if image_shape is None:
        return None
    valid = (
        isinstance(image_shape, (tuple, list))
        and len(image_shape) in (2, 3)
        and all(isinstance(side, Integral) and not isinstance(side, bool) for side in image_shape)
        and all(side > 0 for side in image_shape)
    )
    if not valid:
        raise InvalidInputError(
            f"image_shape={image_shape!r} is not a shape. Pass two or three positive integers: "
            "(height, width) or (height, width, channels)."
        )
    return tuple(int(side) for side in image_shape)


def _layout_of_flat_rows(row_shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> Layout:
    if wanted is None:
        return Layout(row_shape, "table")
    if math.prod(wanted) != row_shape[0]:
        raise InvalidInputError(
            f"X has rows of shape {row_shape}, but image_shape={wanted} needs "
            f"{math.prod(wanted)} values a row. Correct image_shape (height, width[, channels]), "
            "or leave it out if X is a feature table."
        )
    height, width, channels = (*wanted, 1)[:3]
    return Layout((channels, height, width), "flat")


def _layout_of_4d(row_shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> Layout:
    first, _, last = row_shape
    if wanted is None:
        inferred = range(1, MAX_INFERRED_CHANNELS + 1)
        channels_last, channels_first = last in inferred, first in inferred
    elif len(wanted) == 2:
        channels_last, channels_first = row_shape[:2] == wanted, row_shape[1:] == wanted
    else:
        channels_last = row_shape == wanted
        channels_first = not channels_last and row_shape == (wanted[2], *wanted[:2])
    if channels_last and channels_first:
        raise InvalidInputError(
            f"X has rows of shape {row_shape}, which could be (height, width, channels) or "
            f"(channels, height, width). Pass image_shape=(height, width, channels): "
            f"{row_shape} or {(*row_shape[1:], first)}."
        )
    if channels_last:
        return Layout((last, *row_shape[:2]), "nhwc")
    if channels_first:
        return Layout(row_shape, "nchw")
    if wanted is not None:
        raise _image_shape_mismatch(row_shape, wanted)
    raise InvalidInputError(
        f"X has rows of shape {row_shape}, with 1 to {MAX_INFERRED_CHANNELS} channels at neither "
        "end. Pass image_shape=(height, width, channels)."
    )


def _image_shape_mismatch(row_shape: tuple[int, ...], wanted: tuple[int, ...]) -> InvalidInputError:
    return InvalidInputError(
        f"X has rows of shape {row_shape}, but image_shape={wanted}. Correct image_shape "
        "(height, width[, channels]), or leave it out."
    )
