"""Hide labels, to measure what few labels are worth where many are known."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from .._labels import known_labels, label_column


def mask_labels(
    y: ArrayLike,
    n_labels: int,
    *,
    balanced: bool = True,
    random_state: int | np.random.RandomState | None,
) -> Any:
    """Keep the labels of a few rows and mark all others unlabelled.

    Draws come from NumPy's legacy generator, whose stream is frozen: a seed gives the same rows in
    every version.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels. Rows that are unlabelled already stay so and are never drawn.
    n_labels : int
        Labels to keep, at least one a class.
    balanced : bool, default=True
        True keeps the same number of each class; what is left over of a division with remainder
        goes to classes drawn at random. A seed's draw of 20 then is a part of its draw of 50. False
        keeps classes in their shares of `y`, and at least one row of each.
    random_state : int, RandomState instance or None
        Makes the draw.

    Returns
    -------
    y_masked : ndarray or Series of shape (n_samples,)
        A copy of `y` with the hidden labels replaced by -1 in integer arrays, NaN in float arrays
        and None in object arrays. The dtype is kept where it has room for a marker. Unsigned
        integers and booleans become signed integers; strings become objects. A pandas Series stays
        one.

    Raises
    ------
    ValueError
        If there are fewer labels to keep than classes, or fewer rows than labels to keep.
    TypeError
        If `n_labels` is no integer.

    Examples
    --------
    >>> from sgan_classifier.model_selection import mask_labels
    >>> mask_labels([3, 3, 3, 7, 7, 7], 2, random_state=0)
    array([-1, -1,  3, -1, -1,  7])
    >>> mask_labels(["crater", "plain", "crater", "plain"], 2, random_state=1)
    array(['crater', 'plain', None, None], dtype=object)
    """
    labels, is_labeled = known_labels(y)
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    _check_n_labels(n_labels, classes, len(labels))
    rng = check_random_state(random_state)
    # Drawn whatever n_labels is, so that more labels add rows to those of fewer.
    orders = [rng.permutation(count) for count in counts]
    tie_break = rng.permutation(len(classes))
    quotas = _quotas(counts, int(n_labels), balanced, tie_break)
    if np.any(quotas > counts):
        short = int(np.argmax(quotas - counts))
        raise ValueError(
            f"Class {classes[short]} has {counts[short]} labelled rows, but n_labels={n_labels} "
            f"with balanced=True takes {quotas[short]} of it. Use n_labels="
            f"{counts.min() * len(classes)} or less, or balanced=False."
        )
    rows = np.flatnonzero(is_labeled)
    hidden = np.ones(len(is_labeled), dtype=bool)
    for code, (order, quota) in enumerate(zip(orders, quotas, strict=True)):
        hidden[rows[codes == code][order[:quota]]] = False
    return _hide(y, hidden)


def _check_n_labels(n_labels: int, classes: NDArray, n_labelled: int) -> None:
    if not isinstance(n_labels, Integral) or isinstance(n_labels, bool):
        raise TypeError(
            f"n_labels={n_labels!r} is no integer. Pass a number of labels, such as 20."
        )
    if n_labels < len(classes):
        raise ValueError(
            f"n_labels={n_labels} is less than the {len(classes)} classes of y. Keep at least one "
            "label a class."
        )
    if n_labels > n_labelled:
        raise ValueError(
            f"n_labels={n_labels} is more than the {n_labelled} labelled rows of y. Keep fewer."
        )


def _quotas(counts: NDArray, n_labels: int, balanced: bool, tie_break: NDArray) -> NDArray:
    """Share `n_labels` among the classes by largest remainders, at least one for each."""
    weights = np.ones(len(counts)) if balanced else counts
    ideal = n_labels * weights / weights.sum()
    quotas = np.maximum(1, np.floor(ideal)).astype(int)
    while quotas.sum() != n_labels:
        step = np.sign(n_labels - quotas.sum())
        # Never take the last label of a class; of equal claims, the one drawn first wins.
        claim = np.where(quotas + step < 1, -np.inf, step * (ideal - quotas))
        quotas[tie_break[np.argmax(claim[tie_break])]] += step
    return quotas


def _hide(y: Any, hidden: NDArray) -> Any:
    """Copy `y` with markers where `hidden` is True."""
    if hasattr(y, "iloc"):
        y = y.iloc[:, 0] if y.ndim == 2 else y
        if not isinstance(y.dtype, np.dtype):
            return y.mask(hidden)  # pandas dtypes have a missing value of their own
        return type(y)(_hide(y.to_numpy(), hidden), index=y.index, name=y.name)
    y = np.array(label_column(y))  # a copy
    if y.dtype.kind in "bu":
        y = y.astype(np.result_type(y.dtype, np.int8) if y.itemsize < 8 else np.int64)
    if y.dtype.kind in "US":
        y = y.astype(object)
    y[hidden] = {"i": -1, "f": np.nan}.get(y.dtype.kind)
    return y
