"""From a part of a scene to the probabilities of its windows.

The part is resized once for each size of window, and the windows are strided views of the result.
"""

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ._boxes import square_boxes
from ._sizes import Grid

BATCH = 2048  # windows handed to the estimator at a time
LEAST_KNOWN = 0.25  # of a pixel: the share to divide by, where half is known at least


class Part:
    """A rectangle of a scene in memory, with room around it.

    Parameters
    ----------
    image : ndarray of shape (n_channels, height, width)
    missing : ndarray of bool, shape (height, width)
    x, y : int
        Where its upper left pixel lies in the scene.
    """

    def __init__(self, image: NDArray, missing: NDArray[np.bool_], x: int, y: int) -> None:
        from PIL import Image

        self.x, self.y = x, y
        self._dtype, self._has_missing = image.dtype, bool(missing.any())
        if self._has_missing:
            image = image.astype(np.float32)
        self._channels = [Image.fromarray(channel) for channel in image]
        self._missing = Image.fromarray(missing.astype(np.float32))

    def resized(
        self, box: tuple[float, float, float, float], width: int, height: int
    ) -> tuple[NDArray, NDArray | None]:
        """Resize a box of the scene by Pillow's bicubic filter, which averages where it shrinks.

        Pixels that are missing count for nothing.

        Parameters
        ----------
        box : tuple of float
            Left, top, right, bottom in the scene.
        width, height : int
            Pixels of the result.

        Returns
        -------
        image : ndarray of shape (n_channels, height, width)
            Arbitrary where more than half is missing.
        missing : ndarray of float32, shape (height, width), or None
            Share of each pixel that is missing; None where none is.
        """
        from PIL.Image import Resampling

        own = (box[0] - self.x, box[1] - self.y, box[2] - self.x, box[3] - self.y)
        size = (width, height)
        channels = [c.resize(size, Resampling.BICUBIC, box=own) for c in self._channels]
        image = np.stack([np.asarray(channel) for channel in channels])
        if not self._has_missing:
            return image, None
        known = 1.0 - np.asarray(self._missing.resize(size, Resampling.BICUBIC, box=own))
        image /= np.maximum(known, LEAST_KNOWN)
        return _as_dtype(image, self._dtype), np.asarray(
            self._missing.resize(size, Resampling.BOX, box=own)
        )


def fill_gaps(windows: NDArray, missing: NDArray[np.float32]) -> NDArray:
    """Give pixels that are mostly missing the mean of the window's others.

    So a window looks the same, whatever part of the scene it was cut from.

    Parameters
    ----------
    windows : ndarray of shape (n, n_channels, side, side)
    missing : ndarray of shape (n, side, side)
        Share of each pixel.

    Returns
    -------
    ndarray of shape (n, n_channels, side, side)
        0 where nothing is known.
    """
    known = (missing <= 0.5)[:, np.newaxis]
    if known.all():
        return windows
    over = (2, 3)
    sums = np.where(known, windows, 0).sum(axis=over, keepdims=True, dtype=np.float64)
    means = sums / np.maximum(1, known.sum(axis=over, keepdims=True))
    return np.where(known, windows, _as_dtype(means, windows.dtype))


def _as_dtype(values: NDArray, dtype: np.dtype) -> NDArray:
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


def room_around(grid: Grid, diameter: float) -> int:
    """Return the pixels that windows of a size need beyond their outermost centres."""
    filter_reach = 2.0 * max(1.0, grid.scale(diameter))
    return math.ceil(0.5 * grid.window_factor * diameter + filter_reach) + 1


def probabilities_of_size(
    part: Part,
    grid: Grid,
    diameter: float,
    columns: tuple[int, int],
    rows: tuple[int, int],
    classifier: Any,
    max_missing: float,
) -> NDArray[np.float64]:
    """Return the probability of each window of one size.

    Parameters
    ----------
    part : Part
    grid : Grid
    diameter : float
    columns, rows : tuple of int
        First window and one past the last, as `Grid.numbers` counts them.
    classifier : WindowClassifier
    max_missing : float
        Windows of which more is missing are not asked about, and get NaN.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
    """
    step, half = grid.step(diameter), 0.5 * grid.window_factor * diameter
    shape = (rows[1] - rows[0], columns[1] - columns[0])
    if min(shape) == 0:
        return np.empty(shape)
    left, top = (columns[0] + 0.5) * step - half, (rows[0] + 0.5) * step - half
    width, height = ((n - 1) * grid.stride + grid.side for n in (shape[1], shape[0]))
    scale = grid.scale(diameter)
    image, missing = part.resized(
        (left, top, left + width * scale, top + height * scale), width, height
    )
    views = _windows_of(image, grid)
    gaps = None if missing is None else _windows_of(missing, grid)
    is_asked = np.full(shape, True) if gaps is None else gaps.mean(axis=(2, 3)) <= max_missing
    found = np.full(shape, np.nan)  # in float32, all of a sure classifier's would be 1
    lines = max(1, BATCH // shape[1])
    for first in range(0, shape[0], lines):
        asked = is_asked[first : first + lines]
        if not asked.any():
            continue
        batch = np.moveaxis(views[:, first : first + lines][:, asked], 0, 1)
        if gaps is not None:
            batch = fill_gaps(batch, gaps[first : first + lines][asked])
        found[first : first + lines][asked] = classifier.probability(batch)
    return found


def _windows_of(pixels: NDArray, grid: Grid) -> NDArray:
    """Return views (..., n_rows, n_columns, side, side) of pixels (..., height, width)."""
    views = sliding_window_view(pixels, (grid.side, grid.side), axis=(-2, -1))
    return views[..., :: grid.stride, :: grid.stride, :, :]


def cut_windows(
    part: Part, grid: Grid, x: NDArray, y: NDArray, diameter: NDArray
) -> NDArray[np.generic]:
    """Cut one window for each of some craters, (n, n_channels, side, side)."""
    boxes = square_boxes(x, y, grid.window_factor * diameter)
    windows, gaps = zip(
        *(part.resized(tuple(box), grid.side, grid.side) for box in boxes), strict=True
    )
    return np.stack(windows) if gaps[0] is None else fill_gaps(np.stack(windows), np.stack(gaps))
