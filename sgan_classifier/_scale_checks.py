"""Rows on another scale than others: the pool beside X, X to predict beside that of `fit`."""

import warnings

import numpy as np
from torch import Tensor

from ._batches import Rows, evenly_spaced
from ._contrast_checks import LITTLE_CONTRAST, is_standardised
from ._scaling import TYPICAL_ROWS, Scaler
from .exceptions import InputScaleWarning, InvalidInputError

MAX_SPREAD_RATIO, ROWS_COMPARED, FEW_ROWS = 4.0, 1024, 256
OTHER_SCALE = 100.0  # times: less than between images of 0..1, of 8 bits and of 16 bits
BRIGHT, BRIGHTER = 0.95, 5.0  # a quantile of the pixels; times the largest in fit


def check_pool_scale(X: np.ndarray, pool: np.ndarray) -> None:
    """Refuse a pool that is nowhere near the scale of `X`.

    A pool that a ``Pipeline`` hands to its last step has not gone through the transforms before.
    Counts may be honest and differ more than fractions do. Of bytes the greatest are compared: 255
    beside a mask's 1 is another scale, however few rows the one or the other fills. Of others, the
    middle halves of the values must differ, too: where a few values far out make the deviation,
    which of them a part has is luck.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
    pool : ndarray of shape (m, ...)

    Raises
    ------
    InvalidInputError
        If one deviation is more than `MAX_SPREAD_RATIO` times the other, or of integers more than
        `OTHER_SCALE` times, and the middle halves are not alike; or if the latter holds for the
        greatest values of bytes.
    """
    some = [rows[evenly_spaced(len(rows), ROWS_COMPARED)] for rows in (X, pool)]
    kinds = {rows.dtype.kind for rows in some}
    at_most = MAX_SPREAD_RATIO if kinds == {"f"} else OTHER_SCALE
    are_bytes = all(rows.dtype == np.uint8 for rows in some)
    if are_bytes:
        what, sizes = "values of up to", [float(rows.max()) for rows in some]
    elif kinds == {"f"} or kinds <= {"i", "u"}:
        what, sizes = "a standard deviation of", [float(rows.std(dtype=float)) for rows in some]
    else:
        return  # masks, or dtypes that do not go together, which `Rows` refuses
    is_other = 0 < at_most * min(sizes) < max(sizes)
    if is_other and (are_bytes or not _middles_are_alike(some, at_most)):
        raise InvalidInputError(
            f"X_unlabeled has {what} {sizes[1]:.3g}, and X of {sizes[0]:.3g}: they are not in the "
            "same units. The steps of a Pipeline before this one transform X and not a pool: use "
            "transform_input, or stack the unlabelled rows under X with -1 in y, which also does "
            "where both are right."
        )


def warn_of_mixed_scales(X: np.ndarray, is_labeled: np.ndarray) -> None:
    """Tell of labelled rows that are on another scale than the unlabelled rows beside them.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
    is_labeled : ndarray of bool, shape (n,)

    Warns
    -----
    InputScaleWarning
        If one deviation is more than `OTHER_SCALE` times the other, and the middle halves are not
        alike.
    """
    parts = [np.flatnonzero(mask) for mask in (is_labeled, ~is_labeled)]
    if X.dtype in (np.bool_, np.uint8) or not min(map(len, parts)):
        return
    some = [X[part[evenly_spaced(len(part), FEW_ROWS)]] for part in parts]
    sizes = [float(rows.std(dtype=float)) for rows in some]
    is_other = 0 < OTHER_SCALE * min(sizes) < max(sizes)
    if is_other and not _middles_are_alike(some, OTHER_SCALE):
        warnings.warn(
            f"The labelled rows of X have a standard deviation of {sizes[0]:.3g}, its unlabelled "
            f"rows of {sizes[1]:.3g}: they are not in the same units, and no class of the labelled "
            "rows will be found among the others. Divide both, or neither, by 255 say.",
            InputScaleWarning,
            stacklevel=4,  # the line that called fit
        )


def _middles_are_alike(parts: list[np.ndarray], at_most: float) -> bool:
    """Say whether the middle halves of the values differ by that factor at most; if none is 0.

    Of a table, those of the widest column, which makes the deviation of all: by more in a few rows.
    """
    is_table = parts[0].ndim == 2
    some = [rows[evenly_spaced(len(rows), FEW_ROWS)] for rows in parts]
    quartiles = [np.quantile(rows, (0.25, 0.75), axis=0 if is_table else None) for rows in some]
    halves = np.stack([np.atleast_1d(high - low) for low, high in quartiles])
    widest = halves[:, halves.max(axis=0).argmax()]
    luck = 1.0 + 30.0 / min(map(len, some)) if is_table else 1.0
    return 0 < widest.max() <= at_most * luck * widest.min()


def largest_in_fit(scaler: Scaler) -> float | None:
    """Return about the largest absolute value in `fit`; None of a table, or where unscaled."""
    if scaler.amplitude is None:
        return None
    # from the mean, or the whole range
    reach = scaler.amplitude if is_standardised(scaler) else 1.0
    return float((np.abs(scaler.offset) + reach * scaler.scale).max())


def _bright_pixel(x: Tensor) -> float:
    """Return what a twentieth of the pixels of most images (b, c, h, w) exceeds."""
    values = x.flatten(1).float()
    place = max(1, round(BRIGHT * values.shape[1]))
    return float(values.kthvalue(place, dim=1).values.median())


def warn_of_other_scale(
    rows: Rows, scaler: Scaler, fit_dtype: np.dtype | None, stacklevel: int = 4
) -> None:
    """Tell of images that are on another scale than those of `fit`.

    Bytes may be dark, but none is a hundred times as bright, nor are the brighter pixels of most
    images beyond `BRIGHTER` times the whole range of `fit`. Of standardised channels, some pixel
    may be, but not the brightest of most images.

    Parameters
    ----------
    rows : Rows
        To predict, or to go on training with; some of them are looked at.
    scaler : Scaler
        Of `fit`.
    fit_dtype : dtype or None
        Of the images in `fit`, if it is known.
    stacklevel : int, default=4
        Of the warning.

    Warns
    -----
    InputScaleWarning
    """
    largest_before = largest_in_fit(scaler)
    if fit_dtype is None or largest_before is None or len(rows) == 0:
        return
    is_same = rows.dtype == fit_dtype
    if is_same and rows.dtype == np.uint8 and largest_before * OTHER_SCALE > 255:
        return  # no byte is so bright, and none need be looked at
    x = rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)).abs()
    largest = float(x.max())
    if is_standardised(scaler):
        # in fit itself, a pixel may lie far beyond three deviations, but not one of most images
        brightest = float(x.flatten(1).amax(dim=1).median())
        is_brighter = (
            largest > OTHER_SCALE * largest_before and brightest > BRIGHTER * largest_before
        )
    else:
        at_most = BRIGHTER * largest_before
        is_brighter = largest > OTHER_SCALE * largest_before
        is_brighter |= largest > at_most and _bright_pixel(x) > at_most
    # bytes may be dark; of others, so dark a one has no contrast left where those of fit have some
    has_contrast = rows.dtype != np.uint8 and (scaler.typical_std or 0.0) >= LITTLE_CONTRAST
    is_darker = 0.0 < OTHER_SCALE * largest < largest_before and (not is_same or has_contrast)
    if not is_brighter and not is_darker:
        return
    about = "about " * is_standardised(scaler)
    doubt = " If they are merely dark, never mind." * (is_darker and is_same)
    warnings.warn(
        f"X holds {rows.dtype} values of up to {largest:.3g}, but the images in fit were "
        f"{fit_dtype} of up to {about}{largest_before:.3g}. Predictions on another scale are close "
        f"to arbitrary: pass X in the units of fit, divided in both places or in none.{doubt}",
        InputScaleWarning,
        stacklevel=stacklevel,
    )
