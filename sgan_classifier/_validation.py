"""What the estimators accept: rows, pools of unlabelled rows, labels and class weights.

Arrays only; torch is never imported here. Nothing in this module makes a full-size copy of a
numeric array: memory maps stay memory maps and uint8 stays uint8.
"""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from ._labels import is_unlabeled
from ._layout import Layout, infer_layout
from .exceptions import InvalidInputError

__all__ = [
    "Layout",
    "check_class_weight",
    "check_pool",
    "check_rows",
    "encode_labels",
    "infer_layout",
]

# Values looked at together when NaN and infinity are searched: 32 MiB of float64.
_VALUES_PER_CHUNK = 2**22
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def check_rows(estimator: BaseEstimator, X: Any, *, reset: bool, name: str = "X") -> np.ndarray:
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
    name : str, default="X"
        What messages call the array.

    Returns
    -------
    ndarray of shape (n, ...)
        ``X`` with its dtype kept, save that bool is viewed as uint8 and object becomes float64.
        A memory map is returned as a memory map.

    Raises
    ------
    InvalidInputError, ValueError, TypeError
        If rows cannot be used. scikit-learn's own checks raise the last two.
    """
    X = _with_shape(X, name)
    layout = None if reset else getattr(estimator, "_layout", None)
    # Between flat rows, scikit-learn's own message on n_features_in_ is the expected one.
    if layout is not None and (len(X.shape) > 2 or len(layout.row_shape) > 1):
        _check_row_shape(X, layout, name)
    try:
        rows = validate_data(
            estimator,
            X,
            reset=reset,
            ensure_2d=len(X.shape) < 3,
            allow_nd=True,
            ensure_all_finite=False,  # searched below, without a full-size mask
        )
    except OverflowError as error:
        raise _too_large_for_float(name, error) from error
    if reset and rows.ndim > 2:
        estimator.n_features_in_ = math.prod(rows.shape[1:])
    return _finish_rows(X, rows, name)


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
    try:
        rows = check_array(
            X_unlabeled,
            ensure_2d=False,
            allow_nd=True,
            ensure_all_finite=False,
            estimator=estimator,
            input_name=name,
        )
    except OverflowError as error:
        raise _too_large_for_float(name, error) from error
    return _finish_rows(X_unlabeled, rows, name)


def _with_shape(X: Any, name: str) -> Any:
    """Turn lists into arrays; refuse what NumPy would convert by dropping a mask."""
    if not hasattr(X, "shape"):
        try:
            X = np.asarray(X)
        except ValueError as error:
            raise InvalidInputError(
                f"{name} is a list of rows of different shapes ({error}). Crop or resize the "
                "rows to one shape."
            ) from error
    if np.ma.is_masked(X):
        raise InvalidInputError(
            f"{name} is a masked array with {np.ma.count_masked(X)} masked values. Replace them, "
            f"as {name}.filled(value) does, or leave out the rows that have any."
        )
    return X


def _check_row_shape(X: Any, layout: Layout, name: str) -> None:
    row_shape = tuple(X.shape[1:])
    if row_shape != layout.row_shape:
        raise InvalidInputError(
            f"{name} has shape {tuple(X.shape)}, that is rows of shape {row_shape}, but the rows "
            f"of X in fit have shape {layout.row_shape}. Pass rows of that shape; a single row "
            f"is {name}[np.newaxis]."
        )


def _finish_rows(X: Any, rows: np.ndarray, name: str) -> np.ndarray:
    if rows.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} has dtype {rows.dtype}; expected numbers. Convert it, as "
            f"{name}.astype('float32') does."
        )
    _check_finite(rows, name)
    if isinstance(X, np.memmap) and rows.dtype == X.dtype:
        rows = X  # np.asarray, called by scikit-learn, forgets the file
    return rows.view(np.uint8) if rows.dtype.kind == "b" else rows


def _check_finite(rows: np.ndarray, name: str) -> None:
    """Raise if there is a value that is not finite in float32, in bounded memory."""
    if rows.dtype.kind != "f" or rows.size == 0 or get_config()["assume_finite"]:
        return
    step = max(1, _VALUES_PER_CHUNK // math.prod(rows.shape[1:]))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        # NaN comes through min and max, and fails both comparisons.
        if float(chunk.min()) >= -_FLOAT32_MAX and float(chunk.max()) <= _FLOAT32_MAX:
            continue
        bad = ~((chunk >= -_FLOAT32_MAX) & (chunk <= _FLOAT32_MAX))
        if np.isnan(chunk).any():
            bad = np.isnan(chunk)
        position = tuple(int(i) for i in np.argwhere(bad)[0])
        value = chunk[position]
        where = f"row {start + position[0]}, position {position[1:]}"
        if np.isnan(value):
            raise InvalidInputError(
                f"Input {name} contains NaN (first in {where}). Impute missing values, for "
                "example with sklearn.impute.SimpleImputer, or leave those rows out."
            )
        raise InvalidInputError(
            f"Input {name} contains infinity or a value too large for dtype('float32'): {value} "
            f"in {where}. Rescale or clip {name}, or leave those rows out."
        )


def _too_large_for_float(name: str, error: OverflowError) -> InvalidInputError:
    return InvalidInputError(
        f"Input {name} contains a value too large for dtype('float64') ({error}). Rescale {name}, "
        "or leave those rows out."
    )


def encode_labels(y: Any, n_rows: int, *, estimator_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Number the classes in ``y``.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels, with unlabelled rows marked as `is_unlabeled` documents. Never changed.
    n_rows : int
        Number of rows of ``X``.
    estimator_name : str
        Who asks, for messages.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Sorted, in the dtype of ``y``; for object arrays, of the labels in them.
    codes : ndarray of int64 of shape (n_rows,)
        Index into ``classes``, -1 where a row is unlabelled.

    Raises
    ------
    InvalidInputError, ValueError, TypeError
        If ``y`` cannot be used, or has fewer than two classes.

    Examples
    --------
    >>> from sgan_classifier._validation import encode_labels
    >>> classes, codes = encode_labels([7, -1, 5, 7], 4, estimator_name="SGANClassifier")
    >>> classes.tolist(), codes.tolist()
    ([5, 7], [1, -1, 0, 1])
    """
    if y is None:
        raise InvalidInputError(
            f"This {estimator_name} estimator requires y to be passed, but the target y is None."
        )
    y = column_or_1d(_label_array(y), warn=True)
    check_consistent_length(range(n_rows), y)
    if y.dtype.kind not in "biufUO":
        raise InvalidInputError(
            f"y has dtype {y.dtype}; expected integers, booleans, strings or whole floats. "
            "Convert it, as y.astype(str) does."
        )
    labeled = ~is_unlabeled(y)
    if not labeled.any():
        raise InvalidInputError(
            f"y has no labelled row: all {n_rows} are marked as unlabelled. {estimator_name} "
            "needs at least 2 classes. Label some rows, or check that -1 means unlabelled."
        )
    labels = y[labeled]
    if labels.dtype.kind == "O":
        labels = _from_objects(labels)
    if labels.dtype.kind == "f":
        _check_whole_numbers(labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        samples = "1 sample" if len(labels) == 1 else f"{len(labels)} samples"
        raise InvalidInputError(
            f"y has 1 labelled class ({classes[0]}) on {samples}; {estimator_name} needs at least "
            "2. Label more rows, or check that -1 means unlabelled."
        )
    codes = np.full(n_rows, -1, dtype=np.int64)
    codes[labeled] = numbers
    return classes, codes


def _label_array(y: Any) -> np.ndarray:
    """Convert ``y`` without losing a mask, a missing value or the type of a label."""
    if np.ma.is_masked(y):
        raise InvalidInputError(
            f"y is a masked array with {np.ma.count_masked(y)} masked labels. Mark those rows as "
            "unlabelled: y.filled(-1)."
        )
    if hasattr(y, "iloc") or hasattr(y, "categories"):  # pandas
        dtypes = list(y.dtypes) if y.ndim == 2 else [y.dtype]
        plain = all(isinstance(dtype, np.dtype) for dtype in dtypes)
        return np.asarray(y if plain else y.astype(object))
    array = np.asarray(y)
    if array.dtype.kind in "US" and not hasattr(y, "dtype"):
        # NumPy has turned [1, "a"] into text; as objects, the two types can be told apart.
        array = np.asarray(y, dtype=object)
    return array


def _from_objects(labels: np.ndarray) -> np.ndarray:
    """Give labels out of an object array the dtype of their common type."""
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


def _check_whole_numbers(labels: np.ndarray) -> None:
    # scikit-learn's check_classification_targets does this too, but warns where more than half
    # of the labels differ: with one label a class that is no mistake.
    if np.isinf(labels).any():
        raise InvalidInputError(
            f"Input y contains infinity or a value too large for {labels.dtype!r}. Mark "
            "unlabelled rows with -1 or NaN."
        )
    fractions = labels[labels != np.rint(labels)]
    if len(fractions):
        raise InvalidInputError(
            f"Unknown label type: continuous. y holds {fractions[0]}, and a classifier expects "
            "discrete classes. Bin the values, or use a regressor."
        )


def check_class_weight(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray
) -> np.ndarray | None:
    """Turn ``class_weight`` into one weight a class, counted on the labelled rows.

    Parameters
    ----------
    class_weight : None, "balanced" or dict of class to weight
        "balanced" is n_labelled / (n_classes * n_labelled_in_class). Classes that a dict leaves
        out weigh 1.
    classes : ndarray of shape (n_classes,)
    codes : ndarray of int64 of shape (n_rows,)
        From `encode_labels`.

    Returns
    -------
    ndarray of float64 of shape (n_classes,) or None
        None if ``class_weight`` is None.

    Raises
    ------
    InvalidInputError
        If a class is unknown or a weight is not a number that is finite and at least 0.
    """
    if class_weight is None:
        return None
    known = classes.tolist()
    if isinstance(class_weight, str) and class_weight == "balanced":
        labels = codes[codes >= 0]
        missing = np.setdiff1d(np.arange(len(known)), labels)
        if len(missing):
            raise InvalidInputError(
                f"class_weight='balanced' needs a labelled row of every class, and "
                f"{known[missing[0]]!r} has none. Pass a dict of class to weight."
            )
        return compute_class_weight("balanced", classes=np.arange(len(known)), y=labels)
    if not isinstance(class_weight, dict):
        raise InvalidInputError(
            f"class_weight={class_weight!r} is unknown. Pass None, 'balanced' or a dict of class "
            "to weight."
        )
    weights = np.ones(len(known))
    for label, weight in class_weight.items():
        if label not in known:
            raise InvalidInputError(
                f"class_weight names the class {label!r}, which is not among {known}. Correct "
                "the key, or leave it out."
            )
        if not isinstance(weight, Real) or not 0 <= weight < math.inf:
            raise InvalidInputError(
                f"class_weight gives the class {label!r} the weight {weight!r}. Pass a finite "
                "number that is at least 0."
            )
        weights[known.index(label)] = weight
    if not weights.any():
        raise InvalidInputError(
            f"class_weight={class_weight!r} gives every class the weight 0. Give one at least a "
            "positive weight."
        )
    return weights
