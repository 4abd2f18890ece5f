"""Parts of a scene too large for memory."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidInputError

CACHE_MIB = 16
REMEDY = 'Install it with: pip install "sgan-classifier[images]"'


@contextmanager
def open_scene(path: Path, n_channels: int) -> Iterator["Scene"]:
    """Open a scene for reading.

    Parameters
    ----------
    path : Path
        A PNG, a GeoTIFF, or whatever else GDAL reads.
    n_channels : int
        Bands that the estimator needs; an alpha band is not counted.

    Raises
    ------
    FileNotFoundError
    InvalidInputError
        If the file is no raster, or has another number of bands.
    ImportError
        If rasterio is not installed.
    """
    try:
        import rasterio
        from rasterio.enums import ColorInterp
        from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
    except ImportError as error:
        raise ImportError(f"Scenes are read with rasterio. {REMEDY}") from error
    if not path.is_file():
        raise FileNotFoundError(f"There is no scene {path}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a PNG has none, and needs none
        try:
            dataset = rasterio.open(path)
        except RasterioIOError as error:
            raise InvalidInputError(
                f"{path} is no raster that GDAL reads. Pass a PNG or a GeoTIFF."
            ) from error
    # by default GDAL keeps what it has read until that fills a twentieth of the machine's memory
    with rasterio.Env(GDAL_CACHEMAX=CACHE_MIB), dataset:
        bands = [
            number
            for number, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True)
            if meaning != ColorInterp.alpha
        ]
        if len(bands) != n_channels:
            raise InvalidInputError(
                f"{path} has {len(bands)} bands, but the estimator was fitted on images of "
                f"{n_channels}. Scan a scene of that many bands."
            )
        yield Scene(dataset, bands)


class Scene:
    """An open raster; `read` gives any rectangle of it.

    Attributes
    ----------
    height, width : int
        In pixels.
    transform : affine.Affine
        From pixels, counted from the upper left corner of the first one, to map coordinates.
    crs : rasterio.crs.CRS or None
    """

    def __init__(self, dataset: Any, bands: list[int]) -> None:
        self._dataset, self._bands = dataset, bands
        self.height, self.width = dataset.height, dataset.width
        self.transform, self.crs = dataset.transform, dataset.crs

    def read(self, x: int, y: int, width: int, height: int) -> tuple[NDArray, NDArray[np.bool_]]:
        """Return a rectangle and which of its pixels are missing; mirrored beyond the edges.

        Parameters
        ----------
        x, y : int
            Its upper left pixel, which may lie outside the scene.
        width, height : int

        Returns
        -------
        image : ndarray of shape (n_channels, height, width)
            uint8 where the scene is, else float32. Missing pixels hold the mean of the others.
        missing : ndarray of bool, shape (height, width)
            No data by the file's own account, or not finite.
        """
        from rasterio.windows import Window

        columns, rows = _mirrored(x, width, self.width), _mirrored(y, height, self.height)
        left, top = columns.min(), rows.min()
        window = Window(left, top, np.ptp(columns) + 1, np.ptp(rows) + 1)
        image = self._dataset.read(self._bands, window=window)
        missing = self._dataset.dataset_mask(window=window) == 0
        if image.dtype != np.uint8:
            image = image.astype(np.float32)
            missing |= ~np.isfinite(image).all(axis=0)
        if missing.any() and not missing.all():
            image[:, missing] = image[:, ~missing].mean(axis=1, keepdims=True)
        elif missing.all():
            image[:] = 0
        index = np.ix_(rows - top, columns - left)
        return image[:, *index], missing[index]


def _mirrored(start: int, size: int, length: int) -> NDArray[np.int64]:
    """Return the pixels [start, start + size) of a line that is mirrored at both of its ends."""
    place = np.arange(start, start + size) % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)
