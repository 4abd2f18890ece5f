"""What the images of a folder are brought to: one size, grey or colour, one type."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._numbers import as_pair
from ..exceptions import FewColoursWarning, InvalidInputError
from ._image_file import OTHER_INTEGERS, ImageHeader

_FEW = 0.05  # share of files in colour, below which they are taken to be there by mistake


class Wanted(NamedTuple):
    """What all images are brought to.

    Attributes
    ----------
    size : (height, width)
    mode : {"grey", "rgb"}
    dtype : {"uint8", "uint16", "float32"}
    """

    size: tuple[int, int]
    mode: str
    dtype: str


def choose(
    image_size: tuple[int, int] | int | None,
    mode: str,
    dtype: str | None,
    files: Sequence[str],
    headers: dict[int, ImageHeader],
) -> Wanted:
    """Choose what `load_image_folder` was not told, from the headers of its files.

    Parameters
    ----------
    image_size, mode, dtype
        As there.
    files : sequence of str
        Names of all files.
    headers : dict of int to ImageHeader
        Of those files that can be read.

    Returns
    -------
    Wanted

    Raises
    ------
    InvalidInputError
        If a size is no size, or floats and integers are mixed without `dtype`.
    """
    present = list(headers.values())
    return Wanted(
        _choose_size(image_size, present),
        _choose_mode(mode, present),
        dtype or _choose_dtype(files, headers),
    )


def mixes_floats(headers: dict[int, ImageHeader]) -> bool:
    """Tell whether some images become floats and others integers."""
    return len({header.dtype == "float32" for header in headers.values()}) > 1


def warn_of_few_colours(
    root: Path, mode: str, files: Sequence[str], headers: dict[int, ImageHeader]
) -> None:
    """Tell of a few files in colour that make all others colour.

    Parameters
    ----------
    root : Path
    mode, files, headers
        As of `choose`.

    Warns
    -----
    FewColoursWarning
    """
    coloured = [files[i] for i, header in headers.items() if not header.is_grey]
    if mode != "auto" or not 0 < len(coloured) < _FEW * len(headers):
        return
    verb = "is" if len(coloured) == 1 else "are"
    warnings.warn(
        f"{len(coloured)} of the {len(headers)} images of {root} {verb} stored in colour, first "
        f"{coloured[0]!r}, so that all become colour, which takes three times the memory. If grey "
        'is enough, pass mode="grey", to the command fit --colours grey, or convert these files.',
        FewColoursWarning,
        stacklevel=3,
    )


def _choose_size(
    image_size: tuple[int, int] | int | None, headers: Sequence[ImageHeader]
) -> tuple[int, int]:
    if image_size is None:
        if not headers:
            return (1, 1)
        sides = np.array([(header.height, header.width) for header in headers])
        height, width = np.quantile(sides, 0.5, axis=0, method="lower")
        return int(height), int(width)
    size = as_pair(image_size)
    if len(size) != 2 or not all(isinstance(s, int | np.integer) and s >= 1 for s in size):
        raise InvalidInputError(
            f"image_size={image_size!r} is no size. Pass (height, width) in pixels, or one number."
        )
    return int(size[0]), int(size[1])


def _choose_mode(mode: str, headers: Sequence[ImageHeader]) -> str:
    if mode != "auto":
        return mode
    return "grey" if all(header.is_grey for header in headers) else "rgb"


def _choose_dtype(files: Sequence[str], headers: dict[int, ImageHeader]) -> str:
    first = {header.dtype: i for i, header in reversed(headers.items())}
    if "float32" in first and len(first) > 1:
        other = next(dtype for dtype in first if dtype != "float32")
        is_float = headers[first["float32"]].is_float
        kind = "floating-point values" if is_float else OTHER_INTEGERS
        raise InvalidInputError(
            f"{files[first['float32']]!r} holds {kind} and {files[first[other]]!r} holds {other}: "
            "their scales may differ. Convert the files; or, if the values can be compared as they "
            'are, load them in Python by load_image_folder(..., dtype="float32").'
        )
    return max(first, key=lambda dtype: np.dtype(dtype).itemsize, default="uint8")
