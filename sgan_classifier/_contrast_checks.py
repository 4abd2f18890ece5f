"""Rows whose scale or contrast the networks cannot learn from."""

import warnings

import numpy as np
from torch import Tensor

from ._batches import Rows, evenly_spaced
from ._scaling import PER_IMAGE_FLOOR, TYPICAL_ROWS, Scaler, centre_images, root_of_size
from .exceptions import InputScaleWarning, InvalidInputError

# of half the range: a typical image of less loses two thirds of its contrast to the floor
LITTLE_CONTRAST = PER_IMAGE_FLOOR / 2.0
LEAST_SHARE = 1.0 / 32.0  # of the contrast of the strongest channel, or of one's own deviation
MAX_SCALED = 1e6
FIT_LEVEL = 6  # of a warning, to name the line that called fit
ROUNDING = 1e-6  # a few of float32's, relative to the largest value or to 1


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
    is_opaque = n_channels in (2, 4) and bool(x[:, -1].flatten(1).amin(dim=1).median() >= x.max())
    of_channels = [_contrast(x[:, k : k + 1].clone()) for k in range(n_channels)]
    inside, between = _contrast(x) if n_channels > 1 else of_channels[0]
    if scaler.typical_std is not None and 0.0 < max(inside, between) < LITTLE_CONTRAST:
        _warn_of_images(rows, scaler, inside)
        return
    contrast = [max(both) for both in of_channels]
    if is_opaque and scaler.typical_std is not None and max(contrast) > 0.0:
        _warn_of_opacity(n_channels)
        return
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


def _warn_of_opacity(n_channels: int) -> None:
    warnings.warn(
        f"The last of {n_channels} channels of most images has the greatest value in every pixel, "
        "as the opacity (alpha) of a picture without transparent parts. It tells nothing, and each "
        "image is scaled by all channels together: leave it out, as X[..., :-1] of channels last.",
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
