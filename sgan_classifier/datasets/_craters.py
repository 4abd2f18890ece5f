"""Synthetic craters: patches with labels, and a whole scene with boxes."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from .._numbers import as_pair, check_whole_number, is_pair
from .._random import draw_seed
from ..exceptions import InvalidInputError
from ._boxes import WINDOW, iou
from ._terrain import Heights, diffuse, expose, light, make_crater, make_relief

CLASS_NAMES = ["not_crater", "crater"]

_ROUGHNESS = 0.08
_GREY = (70, 130)  # level ground, as in lunar scenes
_NOISE = 2.0
_SIZE_EXPONENT = 2.0  # craters larger than d, about as d ** -2 on old ground (Gault 1970)
_CHUNK = 256  # pieces of ground at a time: tens of megabytes
_MARGIN = 0.25  # ground rendered around a patch, a part of its side: for shadows and edges
_N_SMALL = 8  # craters too small to count, on average a patch
_P_NEIGHBOUR = 0.35  # share of patches that a large crater outside reaches into
_MAX_IOU = 0.3  # boxes of a scene overlap less
_STAMP = 3.0  # side of the ground that a crater of a scene changes, in diameters
_TRIES = 100


def make_craters(
    n_samples: int = 1000,
    *,
    image_size: int = 32,
    sun_azimuth: tuple[float, float] = (0.0, 360.0),
    sun_elevation: tuple[float, float] = (10.0, 35.0),
    max_wear: float = 0.5,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Make pictures of synthetic ground with and without a crater.

    Fractal relief, scattered small craters, and in half of the pictures one crater of 0.625 times
    the side in the middle. Into some pictures of either class a large crater reaches from outside.
    Craters have the depth and rim of fresh simple craters on the Moon [1]_ and ejecta that thin out
    with the third power of the distance [2]_, worn by diffusion as by age. The sun shines by
    Lommel-Seeliger's law with cast shadows. For examples and tests: real ground is harder.

    Parameters
    ----------
    n_samples : int, default=1000
    image_size : int, default=32
        Side in pixels, at least 8.
    sun_azimuth : (float, float), default=(0, 360)
        Range in degrees, clockwise from the upper edge; drawn for each picture.
    sun_elevation : (float, float), default=(10, 35)
        Range in degrees above the horizon. A low sun casts shadows.
    max_wear : float, default=0.5
        The most worn crater, as the diffusion length over its radius: 0 leaves all fresh, 1 makes
        some hardly to be seen.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    X : ndarray of shape (n_samples, image_size, image_size), uint8
    y : ndarray of shape (n_samples,), int64
        1 with a crater in the middle, 0 without; equally many, in random order.

    Raises
    ------
    InvalidInputError
        If a parameter makes no sense.

    See Also
    --------
    make_crater_scene : A whole scene with many craters.

    References
    ----------
    .. [1] Pike, "Size-dependence in the shape of fresh impact craters on the Moon", in Impact and
           Explosion Cratering, Pergamon 1977.
    .. [2] McGetchin, Settle, Head, "Radial thickness variation in impact crater ejecta", Earth and
           Planetary Science Letters 20, 1973.

    Examples
    --------
    >>> from sgan_classifier.datasets import make_craters
    >>> X, y = make_craters(100, random_state=0)
    >>> X.shape, X.dtype, int(y.sum())
    ((100, 32, 32), dtype('uint8'), 50)
    """
    check_whole_number("n_samples", n_samples, 1)
    check_whole_number("image_size", image_size, 8)
    _check_sun(sun_azimuth, sun_elevation)
    _check_wear(max_wear)
    rng = np.random.default_rng(draw_seed(random_state))
    y = rng.permutation(np.arange(n_samples) % 2)
    X = np.empty((n_samples, image_size, image_size), dtype=np.uint8)
    margin = round(_MARGIN * image_size)
    for start in range(0, n_samples, _CHUNK):
        is_crater = y[start : start + _CHUNK] == 1
        n = len(is_crater)
        ground = _patches_of_ground(is_crater, image_size, margin, max_wear, rng)
        bright = light(ground, rng.uniform(*sun_azimuth, n), rng.uniform(*sun_elevation, n))
        inner = slice(margin, margin + image_size)
        X[start : start + n] = expose(bright[:, inner, inner], rng.uniform(*_GREY, n), _NOISE, rng)
    return X, y


@dataclass(frozen=True)
class CraterScene:
    """A synthetic scene and where its craters are.

    Attributes
    ----------
    image : ndarray of shape (height, width), uint8
    boxes : ndarray of shape (n, 4), float64
        x and y of the upper left corner, width and height, in pixels; the largest first.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]


def make_crater_scene(
    image_size: int | tuple[int, int] = 512,
    *,
    n_craters: int = 60,
    diameters: tuple[float, float] = (8.0, 80.0),
    sun_azimuth: float = 270.0,
    sun_elevation: float = 30.0,
    max_wear: float = 0.5,
    random_state: int | np.random.RandomState | None = None,
) -> CraterScene:
    """Make a picture of synthetic ground with many craters, and their boxes.

    The ground and the craters are those of `make_craters`. The number of craters larger than d
    falls as the square of d, as on old ground.

    Parameters
    ----------
    image_size : int or (height, width), default=512
        In pixels, each at least 32.
    n_craters : int, default=60
        Fewer are made where there is no place left.
    diameters : (float, float), default=(8, 80)
        The smallest and the largest, in pixels.
    sun_azimuth, sun_elevation : float, default=270 and 30
        In degrees; azimuth clockwise from the upper edge, so that 270 is from the left.
    max_wear : float, default=0.5
        As in `make_craters`.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    CraterScene

    Raises
    ------
    InvalidInputError
        If a parameter makes no sense.

    Examples
    --------
    >>> from sgan_classifier.datasets import make_crater_scene
    >>> scene = make_crater_scene(256, n_craters=20, random_state=0)
    >>> scene.image.shape, scene.boxes.shape
    ((256, 256), (20, 4))
    """
    sides = as_pair(image_size)
    for side in sides:
        check_whole_number("image_size", side, 32)
    if len(sides) != 2:
        raise InvalidInputError(f"image_size={image_size!r} is neither a side nor (height, width).")
    height, width = sides
    check_whole_number("n_craters", n_craters, 0)
    _check_sun((sun_azimuth,) * 2, (sun_elevation,) * 2)
    _check_wear(max_wear)
    if not is_pair(diameters) or not 0 < diameters[0] <= diameters[1] <= min(height, width):
        raise InvalidInputError(
            f"diameters={diameters!r} are no range between 0 and the side, {min(height, width)}."
        )
    rng = np.random.default_rng(draw_seed(random_state))
    ground = make_relief((1, height, width), _ROUGHNESS, rng)
    boxes = _place_boxes(n_craters, (height, width), diameters, rng)
    for x, y, diameter, _ in boxes:
        wear = _draw_wear(max_wear, 1, rng) * diameter / 2
        _stamp(ground[0], x + diameter / 2, y + diameter / 2, diameter, wear)
    bright = light(ground, [sun_azimuth], [sun_elevation])
    return CraterScene(expose(bright, [np.mean(_GREY)], _NOISE, rng)[0], boxes)


def _patches_of_ground(
    is_crater: NDArray[np.bool_],
    image_size: int,
    margin: int,
    max_wear: float,
    rng: np.random.Generator,
) -> Heights:
    n, side = len(is_crater), image_size + 2 * margin
    shape = (n, side, side)
    ground = make_relief(shape, _ROUGHNESS, rng)
    n_small = rng.poisson(_N_SMALL, n)
    small = np.zeros(shape)
    for i in range(n_small.max(initial=0)):
        sizes = _draw_diameters(n, 0.06 * image_size, 0.25 * image_size, rng) * (i < n_small)
        small += make_crater(shape, rng.uniform(0, side, (n, 2)), sizes)
    # worn together, by less than would wipe out the smallest
    ground += diffuse(small, _draw_wear(max_wear, n, rng) * 0.03 * image_size)
    # centre outside of the patch, rim perhaps within
    angle, reach = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.75, 1.0, n) * image_size
    places = side / 2 + np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, np.newaxis]
    sizes = rng.uniform(0.4, 1.0, n) * image_size * (rng.random(n) < _P_NEIGHBOUR)
    ground += _worn_crater(shape, places, sizes, max_wear, rng)
    places = side / 2 + rng.normal(0, 0.03 * image_size, (n, 2))
    sizes = rng.uniform(0.9, 1.1, n) * image_size / WINDOW * is_crater
    return ground + _worn_crater(shape, places, sizes, max_wear, rng)


def _worn_crater(
    shape: tuple[int, int, int],
    places: NDArray,
    sizes: NDArray,
    max_wear: float,
    rng: np.random.Generator,
) -> Heights:
    wear = _draw_wear(max_wear, len(sizes), rng)
    return diffuse(make_crater(shape, places, sizes), wear * sizes / 2)


def _place_boxes(
    n: int, shape: tuple[int, int], diameters: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    boxes = np.empty((0, 4))
    for diameter in np.sort(_draw_diameters(n, *diameters, rng))[::-1]:
        for _ in range(_TRIES):
            x, y = rng.uniform(0, shape[1] - diameter), rng.uniform(0, shape[0] - diameter)
            box = np.array([x, y, diameter, diameter])
            if not (iou(box, boxes) >= _MAX_IOU).any():
                boxes = np.vstack([boxes, box])
                break
    return boxes


def _stamp(ground: NDArray, x: float, y: float, diameter: float, wear: NDArray) -> None:
    """Add a crater to the ground around it, in place."""
    half = int(np.ceil(_STAMP * diameter / 2))
    left, top = int(x) - half, int(y) - half
    side = 2 * half + 1
    crater = diffuse(make_crater((1, side, side), [(x - left, y - top)], [diameter]), wear)[0]
    crater -= np.median(crater[0])  # no step where the stamp ends
    rows = slice(max(top, 0), min(top + side, ground.shape[0]))
    columns = slice(max(left, 0), min(left + side, ground.shape[1]))
    ground[rows, columns] += crater[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]


def _draw_diameters(
    n: int, smallest: float, largest: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw sizes whose cumulative number falls as a power, cut at the largest."""
    least = (largest / smallest) ** -_SIZE_EXPONENT
    return smallest * rng.uniform(least, 1, n) ** (-1 / _SIZE_EXPONENT)


def _draw_wear(max_wear: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return max_wear * rng.random(n)


def _check_sun(azimuth: tuple[float, float], elevation: tuple[float, float]) -> None:
    for name, sun in (("sun_azimuth", azimuth), ("sun_elevation", elevation)):
        if not is_pair(sun) or not sun[0] <= sun[1]:
            raise InvalidInputError(f"{name}={sun!r} is no range (low, high) in degrees.")
    if not 0 < elevation[0] <= elevation[1] <= 90:
        raise InvalidInputError(
            f"sun_elevation={elevation!r}: the sun must stand above 0 and at most at 90 degrees."
        )


def _check_wear(max_wear: float) -> None:
    if not isinstance(max_wear, Real) or not 0 <= max_wear <= 2:
        raise InvalidInputError(f"max_wear={max_wear!r} is not between 0 and 2.")
