"""Rows whose scale the networks cannot learn from, have not learnt, or is not that of the pool."""

import warnings

import numpy as np
from torch import Tensor

from ._batches import Rows, evenly_spaced
from ._scaling import PER_IMAGE_FLOOR, TYPICAL_ROWS, Scaler, centre_images, root_of_size
from .exceptions import InputScaleWarning, InvalidInputError

MAX_SPREAD_RATIO, ROWS_COMPARED = 4.0, 1024
OTHER_SCALE = 100.0  # times: less than between images of 0..1, of 8 bits and of 16 bits
# of half the range: a typical image of less loses two thirds of its contrast to the floor
LITTLE_CONTRAST = PER_IMAGE_FLOOR / 2.0
LEAST_SHARE = 1.0 / 32.0  # of the contrast of the strongest channel, or of one's own deviation
BRIGHT, BRIGHTER = 0.95, 5.0  # a quantile of the pixels; times the largest in fit
MAX_SCALED = 1e6
FIT_LEVEL = 6  # of a warning, to name the line that called fit
ROUNDING = 1e-6  # a few of float32's, relative to the largest value or to 1


def check_pool_scale(X: np.ndarray, pool: np.ndarray) -> None:
    """Refuse a pool that is nowhere near the scale of `X`.

    A pool that a ``Pipeline`` hands to its last step has not gone through the transforms before.
    Counts may be honest and differ more than fractions do. Of bytes the greatest are compared: 255
    beside a mask's 1 is another scale, however few rows the one or the other fills.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
    pool : ndarray of shape (m, ...)

    Raises
    ------
    InvalidInputError
        If one deviation is more than `MAX_SPREAD_RATIO` times the other; of integers, more than
        `OTHER_SCALE` times; or if that holds for the greatest values of bytes.
    """
    some = [rows[evenly_spaced(len(rows), ROWS_COMPARED)] for rows in (X, pool)]
    kinds = {rows.dtype.kind for rows in some}
    if all(rows.dtype == np.uint8 for rows in some):
        what, sizes = "values of up to", [float(rows.max()) for rows in some]
    elif kinds == {"f"} or kinds <= {"i", "u"}:
        what, sizes = "a standard deviation of", [float(rows.std(dtype=float)) for rows in some]
    else:
        return  # masks, or dtypes that do not go together, which `Rows` refuses
    at_most = MAX_SPREAD_RATIO if kinds == {"f"} else OTHER_SCALE
    if min(sizes) > 0 and max(sizes) > at_most * min(sizes):
        raise InvalidInputError(
            f"X_unlabeled has {what} {sizes[1]:.3g}, and X of {sizes[0]:.3g}: they are not in the "
            "same units. The steps of a Pipeline before this one transform X and not a pool: use "
            "transform_input, or stack the unlabelled rows under X with -1 in y, which also does "
            "where both are right."
        )


def warn_of_little_contrast(rows: Rows, scaler: Scaler) -> None:
    """Tell of images, or of a channel, that lie close together in the range of all pixels.

    Neither within an image nor from image to image do the pixels of most differ by much of it, as
    where an outlier has made it, bytes use few of their levels, or another channel is in other
    units. Of standardised channels, it is the deviation of all pixels that outliers have made.

    Parameters
    ----------
    rows : Rows
        Of `fit`; some of them are looked at.
    scaler : Scaler

    Warns
    -----
    InputScaleWarning
    """
    n_channels = rows.layout.input_shape[0]
    if is_standardised(scaler):
        _warn_of_extremes(rows, scaler, n_channels)
        return
    has_range = scaler.amplitude is not None and np.ndim(scaler.offset) == 1
    is_asked_for = n_channels == 1 and scaler.typical_std is None
    if not has_range or is_asked_for or rows.dtype == np.bool_:
        return
    plain = Scaler(scaler.offset, scaler.scale)
    x = plain.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    of_channels = [_contrast(x[:, k : k + 1].clone()) for k in range(n_channels)]
    inside, between = _contrast(x) if n_channels > 1 else of_channels[0]
    if scaler.typical_std is not None and 0.0 < max(inside, between) < LITTLE_CONTRAST:
        _warn_of_images(rows, scaler, inside)
        return
    contrast = [max(both) for both in of_channels]
    least = min((size for size in contrast if size > 0.0), default=1.0)  # a constant one is well
    if least < LEAST_SHARE * max(contrast):
        _warn_of_channel(contrast.index(least), contrast, scaler)


def is_standardised(scaler: Scaler) -> bool:
    """Say whether each channel of images has an offset and a scale of its own."""
    return scaler.amplitude is not None and np.ndim(scaler.offset) > 1


def _warn_of_extremes(rows: Rows, scaler: Scaler, n_channels: int) -> None:
    x = scaler.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    contrast = [max(_contrast(x[:, k : k + 1].clone())) for k in range(n_channels)]
    least = min((size for size in contrast if size > 0.0), default=1.0)  # a constant one is well
    if least >= LEAST_SHARE:
        return
    channel = contrast.index(least)
    warnings.warn(
        f"Within most images, channel {channel} of X differs by {least:.2g} of the standard "
        "deviation of all its pixels, which few extreme ones make: little is left for the "
        "networks. Replace no-data values and hot pixels, clip X, or pass np.arcsinh(X / noise), "
        "which draws in the brightest.",
        InputScaleWarning,
        stacklevel=FIT_LEVEL,
    )


def _contrast(x: Tensor) -> tuple[float, float]:
    """Return by how much the pixels of most images differ, within them and from one to another.

    `x` (b, c, h, w) is written to.
    """
    # a constant image has none, which rounding of its mean would hide
    differs = x.amax(dim=(1, 2, 3), keepdim=True) > x.amin(dim=(1, 2, 3), keepdim=True)
    means, norms = centre_images(x)
    between = float((means - means.median()).abs().median())
    return float((norms * differs).median()) / root_of_size(x), between


def _warn_of_images(rows: Rows, scaler: Scaler, inside: float) -> None:
    low, high = (float((scaler.offset + sign * scaler.scale)[0]) for sign in (-1, 1))
    if rows.dtype == np.uint8:
        scale = f"X holds uint8 values, whose range is {low:.0f} to {high:.0f}"
        remedy = "Stretch X to that range, or pass floats, whose range is that of their values."
    else:
        scale = f"The pixels of X range from {low:.6g} to {high:.6g}"
        remedy = (
            "Replace no-data values and hot pixels, as by the image's median, clip X, or pass "
            "np.arcsinh(X / noise) where few pixels are far brighter than most."
        )
    warnings.warn(
        f"{scale}, but within most images their standard deviation is below "
        f"{inside * float(scaler.scale[0]):.2g}: little of that is left for the networks. {remedy}",
        InputScaleWarning,
        stacklevel=FIT_LEVEL,
    )


def _warn_of_channel(weak: int, contrast: list[float], scaler: Scaler) -> None:
    scale = float(scaler.scale[0])
    strong = contrast.index(max(contrast))
    warnings.warn(
        f"Channel {weak} of X differs by about {contrast[weak] * scale:.2g} only, channel {strong} "
        f"by {contrast[strong] * scale:.2g}: in the range of all channels together, little of it "
        "is left for the networks. If it is in other units, pass scaling='standard', which scales "
        "each channel by itself; if it is merely dark, it may stay as it is.",
        InputScaleWarning,
        stacklevel=FIT_LEVEL,
    )


def check_scaled(rows: Rows, codes: np.ndarray, scaler: Scaler, scaling: str | None) -> None:
    """Refuse labelled rows that are too large for the networks, or too alike for any two to differ.

    Parameters
    ----------
    rows : Rows, length n
        The labelled ones.
    codes : ndarray of int64, shape (n,)
    scaler : Scaler
    scaling : str or None
        The parameter, for the message.

    Raises
    ------
    InvalidInputError
        If a value is above `MAX_SCALED` once scaled, as only `scaling=None` leaves it; or if there
        are several classes, but no row differs from another by more than float32's rounding.
    """
    if len(np.unique(codes)) < 2:
        return
    x = scaler.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    greatest = float(x.abs().max())
    if greatest > MAX_SCALED:
        raise InvalidInputError(
            f"The labelled rows hold values of up to {greatest:.3g} once scaled; the networks are "
            "made for values of about 1. Pass scaling='auto', or divide X."
        )
    largest = float((x - x[0]).abs().max())
    if largest <= ROUNDING * max(1.0, greatest):
        raise InvalidInputError(
            f"All {len(rows)} labelled rows are equal to the networks: once scaled, no value "
            f"differs by more than {largest:.2g} between rows. Check how X was made."
            f"{_other_scalings(rows.layout.is_image, scaling)}"
        )


def _other_scalings(is_image: bool, scaling: str | None) -> str:
    auto = "per_image" if is_image else "standard"
    advice = "" if scaling in ("auto", auto) else " scaling='auto' brings out small differences."
    if is_image and scaling != "range":
        advice += " scaling='range' keeps differences in contrast."
    return advice


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

    Images of one dtype may be dark, but none is a hundred times as bright, nor are the brighter
    pixels of most images beyond `BRIGHTER` times the whole range of `fit`. Of standardised
    channels, some pixel may be, but not the brightest of most images.

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
    is_darker = not is_same and 0.0 < OTHER_SCALE * largest < largest_before
    if not is_brighter and not is_darker:
        return
    about = "about " * is_standardised(scaler)
    warnings.warn(
        f"X holds {rows.dtype} values of up to {largest:.3g}, but the images in fit were "
        f"{fit_dtype} of up to {about}{largest_before:.3g}. Predictions on another scale are close "
        "to arbitrary: pass X in the units of fit, divided in both places or in none.",
        InputScaleWarning,
        stacklevel=stacklevel,
    )
