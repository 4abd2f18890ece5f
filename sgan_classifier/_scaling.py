"""From the units of X to the networks' units, batch by batch, and back."""

import math
import warnings

import numpy as np
import torch
from torch import Tensor

from ._batches import Rows, evenly_spaced
from ._pool import OTHER_SCALE
from .exceptions import InputScaleWarning, InvalidInputError

SCALINGS = ("auto", "per_image", "range", "standard", "unit")
ROWS_PER_CHUNK, VALUES_PER_CHUNK = 4096, 2**22  # at most, where all rows are looked at

# per_image: standard deviation 0.5, with 1/32 of half the range added to the image's own so that
# a flat image stays flat instead of becoming amplified noise; and a quarter of the mean brightness
# is kept, so that classes that differ in nothing else can still be told apart
PER_IMAGE_STD = 0.5
PER_IMAGE_FLOOR = 1.0 / 32.0
PER_IMAGE_BRIGHTNESS = 0.25
# of half the range: a typical image of less loses two thirds of its contrast to the floor
LITTLE_CONTRAST = PER_IMAGE_FLOOR / 2.0
MAX_SCALED = 1e6
ROUNDING = 1e-6  # a few of float32's, relative to the largest value or to 1
TYPICAL_ROWS = 1024  # images that say how much contrast a typical one has


class Scaler:
    """(x - offset) / scale, with one offset and scale for all values, a channel, or a feature.

    Attributes
    ----------
    offset, scale : ndarray, float64
        Of a shape that broadcasts over (b, *input_shape).
    typical_std : float or None
        Where each image is then standardised by itself: the average deviation of the images before
        that, by which `inverse` goes back.
    amplitude : float or None
        Scaled values lie (mostly) in [-amplitude, amplitude]; None where nothing is known.
    """

    def __init__(
        self,
        offset: np.ndarray,
        scale: np.ndarray,
        *,
        typical_std: float | None = None,
        amplitude: float | None = None,
    ) -> None:
        self.offset, self.scale = offset, scale
        self.typical_std, self.amplitude = typical_std, amplitude
        self._tensors: dict[tuple, tuple[Tensor, Tensor]] = {}

    @classmethod
    def fit(cls, rows: Rows, scaling: str | None) -> "Scaler":
        """Learn the scale of all training rows in one pass of bounded memory.

        Parameters
        ----------
        rows : Rows
            Every row whose pixels training may see, labelled or not.
        scaling : {"auto", "per_image", "range", "standard", "unit"} or None
            "auto" is "per_image" for images and "standard" for tables. "range" maps images to
            [-1, 1] (uint8 from 0..255, others from their least and greatest value). "per_image"
            then standardises every image by itself, save for a quarter of its mean. "standard"
            standardises each channel or feature. "unit" maps images to [0, 1]. None leaves the
            values alone.
        """
        is_image = rows.layout.is_image
        if scaling is None:
            return cls(np.zeros(1), np.ones(1))
        if scaling == "standard" or not is_image:
            mean, std = _mean_and_std(rows)
            return cls(mean, std, amplitude=3.0 if is_image else None)
        low, high = _range(rows)
        half_range = 0.5 * (high - low) or 1.0  # all values equal
        if scaling == "unit":
            return cls(np.full(1, low), np.full(1, 2.0 * half_range), amplitude=1.0)
        centre = np.full(1, 0.5 * (low + high))
        if scaling in ("auto", "per_image"):
            plain = cls(centre, np.full(1, half_range))
            return cls(
                plain.offset,
                plain.scale,
                typical_std=_typical_std(rows, plain),
                amplitude=3.0 * PER_IMAGE_STD + PER_IMAGE_BRIGHTNESS,
            )
        return cls(centre, np.full(1, half_range), amplitude=1.0)

    def transform(self, batch: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Scale a batch (b, *input_shape) of any dtype.

        float64 batches are scaled in float64 first, so that a large offset costs no digits.
        """
        working = torch.float64 if batch.dtype == torch.float64 else torch.float32
        offset, scale = self._offset_and_scale(working, batch.device)
        # what follows works in place
        x = batch.to(working, copy=True).sub_(offset).div_(scale).to(dtype)
        return x if self.typical_std is None else _standardize_images(x)

    def inverse(self, x: Tensor) -> Tensor:
        """Bring scaled values (b, *input_shape) back to the units of X.

        Under "per_image" an image's own deviation is unknown: it gets a typical one, and a mean
        from what is kept of the brightness, within the range. In float64, which a large offset
        costs no digits.
        """
        x = x.double()
        if self.typical_std is not None:
            kept = x.mean(dim=tuple(range(1, x.dim())), keepdim=True)
            contrast = (self.typical_std + PER_IMAGE_FLOOR) / PER_IMAGE_STD
            x = (x - kept) * contrast + (kept / PER_IMAGE_BRIGHTNESS).clamp(-1.0, 1.0)
        offset, scale = self._offset_and_scale(x.dtype, x.device)
        return x * scale + offset

    def _offset_and_scale(self, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return both as tensors, made once: that takes longer than to scale a batch of a table."""
        key = (dtype, device)
        if key not in self._tensors:
            with torch.inference_mode(False):  # prediction may be the first to ask
                self._tensors[key] = (
                    torch.tensor(self.offset, dtype=dtype, device=device),
                    torch.tensor(self.scale, dtype=dtype, device=device),
                )
        return self._tensors[key]

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_tensors": {}}


def warn_of_little_contrast(rows: Rows, scaler: Scaler, stacklevel: int = 5) -> None:
    """Tell of images that lie close together in the range of all pixels, as one outlier has it.

    Neither within an image nor from image to image do the pixels of most differ by much of it.

    Parameters
    ----------
    rows : Rows
        Of `fit`; some of them are looked at.
    scaler : Scaler
    stacklevel : int, default=5
        Of the warning.

    Warns
    -----
    InputScaleWarning
    """
    if scaler.typical_std is None or rows.dtype in (np.uint8, np.bool_):
        return  # no image is standardised by itself, or none decides the range
    plain = Scaler(scaler.offset, scaler.scale)
    x = plain.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    means, norms = _centre_images(x)
    inside = float(norms.median()) / _root_of_size(x)
    between = float((means - means.median()).abs().median())
    if max(inside, between) >= LITTLE_CONTRAST or inside == between == 0.0:
        return
    low, high = (float((scaler.offset + sign * scaler.scale)[0]) for sign in (-1, 1))
    warnings.warn(
        f"The pixels of X range from {low:.6g} to {high:.6g}, but within most images their "
        f"standard deviation is below {inside * float(scaler.scale[0]):.2g}: little of that is "
        "left for the networks. Replace no-data values and hot pixels, as by the image's median, "
        "or clip X.",
        InputScaleWarning,
        stacklevel=stacklevel,
    )


def check_scaled(rows: Rows, codes: np.ndarray, scaler: Scaler) -> None:
    """Refuse labelled rows that are too large for the networks, or too alike for any two to differ.

    Parameters
    ----------
    rows : Rows, length n
        The labelled ones.
    codes : ndarray of int64, shape (n,)
    scaler : Scaler

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
            f"differs by more than {largest:.2g} between rows. Check how X was made. "
            "scaling='auto' brings out small differences, and for images scaling='range' keeps "
            "differences in contrast."
        )


def warn_of_other_scale(
    rows: Rows, scaler: Scaler, fit_dtype: np.dtype | None, stacklevel: int = 4
) -> None:
    """Tell of images that are on another scale than those of `fit`.

    Images of one dtype may be dark, but none is a hundred times as bright.

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
    is_known = fit_dtype is not None and scaler.amplitude is not None  # else a table, or unscaled
    if not is_known or len(rows) == 0:
        return
    # of a standardised channel, three deviations from the mean
    reach = scaler.amplitude if np.ndim(scaler.offset) > 1 else 1.0
    largest_in_fit = float((np.abs(scaler.offset) + reach * scaler.scale).max())
    is_same = rows.dtype == fit_dtype
    if is_same and rows.dtype == np.uint8 and largest_in_fit * OTHER_SCALE > 255:
        return  # no byte is so bright, and none need be looked at
    largest = float(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)).abs().max())
    is_brighter = largest > OTHER_SCALE * largest_in_fit
    is_darker = not is_same and 0.0 < OTHER_SCALE * largest < largest_in_fit
    if not is_brighter and not is_darker:
        return
    warnings.warn(
        f"X holds {rows.dtype} values of up to {largest:.3g}, but the images in fit were "
        f"{fit_dtype} of up to {largest_in_fit:.3g}. Predictions on another scale are close to "
        "arbitrary: pass X in the units of fit, divided in both places or in none.",
        InputScaleWarning,
        stacklevel=stacklevel,
    )


def _mean_and_std(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel (c, 1, 1) or feature (f,); 1 where constant."""
    from sklearn.preprocessing import StandardScaler  # not before it is needed

    scaler = StandardScaler()
    for chunk in rows.chunks(_rows_per_chunk(rows)):
        scaler.partial_fit(_by_channel(chunk))
    shape = (-1, 1, 1) if rows.layout.is_image else (-1,)
    return scaler.mean_.reshape(shape), scaler.scale_.reshape(shape)


def _standardize_images(x: Tensor) -> Tensor:
    """Standardise every image by itself, in place; see `PER_IMAGE_STD`.

    In few operations, small ones among them: beside a network they take time as well.
    """
    mean, norm = _centre_images(x)
    root = _root_of_size(x)  # norm / root is the image's deviation
    gain = PER_IMAGE_STD * root / (norm + PER_IMAGE_FLOOR * root)
    return x.mul_(gain).add_(mean, alpha=PER_IMAGE_BRIGHTNESS)


def _centre_images(x: Tensor) -> tuple[Tensor, Tensor]:
    """Take its mean from each image, in place; return the means, and the norms of what is left.

    torch.std_mean is slower.
    """
    dim = tuple(range(1, x.dim()))
    mean = x.mean(dim=dim, keepdim=True)
    return mean, torch.linalg.vector_norm(x.sub_(mean), dim=dim, keepdim=True)


def _root_of_size(x: Tensor) -> float:
    return math.sqrt(math.prod(x.shape[1:]))


def _typical_std(rows: Rows, plain: Scaler) -> float:
    """Average deviation of evenly spaced images, scaled by `plain`."""
    x = plain.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    return float(_centre_images(x)[1].mean()) / _root_of_size(x)


def _range(rows: Rows) -> tuple[float, float]:
    """Range of the pixels: 0..255 for uint8, 0..1 where that holds nothing else (masks, bool)."""
    if rows.dtype == np.bool_:
        return 0.0, 1.0
    if rows.dtype != np.uint8:
        return _least_and_greatest(rows)
    return (0.0, 1.0) if _is_mask(rows) else (0.0, 255.0)


def _is_mask(rows: Rows) -> bool:
    """Tell whether bytes hold nothing above 1: some first, as those of other images say so."""
    some = rows.take(evenly_spaced(len(rows), TYPICAL_ROWS))
    return bool(some.max() <= 1) and all(
        bool(chunk.max() <= 1) for chunk in rows.chunks(_rows_per_chunk(rows))
    )


def _least_and_greatest(rows: Rows) -> tuple[float, float]:
    from sklearn.preprocessing import MinMaxScaler  # not before it is needed

    scaler = MinMaxScaler()
    for chunk in rows.chunks(_rows_per_chunk(rows)):
        scaler.partial_fit(_by_channel(chunk))
    return float(scaler.data_min_.min()), float(scaler.data_max_.max())


def _rows_per_chunk(rows: Rows) -> int:
    fitting = VALUES_PER_CHUNK // math.prod(rows.layout.input_shape)
    return min(ROWS_PER_CHUNK, max(1, fitting))


def _by_channel(chunk: Tensor) -> np.ndarray:
    """Reshape (b, c, h, w) to (b * h * w, c) in float64; tables as they are."""
    values = chunk.numpy().astype(np.float64)
    return values if values.ndim == 2 else np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])
