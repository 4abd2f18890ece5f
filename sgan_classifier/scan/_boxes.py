"""Squares around craters: how much they overlap, and which of them stand for the same crater."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

# Two windows of overlap 0.4 show the same crater: half a diameter apart, or 1.6 times as large.
SAME_CRATER = 0.4


def square_boxes(x: NDArray, y: NDArray, diameter: NDArray) -> NDArray[np.float64]:
    """Return boxes (n, 4), columns left, top, right, bottom, around centres (n,)."""
    x, y, half = (np.asarray(values, dtype=np.float64) for values in (x, y, np.divide(diameter, 2)))
    return np.column_stack([x - half, y - half, x + half, y + half])


def overlap(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Return the intersection over union of each pair of boxes.

    Parameters
    ----------
    first : ndarray of shape (n, 4)
        Left, top, right, bottom.
    second : ndarray of shape (m, 4)

    Returns
    -------
    ndarray of shape (n, m), in [0, 1]
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared)


class Neighbours:
    """Finds the squares that overlap a given one, without looking at all of them.

    Parameters
    ----------
    x, y, diameter : ndarray of shape (n,)
    """

    def __init__(self, x: NDArray, y: NDArray, diameter: NDArray) -> None:
        self._centres, self._diameter = np.column_stack([x, y]), np.asarray(diameter)
        self._boxes = square_boxes(x, y, diameter)
        # a tree for each octave of sizes: around a large square lie thousands of small ones, none
        # of which overlaps it enough to matter
        octave = self._octave(self._diameter)
        self._trees: dict[int, tuple[NDArray[np.intp], KDTree]] = {}
        for number in np.unique(octave).tolist():
            members = np.flatnonzero(octave == number)
            self._trees[number] = members, KDTree(self._centres[members])

    def of(self, i: int, min_overlap: float) -> NDArray[np.intp]:
        """Return which squares overlap square `i` by `min_overlap` or more, itself among them."""
        # a square that overlaps by t is at most 1 / sqrt(t) times as large, or as small
        largest = self._diameter[i] * min_overlap**-0.5
        smallest = self._diameter[i] * min_overlap**0.5
        reach = 0.5 * (self._diameter[i] + largest)
        octaves = range(int(self._octave(smallest)), int(self._octave(largest)) + 1)
        near = [
            members[tree.query_ball_point(self._centres[i], reach, p=np.inf)]
            for members, tree in (self._trees[k] for k in octaves if k in self._trees)
        ]
        found = np.concatenate(near)
        return found[overlap(self._boxes[i : i + 1], self._boxes[found])[0] >= min_overlap]

    @staticmethod
    def _octave(diameter: NDArray) -> NDArray[np.int64]:
        return np.floor(np.log2(diameter)).astype(np.int64)


def suppress(
    x: NDArray, y: NDArray, diameter: NDArray, score: NDArray, max_overlap: float
) -> NDArray[np.intp]:
    """Keep the best of squares that overlap each other: greedy non-maximum suppression.

    Parameters
    ----------
    x, y, diameter, score : ndarray of shape (n,)
    max_overlap : float in (0, 1]
        A square that overlaps a better one by this intersection over union or more is dropped,
        whatever its size.

    Returns
    -------
    ndarray of shape (n_kept,)
        Positions of those kept, the best first.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.scan._boxes import suppress
    >>> x, diameter = np.array([0.0, 1.0, 20.0]), np.array([10.0, 11.0, 10.0])
    >>> suppress(x, np.zeros(3), diameter, np.array([0.7, 0.9, 0.8]), 0.2)
    array([1, 2])
    """
    neighbours = Neighbours(x, y, diameter)
    alive = np.ones(len(x), dtype=bool)
    kept = []
    for i in np.argsort(-np.asarray(score), kind="stable"):
        if alive[i]:
            kept.append(i)
            alive[neighbours.of(i, max_overlap)] = False
    return np.array(kept, dtype=np.intp)


@cache
def expected_neighbours(stride: float, size_step: float, window_factor: float) -> float:
    """Return how many windows of the grid overlap one of them by `SAME_CRATER` or more.

    Parameters
    ----------
    stride : float
        Between windows of a size, as a part of the window's side.
    size_step : float
        Ratio of a size to the next smaller.
    window_factor : float
        Side of a window by diameter of its crater.
    """
    total, fine = 0.0, np.linspace(-1.5, 1.5, 301)
    dx, dy = (grid.ravel() for grid in np.meshgrid(fine, fine))
    largest = int(np.log(SAME_CRATER**-0.5) / np.log(size_step))
    for power in range(-largest, largest + 1):
        size = size_step**power
        boxes = square_boxes(dx, dy, np.full(dx.shape, size))
        inside = overlap(np.array([[-0.5, -0.5, 0.5, 0.5]]), boxes)[0] >= SAME_CRATER
        area = inside.sum() * (fine[1] - fine[0]) ** 2
        total += area / (stride * window_factor * size) ** 2
    return float(total)
