"""Labelled rows held out for early stopping."""

import numpy as np
from sklearn.model_selection import train_test_split

from .exceptions import InvalidInputError

MIN_PER_CLASS = 2


def hold_out(
    positions: np.ndarray, codes: np.ndarray, classes: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split labelled rows, class by class, into a training and a validation part.

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
    counts = np.bincount(codes, minlength=len(classes))
    rarest = int(counts.argmin())
    expected = round(fraction * counts[rarest])
    if expected < MIN_PER_CLASS or counts[rarest] - expected < 1:
        raise InvalidInputError(
            f"early_stopping=True with validation_fraction={fraction:g} would hold out {expected} "
            f"of the {counts[rarest]} labelled rows of class {classes[rarest]}; at least "
            f"{MIN_PER_CLASS} are needed, and one to train on. Raise validation_fraction, label "
            "more rows, or pass early_stopping=False."
        )
    training, validation = train_test_split(
        positions, test_size=fraction, stratify=codes, random_state=seed
    )
    return np.sort(training), np.sort(validation)
