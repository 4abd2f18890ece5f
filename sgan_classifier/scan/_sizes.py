"""The grid of windows: at which places, of which sizes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._numbers import check_number, is_pair
from ..exceptions import InvalidInputError


@dataclass(frozen=True)
class Grid:
    """All windows of a scan, given by a few numbers.

    Attributes
    ----------
    side : int
        Pixels to which a window is resized, the side of the estimator's images.
    window_factor : float
        Side of a window by diameter of the crater in it.
    stride : int
        Between windows, in pixels after resizing.
    size_step : float
        Ratio of a diameter to the next smaller one.
    min_diameter, max_diameter : float
        In pixels of the scene.
    """

    side: int
    window_factor: float
    stride: int
    size_step: float
    min_diameter: float
    max_diameter: float

    @property
    def diameters(self) -> NDArray[np.float64]:
        """Of the craters looked for, in pixels of the scene, shape (n_sizes,)."""
        n = math.log(self.max_diameter / self.min_diameter) / math.log(self.size_step)
        # a size that is missed by rounding alone counts
        powers = np.arange(int(n + 1e-6) + 1, dtype=np.float64)
        return self.min_diameter * self.size_step**powers

    def scale(self, diameter: float) -> float:
        """Pixels of the scene in a pixel after resizing."""
        return self.window_factor * diameter / self.side

    def step(self, diameter: float) -> float:
        """Distance of one window from the next, in pixels of the scene."""
        return self.stride * self.scale(diameter)

    def numbers(self, diameter: float, low: float, high: float, length: int) -> tuple[int, int]:
        """Return the first window whose centre is in [low, high), and one past the last.

        Windows are numbered from the scene's edge: the centre of number k is (k + 1/2) steps away.
        Only those with a centre inside the scene, in [0, length), exist.
        """
        step = self.step(diameter)
        first, last = (math.ceil(max(0.0, end) / step - 0.5) for end in (low, min(high, length)))
        return max(0, first), max(0, first, last)


def check_grid(
    input_shape: tuple[int, ...],
    diameters: tuple[float, float],
    size_step: float,
    stride: float,
    window_factor: float,
) -> Grid:
    """Return the grid, or say what is wrong with it."""
    if len(input_shape) != 3 or input_shape[1] != input_shape[2]:
        raise InvalidInputError(
            f"The estimator was fitted on rows of shape {input_shape}; a scan needs one that was "
            "fitted on square images (channels, side, side)."
        )
    if not is_pair(diameters) or not 0 < diameters[0] <= diameters[1] < math.inf:
        raise InvalidInputError(
            f"diameters={diameters!r} is no range. Pass (least, greatest) in pixels, such as "
            "(12, 200)."
        )
    for name, value, low, high in (
        ("size_step", size_step, 1.01, 2.0),
        ("stride", stride, 0.01, 1.0),
        ("window_factor", window_factor, 1.0, 10.0),
    ):
        check_number(name, value)
        if not low <= value <= high:
            raise InvalidInputError(f"{name}={value!r} is outside {low} to {high}.")
    side = input_shape[1]
    return Grid(
        side, window_factor, max(1, round(stride * side)), size_step, *map(float, diameters)
    )
