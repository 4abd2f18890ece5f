"""Labels and class weights, from what users write to what the engine counts with."""

import math
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_consistent_length, column_or_1d

from ._labels import from_objects, is_unlabeled, known_labels, label_array
from .exceptions import InvalidInputError


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
    >>> from sgan_classifier._targets import encode_labels
    >>> classes, codes = encode_labels([7, -1, 5, 7], 4, estimator_name="SGANClassifier")
    >>> classes.tolist(), codes.tolist()
    ([5, 7], [1, -1, 0, 1])
    """
    if y is None:
        raise InvalidInputError(
            f"This {estimator_name} estimator requires y to be passed, but the target y is None."
        )
    y = column_or_1d(label_array(y), warn=True)
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
        labels = from_objects(labels)
    if labels.dtype.kind == "f":
        _check_whole_numbers(labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if y.dtype.kind == "u":
        _check_wrapped_marker(classes, "y")
    if len(classes) < 2:
        samples = "1 sample" if len(labels) == 1 else f"{len(labels)} samples"
        raise InvalidInputError(
            f"y has 1 labelled class ({classes[0]}) on {samples}; {estimator_name} needs at least "
            "2. Label more rows, or check that -1 means unlabelled."
        )
    codes = np.full(n_rows, -1, dtype=np.int64)
    codes[labeled] = numbers
    return classes, codes


def check_classes(classes: Any) -> np.ndarray:
    """Return the classes that `partial_fit` is told of, sorted.

    Markers of unlabelled rows among them, as in ``np.unique(y)``, are no classes.
    """
    try:
        known = np.unique(known_labels(classes)[0])
    except InvalidInputError as error:
        raise InvalidInputError(f"classes={classes!r} names no classes: {error}") from error
    if known.dtype.kind == "f":
        _check_whole_numbers(known)
    if known.dtype.kind == "u":
        _check_wrapped_marker(known, "classes")
    if len(known) < 2:
        raise InvalidInputError(
            f"classes={classes!r} names {len(known)} class; at least 2 are needed. Name all "
            "classes that will ever come."
        )
    return known


def codes_among(classes: np.ndarray, y: Any, n_rows: int, *, may_be_empty: bool) -> np.ndarray:
    """Number labels by their place in `classes`, -1 where unlabelled.

    Parameters
    ----------
    classes : ndarray of shape (K,)
        Sorted.
    y : array-like of shape (n_rows,)
    n_rows : int
    may_be_empty : bool
        Whether `y` may hold no label at all.

    Returns
    -------
    ndarray of int64, shape (n_rows,)

    Raises
    ------
    InvalidInputError
        If a label is none of `classes`, or `y` has another length.
    """
    if y is None:
        raise InvalidInputError(
            f"y is None. Pass one label a row; for rows without any, y=np.full({n_rows}, -1)."
        )
    y = column_or_1d(label_array(y), warn=True)
    labeled = ~is_unlabeled(y)
    if len(labeled) != n_rows:
        raise InvalidInputError(f"X has {n_rows} rows, but y has {len(labeled)}.")
    codes = np.full(n_rows, -1, dtype=np.int64)
    if may_be_empty and not labeled.any():
        return codes
    labels, _ = known_labels(y)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise InvalidInputError(
            f"y has the label {labels[unknown].tolist()[0]!r}, which is not among the classes "
            f"{classes.tolist()}. Name all classes in the first call of partial_fit."
        )
    codes[labeled] = np.searchsorted(classes, labels)
    return codes


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


def _check_wrapped_marker(classes: np.ndarray, name: str) -> None:
    """Refuse what -1 becomes in an unsigned dtype, told by the gap below it."""
    wrapped = np.iinfo(classes.dtype).max
    if len(classes) > 2 and classes[-1] == wrapped and classes[-2] != wrapped - 1:
        raise InvalidInputError(
            f"{name} has dtype {classes.dtype}, in which -1 becomes {wrapped}, and holds {wrapped} "
            f"as well as labels up to {classes[-2]}. Mark unlabelled rows with -1 in a signed "
            f"dtype, such as int64. If {wrapped} is a class, pass {name}.astype("
            f"{'object' if wrapped > np.iinfo(np.int64).max else 'int'})."
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
        if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
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
