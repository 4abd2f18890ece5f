"""Patches cut from a scene with annotated craters: craters, and windows without one."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._boxes import WINDOW, Boxes, iou, without_duplicates

MIN_DIAMETER = 12.0
_FAINTEST_OTHER = 0.3  # a crater this large, of the side, must not have its centre in the window
_MAX_IOU = 0.15
_DARK, _MAX_DARK = 10, 0.4  # windows mostly in shadow show nothing
_TRIES = 500


class Patches(NamedTuple):
    """Patches of one scene, craters first.

    Attributes
    ----------
    X : ndarray of shape (n, image_size, image_size), uint8
    y : ndarray of shape (n,), int64
        1 with a crater, 0 without.
    diameters : ndarray of shape (n,)
        Of the crater, or of the crater whose window had the same size; in pixels of the scene.
    centers : ndarray of shape (n, 2)
        x and y in the scene.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.int64]
    diameters: NDArray[np.float64]
    centers: NDArray[np.float64]


def cut_patches(
    image: Any, boxes: Boxes, image_size: int, min_diameter: float, rng: np.random.Generator
) -> Patches:
    """Cut a patch around every crater, and as many without one from random places.

    Parameters
    ----------
    image : PIL.Image.Image
        8-bit grey.
    boxes : ndarray of shape (n, 4)
    image_size : int
    min_diameter : float
        Mean side of the smallest box that counts as a crater.
    rng : numpy.random.Generator

    Returns
    -------
    Patches
    """
    pixels = np.asarray(image)
    size = np.array(image.size)
    diameters = boxes[:, 2:].mean(axis=1)
    craters = without_duplicates(boxes[diameters >= min_diameter])
    centers = craters[:, :2] + craters[:, 2:] / 2
    sides = WINDOW * craters[:, 2:].mean(axis=1)
    corners = centers - sides[:, np.newaxis] / 2
    inside = (corners >= 0).all(axis=1) & (corners + sides[:, np.newaxis] <= size).all(axis=1)
    found = [i for i in np.flatnonzero(inside) if not _is_dark(pixels, corners[i], sides[i])]
    usable = np.array(found, dtype=np.intp)
    windows = [(*corners[i], sides[i], 1) for i in usable]
    # as many others, of the same sizes; where one fits nowhere, of another size
    order = rng.permutation(usable)
    fit_nowhere: set[float] = set()
    for side in sides[order]:
        attempts = [side, *rng.permutation(sides[order])[:_TRIES]]
        for attempt in attempts:
            if attempt in fit_nowhere:
                _draw_corners(pixels, attempt, rng, _TRIES)  # as many draws as the tries had
                continue
            corner = _place_without_crater(pixels, boxes, attempt, rng)
            if corner is not None:
                windows.append((*corner, attempt, 0))
                break
        else:
            fit_nowhere.update(attempts)
    return _cut(image, windows, image_size)


def _place_without_crater(
    pixels: NDArray, boxes: Boxes, side: float, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    centers = boxes[:, :2] + boxes[:, 2:] / 2
    large = boxes[:, 2:].mean(axis=1) >= _FAINTEST_OTHER * side
    for _ in range(_TRIES):
        (corner,) = _draw_corners(pixels, side, rng, 1)
        offsets = centers[large] - corner
        holds_crater = ((offsets >= 0) & (offsets <= side)).all(axis=1).any()
        if holds_crater or (iou(np.array([*corner, side, side]), boxes) > _MAX_IOU).any():
            continue
        if not _is_dark(pixels, corner, side):
            return corner
    return None


def _draw_corners(
    pixels: NDArray, side: float, rng: np.random.Generator, n: int
) -> NDArray[np.float64]:
    return rng.uniform(0, np.array(pixels.shape[::-1]) - side, (n, 2))


def _is_dark(pixels: NDArray, corner: NDArray, side: float) -> bool:
    x, y = np.floor(corner).astype(int)
    right, bottom = np.ceil(corner + side).astype(int)
    return bool((pixels[y:bottom, x:right] <= _DARK).mean() > _MAX_DARK)


def _cut(image: Any, windows: list, image_size: int) -> Patches:
    from PIL import Image

    X = np.empty((len(windows), image_size, image_size), dtype=np.uint8)
    for i, (x, y, side, _) in enumerate(windows):
        X[i] = image.resize(
            (image_size, image_size), Image.Resampling.BICUBIC, box=(x, y, x + side, y + side)
        )
    table = np.array(windows, dtype=float).reshape(len(windows), 4)
    return Patches(
        X,
        table[:, 3].astype(np.int64),
        table[:, 2] / WINDOW,
        table[:, :2] + table[:, 2:3] / 2,
    )
