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
WHITE = {"bool": 1.0, "uint8": 255.0, "uint16": 65535.0}
REMEDY = 'Install it with: pip install "sgan-classifier[images]"'


@contextmanager
def open_scene(path: Path, n_channels: int, fit_dtype: np.dtype | None = None) -> Iterator["Scene"]:
    """Open a scene for reading.

    Parameters
    ----------
    path : Path
        A PNG, a GeoTIFF, or whatever else GDAL reads.
    n_channels : int
        Bands that the estimator needs; an alpha band is not counted.
    fit_dtype : dtype, optional
        Of the images that the estimator was fitted on. Masks and values of up to 8 and of 16 bits
        are converted into each other, white to white, as `load_image_folder` does; other images are
        taken for the scene's own values.

    Raises
    ------
    FileNotFoundError
    InvalidInputError
        If it is a folder, no raster or a damaged one, has another number of bands, a palette, or
        values that cannot be converted.
    ImportError
        If rasterio is not installed.
    """
    try:
        import rasterio
        from rasterio.enums import ColorInterp
        from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
    except ImportError as error:
        raise ImportError(f"Scenes are read with rasterio. {REMEDY}") from error
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder. Pass the file of one scene.")
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
    # and a PNG that is cut off it reads in one go as whatever lies in memory, without an error
    options = {"GDAL_CACHEMAX": CACHE_MIB, "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO"}
    with rasterio.Env(**options), dataset:
        bands = [
            number
            for number, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True)
            if meaning != ColorInterp.alpha
        ]
        _check_is_one_scene(path, dataset, bands)
        n_bits = int(dataset.tags(bands[0], ns="IMAGE_STRUCTURE").get("NBITS", 8))
        is_negative = dataset.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES"
        # GDAL makes a palette of greys for negatives and for black and white
        is_grey = is_negative or n_bits == 1
        if ColorInterp.palette in dataset.colorinterp and not is_grey:
            raise InvalidInputError(
                f"{path} holds numbers of the colours of a palette. Convert it to grey or RGB, as "
                "the images in fit were."
            )
        if len(bands) != n_channels:
            raise InvalidInputError(
                f"{path} has {len(bands)} bands, but the estimator was fitted on images of "
                f"{n_channels}. Scan a scene of that many bands."
            )
        dtype = dataset.dtypes[bands[0] - 1]
        white = 2.0**n_bits - 1.0 if n_bits < 8 else WHITE.get(dtype)
        factor = _factor(path, dtype, white, fit_dtype)
        yield Scene(dataset, bands, factor, white if is_negative else None)


def _check_is_one_scene(path: Path, dataset: Any, bands: list[int]) -> None:
    """Refuse files of several rasters, of which GDAL opens none, or the first page."""
    others = dataset.subdatasets
    if bands and len(others) < 2:
        return
    if not others:
        raise InvalidInputError(f"{path} holds no band of values. Pass a scene that has one.")
    raise InvalidInputError(
        f"{path} holds {len(others)} rasters. Write the one to scan to a file of its own, as "
        f"rio convert {others[0]!r} scene.tif does."
    )


def _factor(path: Path, dtype: str, white: float | None, fit_dtype: np.dtype | None) -> float:
    """Return what turns values of the scene into values as the estimator was fitted on."""
    fitted = None if fit_dtype is None else fit_dtype.name
    if fitted not in WHITE:
        return 1.0
    if white is not None:
        return WHITE[fitted] / white
    if fitted == "bool":  # fractions beside masks
        return 1.0
    raise InvalidInputError(
        f"{path} holds {dtype} values, but the estimator was fitted on {fitted} images, and "
        f"nothing says which value is their white. Convert the scene to {fitted} in the way "
        "the images were, or fit on patches with the scene's own values."
    )


class Scene:
    """An open raster; `read` gives any rectangle of it.

    Attributes
    ----------
    height, width : int
        In pixels.
    dtype : str
        Of the file's values.
    transform : affine.Affine
        From pixels, counted from the upper left corner of the first one, to map coordinates.
    crs : rasterio.crs.CRS or None
    factor : float
        That `read` multiplies values by.
    """

    def __init__(
        self, dataset: Any, bands: list[int], factor: float, negative_white: float | None = None
    ) -> None:
        self._dataset, self._bands, self.factor = dataset, bands, factor
        self._negative_white = negative_white
        self.height, self.width = dataset.height, dataset.width
        self.dtype = dataset.dtypes[bands[0] - 1]
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
            uint8 where the scene is and `factor` is 1, else float32. Missing pixels hold 0.
        missing : ndarray of bool, shape (height, width)
            No data by the file's own account, or not finite.

        Raises
        ------
        InvalidInputError
            If the file is damaged.
        """
        from rasterio.errors import RasterioIOError
        from rasterio.windows import Window

        columns, rows = _mirrored(x, width, self.width), _mirrored(y, height, self.height)
        left, top = columns.min(), rows.min()
        window = Window(left, top, np.ptp(columns) + 1, np.ptp(rows) + 1)
        try:
            image = self._dataset.read(self._bands, window=window)
            missing = self._dataset.dataset_mask(window=window) == 0
        except RasterioIOError as error:
            raise InvalidInputError(
                f"{self._dataset.name} is damaged or incomplete: {error.__cause__ or error}. Copy "
                "it again from where it came."
            ) from error
        if self._negative_white is not None:
            image = image.dtype.type(self._negative_white) - image
        if image.dtype != np.uint8 or self.factor != 1.0:
            image = image.astype(np.float32) * np.float32(self.factor)
            missing |= ~np.isfinite(image).all(axis=0)
        image[:, missing] = 0
        index = np.ix_(rows - top, columns - left)
        return image[:, *index], missing[index]


def _mirrored(start: int, size: int, length: int) -> NDArray[np.int64]:
    """Return the pixels [start, start + size) of a line that is mirrored at both of its ends."""
    place = np.arange(start, start + size) % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)
