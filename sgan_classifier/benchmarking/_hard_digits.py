"""MNIST's digits in colour, harder to read: of such images, few labels teach a network little."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images

CHUNK = 1000  # images made at a time
LEAST_CONTRAST = 0.3  # of 1; less in all colours, and the ink is the opposite of the paper
BLUR, NOISE = 0.7, 0.06  # standard deviations, in pixels and of 1


def on_photographs(X: NDArray, rng: np.random.Generator) -> NDArray:
    """Draw each digit on a piece of one of scikit-learn's two photographs.

    The values are the absolute differences of digit and photograph in each colour, as in MNIST-M
    (Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016, with other
    photographs).

    Parameters
    ----------
    X : ndarray of uint8, shape (n, h, w)
        255 where the ink is.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (n, h, w, 3)
    """
    n, height, width = X.shape
    pieces = [
        sliding_window_view(photograph, (height, width), axis=(0, 1))
        for photograph in load_sample_images().images
    ]
    images = np.empty((n, height, width, 3), dtype=np.uint8)
    for i in range(n):
        of_one = pieces[rng.integers(len(pieces))]
        row, column = (rng.integers(size) for size in of_one.shape[:2])
        piece = of_one[row, column].transpose(1, 2, 0)
        images[i] = np.abs(piece.astype(np.int16) - X[i, :, :, None])
    return images


def among_others(X: NDArray, rng: np.random.Generator) -> NDArray:
    """Draw each digit in a colour on another, between parts of two others, as on house numbers.

    Blurred and with noise.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, h, w)
        255 where the ink is.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (n, h, w, 3)
    """
    images = np.empty((*X.shape, 3), dtype=np.uint8)
    quarter = X.shape[2] // 4
    for start in range(0, len(X), CHUNK):
        ink = X[start : start + CHUNK] / 255.0
        left, right = X[rng.integers(len(X), size=(2, len(ink)))] / 255.0
        ink[:, :, :quarter] = np.maximum(ink[:, :, :quarter], left[:, :, -2 * quarter : -quarter])
        ink[:, :, -quarter:] = np.maximum(ink[:, :, -quarter:], right[:, :, quarter : 2 * quarter])
        colour, paper = rng.random((2, len(ink), 1, 1, 3))
        is_pale = np.abs(colour - paper).max(axis=3, keepdims=True) < LEAST_CONTRAST
        colour = np.where(is_pale, 1.0 - paper, colour)
        image = paper + ink[..., None] * (colour - paper)
        image = gaussian_filter(image, (0, BLUR, BLUR, 0)) + rng.normal(0.0, NOISE, image.shape)
        images[start : start + CHUNK] = 255.0 * image.clip(0.0, 1.0)
    return images
