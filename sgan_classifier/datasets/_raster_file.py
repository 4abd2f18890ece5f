"""Images that Pillow cuts to 8 bits or does not know, read with rasterio: colour of 16 bits."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import UnreadableImageError

OTHER_BANDS = (
    "holds {} bands, neither grey (1) nor colour (3). Write those you want to a file of their own, "
    "or read all of them into an array and fit in Python"
)
_DTYPES = ("uint8", "uint16")  # all others are read as float32


def read_raster_size(path: Path) -> tuple[int, int, int, str]:
    """Return (height, width, number of colour channels, dtype) from the header.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableImageError
        If rasterio is not there, or the bands are neither grey nor colour.
    """
    with _open(path) as source:
        dtype = source.dtypes[0]
        channels = len(_colour_bands(source))
        return source.height, source.width, channels, dtype if dtype in _DTYPES else "float32"


def read_raster(path: Path) -> NDArray:
    """Return the pixels, an array of shape (height, width) or (height, width, 3).

    Parameters
    ----------
    path : Path
    """
    with _open(path) as source:
        bands = source.read(_colour_bands(source))
    if bands.dtype not in _DTYPES:
        bands = bands.astype(np.float32)
    return bands[0] if len(bands) == 1 else np.moveaxis(bands, 0, -1)


def _open(path: Path) -> Any:
    try:
        import rasterio
    except ImportError:
        raise UnreadableImageError(
            "has 16 bits a channel or bands of its own kind, which needs rasterio: "
            "pip install 'sgan-classifier[images]'"
        ) from None
    with open(path, "rb") as file:
        driver = "PNG" if file.read(4) == b"\x89PNG" else "GTiff"  # and none of GDAL's many others
    return rasterio.open(path, driver=driver)


def _colour_bands(source: Any) -> list[int]:
    """Return the bands of grey or of red, green and blue, without transparency."""
    from rasterio.enums import ColorInterp

    bands = [i for i, kind in enumerate(source.colorinterp, start=1) if kind != ColorInterp.alpha]
    if len(bands) not in (1, 3):
        raise UnreadableImageError(OTHER_BANDS.format(len(bands)))
    return bands
