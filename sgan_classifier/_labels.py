"""Which rows of `y` carry no label. NumPy only: everything in the package may import it."""

from __future__ import annotations

import sys
from datetime import datetime
from numbers import Integral, Number, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import to_array
from .exceptions import InvalidInputError

# What NumPy makes of markers that share an array with strings, as np.array(["a", -1]), or that are
# converted to them, and the empty field of a table; but for None, whose text may be a class's name.
_MARKERS_AS_TEXT = ("", "-1", "-1.0", "nan", "<na>", "nat")


def is_unlabeled(y: ArrayLike) -> NDArray[np.bool_]:
    """Mark the rows of `y` that carry no label.

    A row is unlabelled if it holds -1 (integer, float and object arrays), NaN (float and object
    arrays, pandas columns), None or ``pandas.NA`` (object arrays and pandas columns), or if it is
    null in a polars Series or an array of pyarrow.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels: integers, floats, booleans, strings or objects; a list, an array or a pandas Series.

    Returns
    -------
    mask : ndarray of bool of shape (n_samples,)
        True where `y` carries no label.

    Raises
    ------
    InvalidInputError
        If `y` holds a string such as ``"-1"`` or ``"nan"``, what NumPy makes of a marker that is
        stored among strings, or an empty one: it would silently become one more class.

    Examples
    --------
    >>> from sgan_classifier._labels import is_unlabeled
    >>> is_unlabeled([0, 1, -1]).tolist()
    [False, False, True]
    >>> is_unlabeled(["crater", None, "plain"]).tolist()
    [False, True, False]
    """
    y = np.asarray(label_array(y))
    if y.dtype.kind == "f":
        return np.isnan(y) | (y == -1)
    if y.dtype.kind == "i":
        return y == -1
    if y.dtype.kind in "US":
        for value in np.unique(y).tolist():
            _refuse_text_marker(value)
    if y.dtype.kind != "O":
        return np.zeros(y.shape, dtype=bool)
    return np.fromiter((_is_marker(value) for value in y.flat), bool, y.size).reshape(y.shape)


def known_labels(y: ArrayLike) -> tuple[NDArray, NDArray[np.bool_]]:
    """Take the labels that are known.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Labels, as in `is_unlabeled`.

    Returns
    -------
    labels : ndarray of shape (n_labelled,)
        The labels of the labelled rows in their order. Object arrays get the dtype of what is
        left, so that scikit-learn's metrics accept them.
    labeled : ndarray of bool of shape (n_samples,)
        True where a row is labelled.

    Raises
    ------
    InvalidInputError
        If `y` is None or not one column, no row is labelled, or labels are of several types or of
        one that is no label's.

    Examples
    --------
    >>> from sgan_classifier._labels import known_labels
    >>> known_labels([1, None, 0])[0].tolist()
    [1, 0]
    """
    if y is None:
        raise InvalidInputError("y is None; expected one label a row. Pass the labels of the rows.")
    y = label_column(y)
    if y.ndim != 1:
        raise InvalidInputError(
            f"y has shape {y.shape}; expected (n_samples,). Pass one label a row."
        )
    labeled = ~is_unlabeled(y)
    if not labeled.any():
        raise InvalidInputError(
            f"None of the {len(y)} rows of y is labelled: all are -1, NaN or None. Label a few "
            "rows of each class."
        )
    labels = y[labeled]
    if labels.dtype == object:
        labels = from_objects(labels)
    return (np.array(labels.tolist()) if labels.dtype == object else labels), labeled


def from_objects(labels: NDArray) -> NDArray:
    """Give labels out of an object array the dtype of their common type; strings stay objects.

    Raises
    ------
    InvalidInputError
        If they are of several types, or of one that is no label's.
    """
    kinds = {_kind(label): label for label in reversed(labels)}
    if None in kinds:
        raise InvalidInputError(
            f"Unknown label type: {type(kinds[None]).__name__} ({kinds[None]!r} in y). Use "
            "integers, booleans, strings or whole floats."
        )
    if len(kinds) > 1:
        examples = " and ".join(f"{kind} ({label!r})" for kind, label in sorted(kinds.items()))
        raise InvalidInputError(
            f"y mixes labels of different types: {examples}. Convert them to one type, for "
            "example all to strings."
        )
    kind = next(iter(kinds))
    if kind == "str":
        return labels
    if kind != "int":
        return labels.astype(kind)
    low, high = int(min(labels)), int(max(labels))
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return labels.astype(dtype)
    raise InvalidInputError(
        f"y has labels from {low} to {high}, which no 64-bit integer type holds. Use smaller "
        "numbers, or strings."
    )


def _kind(label: Any) -> str | None:
    if isinstance(label, (bool, np.bool_)):
        return "bool"
    if isinstance(label, Integral):
        return "int"
    if isinstance(label, Real):
        return "float"
    return "str" if isinstance(label, str) else None


def label_column(y: Any) -> NDArray:
    """Convert ``y`` by `label_array`, a column (n, 1) to (n,), as `fit` does."""
    y = np.asarray(label_array(y))
    return y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y


def label_array(y: Any) -> Any:
    """Convert ``y`` without losing a mask, a missing value or the type of a label.

    Parameters
    ----------
    y : array-like of shape (n_samples,)

    Returns
    -------
    ndarray, or `y` itself if it is sparse

    Raises
    ------
    InvalidInputError
        If `y` is masked, or cannot be read as an array.
    """
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        raise InvalidInputError(
            f"y is a masked array with {np.ma.count_masked(y)} masked labels. Mark those rows as "
            "unlabelled: y.filled(-1)."
        )
    if hasattr(y, "toarray"):
        return y  # sparse, for scikit-learn to refuse; np.asarray would wrap it as one object
    if hasattr(y, "astype"):
        dtypes = y.dtypes if hasattr(y, "columns") else [getattr(y, "dtype", None)]
        if not all(isinstance(dtype, np.dtype) for dtype in dtypes):
            # pandas: np.asarray would make floats of nullable integers
            return np.asarray(y.astype(object))
    to_list = getattr(y, "to_list", getattr(y, "to_pylist", None))
    if to_list is not None and _n_nulls(y):
        return np.array(to_list(), dtype=object)  # polars and pyarrow: as above
    array = to_array(y, "y")
    if array.dtype.kind in "US" and not hasattr(y, "dtype"):
        # NumPy has turned [1, "a"] into text; as objects, the two types can be told apart.
        array = np.asarray(y, dtype=object)
    if array.dtype.kind == "T":
        array = array.astype(object)  # strings of NumPy's that may hold None or NaN
    return array


def _n_nulls(y: Any) -> int:
    """Count the missing values of a polars Series or an array of pyarrow; 0 for all others."""
    count = getattr(y, "null_count", 0)
    return count() if callable(count) else count


def _is_marker(value: object) -> bool:
    if isinstance(value, str | bytes):
        _refuse_text_marker(value)
        return False
    return is_missing(value) or (isinstance(value, Number) and value == -1)


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, NaT or ``pandas.NA``."""
    if isinstance(value, Number | datetime | np.datetime64):  # pandas.NaT is a datetime
        return value != value  # only NaN and NaT differ from themselves
    return value is None or value is getattr(sys.modules.get("pandas"), "NA", None)


def _refuse_text_marker(value: str | bytes) -> None:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    if text.strip().lower() not in _MARKERS_AS_TEXT:
        return
    raise InvalidInputError(
        f"y holds the string {text!r}, which would become a class of its own. If those rows are "
        "unlabelled, store None in an object array: "
        f"y = np.where(y == {text!r}, None, y.astype(object)). If it is a real class, rename it."
    )
