"""Training rows in the place of the test rows, to choose settings on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from .._labels import is_unlabeled
from ._data import BenchmarkData

HELD_OUT = "_held_out"  # ends the names of data whose test rows are held out of the training rows
SHARE = 0.25  # of the rows, where there are no groups


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
    held_out = np.isin(data.groups, np.unique(data.groups)[::3])
    return _put_aside(data, held_out)


def hold_out_rows(data: BenchmarkData) -> BenchmarkData:
    """Put a quarter of the labelled training rows of each class in the place of the test rows.

    Parameters
    ----------
    data : BenchmarkData

    Returns
    -------
    BenchmarkData
        Its name ends in "_held_out". Unlabelled rows stay among the training rows.
    """
    labeled = np.flatnonzero(~is_unlabeled(data.y_train))
    _, held_out = train_test_split(
        labeled, test_size=SHARE, stratify=data.y_train[labeled], random_state=0
    )
    return _put_aside(data, np.isin(np.arange(len(data.y_train)), held_out))


def hold_out(data: BenchmarkData) -> BenchmarkData:
    """Hold out whole groups of the training rows where they are known, and single rows elsewhere.

    Parameters
    ----------
    data : BenchmarkData

    Returns
    -------
    BenchmarkData
    """
    return hold_out_rows(data) if data.groups is None else hold_out_groups(data)


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
