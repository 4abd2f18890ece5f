"""Training rows in the place of the test rows, to choose settings on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from .._labels import is_unlabeled
from ._data import BenchmarkData

HELD_OUT = "_held_out"  # ends the names of data whose test rows are held out of the training rows
SHARE = 0.25  # of the rows, where there are no groups
N_PARTS = 3  # of the groups


def hold_out_groups(data: BenchmarkData) -> BenchmarkData:
    """Put every third group of the training rows in the place of the test rows.

    Strategies are chosen on these, so that the test rows decide nothing.

    Parameters
    ----------
    data : BenchmarkData
        With `groups`.

    Returns
    -------
    BenchmarkData
        Its name ends in "_held_out".

    Raises
    ------
    ValueError
        If the groups of the training rows are not known.
    """
    if data.groups is None:
        raise ValueError(
            f"The data {data.name!r} does not say which group each training row belongs to, so no "
            "group can be held out. Add groups_train to the .npz file."
        )
    return hold_out(data)


def hold_out(data: BenchmarkData) -> BenchmarkData:
    """Hold out whole groups of the training rows where they are known, and single rows elsewhere.

    The first of `held_out_splits` takes the place of the test rows. The name ends in "_held_out".
    """
    return _put_aside(data, _parts(data)[0])


def held_out_splits(data: BenchmarkData) -> list[tuple[NDArray, NDArray]]:
    """Return the training rows to learn from and those held out, for draws to take in turn.

    Where groups are known, each third of them is held out once; elsewhere, a quarter of the
    labelled rows of each class is.

    Parameters
    ----------
    data : BenchmarkData

    Returns
    -------
    list of (ndarray, ndarray)
        Positions in `X_train`, each pair in ascending order.
    """
    return [(np.flatnonzero(~part), np.flatnonzero(part)) for part in _parts(data)]


def _parts(data: BenchmarkData) -> list[NDArray[np.bool_]]:
    """Return thirds of the groups, or a quarter of the labelled rows of each class."""
    if data.groups is not None:
        names = np.unique(data.groups)
        return [np.isin(data.groups, names[i::N_PARTS]) for i in range(min(N_PARTS, len(names)))]
    y = data.y_train
    labeled = np.flatnonzero(~is_unlabeled(y))
    _, held_out = train_test_split(labeled, test_size=SHARE, stratify=y[labeled], random_state=0)
    return [np.isin(np.arange(len(y)), held_out)]


def _put_aside(data: BenchmarkData, held_out: NDArray[np.bool_]) -> BenchmarkData:
    return replace(
        data,
        name=data.name + HELD_OUT,
        X_train=data.X_train[~held_out],
        y_train=data.y_train[~held_out],
        X_test=data.X_train[held_out],
        y_test=data.y_train[held_out],
        groups=None if data.groups is None else data.groups[~held_out],
        resplits=False,
    )
