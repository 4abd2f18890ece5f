"""Labelled rows held out for early stopping."""

import numpy as np

from .exceptions import InvalidInputError

MIN_PER_CLASS = 2


def hold_out(
    positions: np.ndarray, codes: np.ndarray, classes: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split labelled rows, class by class, into a training and a validation part.

    Each row of X draws a number by its position alone, and those of the lowest numbers are held
    out: further labels, as active learning brings, move few rows from one part to the other.

    Parameters
    ----------
    positions : ndarray of int64, shape (n,)
        Of the labelled rows in X.
    codes : ndarray of int64, shape (n,)
        Their class indices.
    classes : ndarray of shape (K,)
        For the message only.
    fraction : float in (0, 1)
        Of the labelled rows to hold out.
    seed : int

    Returns
    -------
    training, validation : ndarray of int64

    Raises
    ------
    InvalidInputError
        If a class would have fewer than two rows held out, or none left to train on.
    """
    drawn = np.random.default_rng(seed).random(positions.max() + 1)
    held_out = []
    for k, label in enumerate(classes):
        rows = positions[codes == k]
        rows = rows[np.argsort(drawn[rows])]
        n_held_out = round(fraction * len(rows))
        if n_held_out < MIN_PER_CLASS or n_held_out == len(rows):
            raise InvalidInputError(
                f"early_stopping=True with validation_fraction={fraction:g} would hold out "
                f"{n_held_out} of the {len(rows)} labelled rows of class {label}; at least "
                f"{MIN_PER_CLASS} are needed, and one to train on. {_remedy(np.bincount(codes))}"
            )
        held_out.append(rows[:n_held_out])
    validation = np.sort(np.concatenate(held_out))
    return np.setdiff1d(positions, validation), validation


def _remedy(counts: np.ndarray) -> str:
    for percent in range(1, 100):
        held_out = [round(percent / 100 * n) for n in counts.tolist()]
        if all(MIN_PER_CLASS <= m < n for m, n in zip(held_out, counts.tolist(), strict=True)):
            return (
                f"validation_fraction={percent / 100:g} is enough for all classes; or label more "
                "rows, or pass early_stopping=False."
            )
    return "Label more rows, or pass early_stopping=False."
