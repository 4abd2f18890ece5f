"""From the units of X to the networks' units, batch by batch, and back."""

import math

import numpy as np
import torch
from torch import Tensor

from ._batches import Rows, evenly_spaced

SCALINGS = ("auto", "per_image", "range", "standard", "unit")
ROWS_PER_CHUNK, VALUES_PER_CHUNK = 4096, 2**22  # at most, where all rows are looked at

# per_image: standard deviation 0.5, with 1/32 of half the range added to the image's own so that
# a flat image stays flat instead of becoming amplified noise; and a quarter of the mean brightness
# is kept, so that classes that differ in nothing else can still be told apart
PER_IMAGE_STD = 0.5
PER_IMAGE_FLOOR = 1.0 / 32.0
PER_IMAGE_BRIGHTNESS = 0.25
LEAST_SCALE, GREATEST_SCALE = 1e-9, 1e9  # between which sums of squares fit into float32
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
        self._has_safe_squares = bool(np.all((scale > LEAST_SCALE) & (scale < GREATEST_SCALE)))
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
        x = batch.to(working, copy=True).sub_(offset)  # what follows works in place
        if self.typical_std is None:
            return x.div_(scale).to(dtype)
        if self._has_safe_squares:  # to divide a number an image by the scale is quicker
            return _standardize_images(x.to(dtype), scale.to(dtype))
        return _standardize_images(x.div_(scale).to(dtype))

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


def _mean_and_std(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel (c, 1, 1) or feature (f,); 1 where constant."""
    from sklearn.preprocessing import StandardScaler  # not before it is needed

    scaler = StandardScaler()
    for chunk in rows.chunks(_rows_per_chunk(rows)):
        scaler.partial_fit(_by_channel(chunk))
    shape = (-1, 1, 1) if rows.layout.is_image else (-1,)
    return scaler.mean_.reshape(shape), scaler.scale_.reshape(shape)


def _standardize_images(x: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Standardise every image of x / scale by itself, in place; see `PER_IMAGE_STD`.

    In few operations, small ones among them: beside a network they take time as well.
    """
    mean, norm = centre_images(x)
    root = root_of_size(x)  # norm / root is the image's deviation
    gain = PER_IMAGE_STD * root / (norm + PER_IMAGE_FLOOR * root * scale)
    return x.mul_(gain).add_(mean / scale, alpha=PER_IMAGE_BRIGHTNESS)


def centre_images(x: Tensor) -> tuple[Tensor, Tensor]:
    """Take its mean from each image, in place; return the means, and the norms of what is left.

    torch.std_mean is slower.
    """
    dim = tuple(range(1, x.dim()))
    mean = x.mean(dim=dim, keepdim=True)
    return mean, torch.linalg.vector_norm(x.sub_(mean), dim=dim, keepdim=True)


def root_of_size(x: Tensor) -> float:
    return math.sqrt(math.prod(x.shape[1:]))


def _typical_std(rows: Rows, plain: Scaler) -> float:
    """Average deviation of evenly spaced images, scaled by `plain`."""
    x = plain.transform(rows.take(evenly_spaced(len(rows), TYPICAL_ROWS)))
    return float(centre_images(x)[1].mean()) / root_of_size(x)


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
