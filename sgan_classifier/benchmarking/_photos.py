"""Digits on photographs: harder images than MNIST's, of which few labels teach a network little."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images


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
