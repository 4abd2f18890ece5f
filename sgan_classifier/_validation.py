"""What the estimators accept: rows, and pools of unlabelled rows.

Arrays only; torch is never imported here. Nothing in this module makes a full-size copy of a
numeric array: memory maps stay memory maps and uint8 stays uint8.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.exceptions import DTypePromotionError
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from ._arrays import to_array
from ._layout import Layout
from .exceptions import InvalidInputError

# Values looked at together when NaN and infinity are searched: 32 MiB of float64.
_VALUES_PER_CHUNK = 2**22
# A NumPy scalar: Python's would be rounded to float16, where it is infinite, by float16 arrays.
_FLOAT32_MAX = np.float64(np.finfo(np.float32).max)
_LARGEST = np.float64(3e38)  # the no-data values of float32 rasters lie above, within its range


def check_rows(estimator: BaseEstimator, X: Any, *, reset: bool) -> np.ndarray:
    """Check the rows given to an estimator.

    Parameters
    ----------
    estimator : BaseEstimator
        With ``reset=True`` its ``n_features_in_`` (values in a row) is set, and
        ``feature_names_in_`` where a table has column names. Otherwise ``X`` is compared with
        these and with ``_layout``, a `Layout`, where the estimator has one.
    X : array-like of shape (n, ...)
        Never changed. Numeric arrays are not copied.
    reset : bool
        True in ``fit``, False afterwards.

    Returns
    -------
    ndarray of shape (n, ...)
        ``X`` with its dtype kept, save that object becomes float64. A memory map
        is returned as a memory map.

    Raises
    ------
    InvalidInputError, ValueError, TypeError
        If rows cannot be used. scikit-learn's own checks raise the last two.
    """
    X = _with_shape(X, "X")
    layout = None if reset else getattr(estimator, "_layout", None)
    # Between flat rows, scikit-learn's own message on n_features_in_ is the expected one.
    if layout is not None and (len(X.shape) > 2 or len(layout.row_shape) > 1):
        _check_row_shape(X, layout, "X")
    with _conversion("X"):
        rows = validate_data(
            estimator,
            X,
            reset=reset,
            ensure_2d=len(X.shape) < 3,
            allow_nd=True,
            ensure_all_finite=False,  # searched below, without a full-size mask
        )
    if reset and rows.ndim > 2:
        estimator.n_features_in_ = math.prod(rows.shape[1:])
    return _finish_rows(X, rows, "X")


def check_pool(estimator: BaseEstimator, X_unlabeled: Any, layout: Layout) -> np.ndarray | None:
    """Check rows without labels that are passed beside ``X``.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``feature_names_in_``, where there are any, are compared with those of a table.
    X_unlabeled : None, array-like of shape (n, ...) or object with an attribute ``array``
        Checked as by `check_rows`.
    layout : Layout
        Of ``X``. The rows must be stored in the same way.

    Returns
    -------
    ndarray of shape (n, *layout.row_shape) or None
        None where there are no rows.

    Raises
    ------
    InvalidInputError, ValueError, TypeError
        If rows cannot be used.
    """
    name = "X_unlabeled"
    # pandas objects have an attribute of this name too, or a column that is called so.
    if hasattr(X_unlabeled, "array") and not hasattr(X_unlabeled, "iloc"):
        X_unlabeled = X_unlabeled.array
    if X_unlabeled is None:
        return None
    X_unlabeled = _with_shape(X_unlabeled, name)
    if X_unlabeled.shape[:1] == (0,):
        return None
    _check_row_shape(X_unlabeled, layout, name)
    # Only tables with column names are compared: an array beside a table is no mistake.
    if hasattr(X_unlabeled, "columns") and hasattr(estimator, "feature_names_in_"):
        validate_data(estimator, X_unlabeled, reset=False, skip_check_array=True)
    with _conversion(name):
        rows = check_array(
            X_unlabeled,
            ensure_2d=False,
            allow_nd=True,
            ensure_all_finite=False,
            estimator=estimator,
            input_name=name,
        )
    return _finish_rows(X_unlabeled, rows, name)


def _with_shape(X: Any, name: str) -> Any:
    """Turn lists into arrays; refuse what NumPy would convert by dropping a mask."""
    is_tensor = hasattr(X, "detach")
    if not hasattr(X, "shape") or is_tensor:
        X = to_array(X, name)
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise InvalidInputError(
            f"{name} is a masked array with {np.ma.count_masked(X)} masked values. Replace them, "
            f"as {name}.filled(value) does, or leave out the rows that have any."
        )
    is_frame = hasattr(X, "iloc")
    if is_frame and {str(dtype)[:7] for dtype in np.atleast_1d(X.dtypes)} == {"Sparse["}:
        raise InvalidInputError(
            f"{name} is a table of sparse columns. Pass {name}.sparse.to_dense(), which is larger."
        )
    # in a table of pyarrow, columns are arrays
    names = "column_names" if not is_frame and hasattr(X, "column_names") else "columns"
    columns = list(getattr(X, names, ()))
    if len(set(columns)) < len(columns):
        repeated = next(column for column in columns if columns.count(column) > 1)
        raise InvalidInputError(
            f"{name} has {columns.count(repeated)} columns named {repeated!r}. Rename them, or "
            f"pass {name}.to_numpy()."
        )
    return X


def _check_row_shape(X: Any, layout: Layout, name: str) -> None:
    shape, row_shape = tuple(X.shape), tuple(X.shape[1:])
    if row_shape == layout.row_shape:
        return
    remedy = "Pass rows of that shape."
    if shape == layout.row_shape:
        remedy = f"A single row is {name}[np.newaxis]."
    elif name == "X_unlabeled":
        remedy += " The steps of a Pipeline before this one transform X and not a pool."
    raise InvalidInputError(
        f"{name} has shape {shape}, that is rows of shape {row_shape}, but the rows of X in fit "
        f"have shape {layout.row_shape}. {remedy}"
    )


def _finish_rows(X: Any, rows: np.ndarray, name: str) -> np.ndarray:
    if rows.dtype.kind == "O":  # of a table that has columns of categories
        with _conversion(name):
            rows = rows.astype(np.float64)
    if rows.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} has dtype {rows.dtype}; expected numbers. Convert it, as "
            f"{name}.astype('float32') does."
        )
    _check_finite(rows, name)
    if isinstance(X, np.memmap) and rows.dtype == X.dtype:
        rows = X  # np.asarray, called by scikit-learn, forgets the file
    return rows


def _check_finite(rows: np.ndarray, name: str) -> None:
    """Raise if a value is not finite in float32, or nearly not so, in bounded memory."""
    if rows.dtype.kind != "f" or rows.size == 0 or get_config()["assume_finite"]:
        return
    step = max(1, _VALUES_PER_CHUNK // math.prod(rows.shape[1:]))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        # NaN comes through min and max, and fails both comparisons.
        if chunk.min() >= -_LARGEST and chunk.max() <= _LARGEST:
            continue
        bad = ~((chunk >= -_LARGEST) & (chunk <= _LARGEST))
        position = tuple(int(i) for i in np.argwhere(bad)[0])
        value = chunk[position]
        where = f"row {start + position[0]}, position {position[1:]}"
        if np.isnan(value):
            how = "np.nan_to_num(X, nan=np.nanmedian(X))" if rows.ndim > 2 else "SimpleImputer"
            raise InvalidInputError(
                f"Input {name} contains NaN (first in {where}). Impute missing values, as "
                f"{how.replace('X', name)} does, or leave those rows out."
            )
        if abs(value) <= _FLOAT32_MAX:
            raise InvalidInputError(
                f"Input {name} contains {value:.6g} in {where}: so large a value marks a pixel "
                "without data. Replace such values, as by the row's median, or leave those rows "
                "out."
            )
        raise InvalidInputError(
            f"Input {name} contains infinity or a value too large for dtype('float32'): {value} "
            f"in {where}. Rescale or clip {name}, or leave those rows out."
        )


@contextmanager
def _conversion(name: str) -> Iterator[None]:
    """Say what to do where Python's own words, which scikit-learn passes on, do not."""
    try:
        yield
    except DTypePromotionError as error:
        raise InvalidInputError(
            f"{name} holds dates or durations beside numbers: NumPy finds no common dtype. Turn "
            f"them into numbers, or leave those columns out of {name}."
        ) from error
    except OverflowError as error:
        raise InvalidInputError(
            f"Input {name} contains a value too large for dtype('float64') ({error}). Rescale "
            f"{name}, or leave those rows out."
        ) from error
    except ValueError as error:
        if "setting an array element with a sequence" in str(error):
            raise InvalidInputError(
                f"{name} is an array of objects, each of them an array. Make one array of numbers "
                f"of rows of one shape: np.stack({name})."
            ) from error
        if "could not convert string to float" not in str(error):
            raise
        raise InvalidInputError(
            f"{name} holds text: {error}. Encode categories, for example with "
            f"sklearn.preprocessing.OneHotEncoder, or leave those columns out of {name}."
        ) from error
