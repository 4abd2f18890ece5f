"""Whether probabilities mean what they say."""

import numpy as np
from numpy.typing import ArrayLike

N_BINS = 15


def expected_calibration_error(
    probabilities: ArrayLike, codes: ArrayLike, n_bins: int = N_BINS
) -> float:
    """Return the mean gap between confidence and accuracy.

    Rows are sorted by their highest probability into bins of equal width; the gaps of the bins are
    weighted by their rows (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
    codes : array-like of shape (n,)
        Numbers of the true classes.
    n_bins : int, default=15

    Returns
    -------
    float
        From 0 (what is said with probability p is right with probability p) to 1.

    Examples
    --------
    >>> from sgan_benchmarks.calibration import expected_calibration_error
    >>> expected_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    0.0
    """
    rows = np.asarray(probabilities, dtype=float)
    confidence, is_right = rows.max(axis=1), rows.argmax(axis=1) == np.asarray(codes)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=is_right - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(rows))
