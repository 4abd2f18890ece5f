"""What a scan has found."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ._boxes import SAME_CRATER, Neighbours, expected_neighbours, suppress
from ._sizes import Grid

# Peaks nearer than this are one; those left are placed anew, and suppressed once more.
MAX_OVERLAP_OF_PEAKS = 0.25


@dataclass(frozen=True)
class Candidates:
    """Craters found in a scene, or whatever else was looked for.

    Attributes
    ----------
    x, y : ndarray of shape (n,)
        Centre in pixels of the scene, counted from the upper left corner of the first pixel.
    diameter : ndarray of shape (n,)
        In pixels.
    score : ndarray of shape (n,)
        How much the windows about it agree: the sum of the probabilities of those windows that
        overlap it by 0.4 or more and whose probability is at least the scan's `min_probability`,
        divided by how many windows overlap a crater so on average, whatever their probability. 1
        says that all of them agree; where the grid happens to lie well, a little more do. Sizes
        beyond the scan's range do not agree, so that candidates at its ends score less. The
        threshold applies to it.
    probability : ndarray of shape (n,)
        Of the class looked for, in the window centred on it.
    realness : ndarray of shape (n,)
        D_u of that window, of an `SGANClassifier`; else NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.scan import Candidates
    >>> two = np.array([8.0, 30.0])
    >>> found = Candidates(two, two, two, two / 40, two / 30, two / 30)
    >>> len(found.above(0.5)), found.above(0.5).boxes()
    (1, array([[15., 15., 30., 30.]]))
    """

    x: NDArray
    y: NDArray
    diameter: NDArray
    score: NDArray
    probability: NDArray
    realness: NDArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: NDArray) -> "Candidates":
        """Return some of them.

        Parameters
        ----------
        rows : ndarray of shape (m,) or (n,)
            Positions, or a mask.

        Returns
        -------
        Candidates
        """
        return Candidates(**{name: values[rows] for name, values in self.columns().items()})

    def above(self, threshold: float) -> "Candidates":
        """Return those whose score is high enough.

        Parameters
        ----------
        threshold : float
            The least score.

        Returns
        -------
        Candidates
        """
        return self.take(self.score >= threshold)

    def boxes(self) -> NDArray[np.float64]:
        """Return the square around each.

        Returns
        -------
        ndarray of shape (n, 4)
            x and y of the upper left corner, width and height, in pixels.
        """
        half = 0.5 * self.diameter
        return np.column_stack([self.x - half, self.y - half, self.diameter, self.diameter])

    def columns(self) -> dict[str, NDArray]:
        """Return the attributes by name.

        Returns
        -------
        dict of str to ndarray of shape (n,)
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def concatenate(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """Return all of several, one after the other.

        Parameters
        ----------
        parts : sequence of Candidates
            Of one scene.

        Returns
        -------
        Candidates
        """
        names = [field.name for field in fields(cls)]
        return cls(
            **{
                name: np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])
                for name in names
            }
        )

    def suppressed(self, max_overlap: float) -> "Candidates":
        """Return those that overlap no better one.

        Parameters
        ----------
        max_overlap : float
            Intersection over union from which on two are one.

        Returns
        -------
        Candidates
            The best first.
        """
        return self.take(suppress(self.x, self.y, self.diameter, self.score, max_overlap))


def merge_windows(windows: NDArray, grid: Grid) -> NDArray[np.float64]:
    """Turn windows that look like craters into craters.

    A crater answers in many windows: a little beside it, a little too large. The window of the
    highest probability is one of them, and with a confident classifier hardly better than its
    neighbours. So place and size are the means over those that overlap it, weighted by
    probability, and the score is how many they are, of as many as there could be. The smaller
    windows are, the closer they lie: in the mean of the logarithms of size they weigh by their
    diameter, too, with which as many windows r times as large count as r times as small.

    Parameters
    ----------
    windows : ndarray of shape (4, n)
        x, y, diameter of the crater that would fill it, and probability of each window of at least
        the scan's `min_probability`.
    grid : Grid

    Returns
    -------
    ndarray of shape (4, m)
        x, y, diameter and score of each crater.
    """
    x, y, diameter, probability = windows
    peaks = suppress(x, y, diameter, probability, MAX_OVERLAP_OF_PEAKS)
    neighbours = Neighbours(x, y, diameter)
    merged = np.empty((len(peaks), 4))
    stride = grid.stride / grid.side
    full = expected_neighbours(stride, grid.size_step, grid.window_factor)
    for row, peak in enumerate(peaks):
        near = neighbours.of(peak, SAME_CRATER)
        weights = probability[near]
        merged[row] = (
            np.average(x[near], weights=weights),
            np.average(y[near], weights=weights),
            np.exp(np.average(np.log(diameter[near]), weights=weights * diameter[near])),
            weights.sum() / full,
        )
    return merged.T
