"""One image file: what its header says, and its pixels. The content decides, not the name."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..exceptions import UnreadableImageError
from . import _tiff_tags
from ._raster_file import OTHER_BANDS, read_raster, read_raster_size
from ._white import note_greatest

FORMATS = ("PNG", "JPEG", "TIFF")
MAX_PIXELS = 50_000_000  # a file of a few kilobytes can claim many gigabytes of pixels

OTHER_INTEGERS = "integers that are signed or of more than 16 bits"

_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_ORIENTATION = 0x0112  # the number of EXIF's tag
_SIZE_REMEDY = f"at most {MAX_PIXELS:,} are read. Cut it into patches first"
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow weighs colours


class ImageHeader(NamedTuple):
    """What the header of an image file says.

    Attributes
    ----------
    height, width : int
        In pixels, as the image is to be seen.
    is_grey : bool
    dtype : {"uint8", "uint16", "float32"}
        What holds its values.
    is_float : bool
        Whether the file itself holds floats; "float32" holds other integers, too.
    """

    height: int
    width: int
    is_grey: bool
    dtype: str
    is_float: bool


def read_header(path: Path) -> ImageHeader:
    """Read what an image file says of itself.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ImageHeader

    Raises
    ------
    UnreadableImageError
        If it is no PNG, JPEG or TIFF image, claims too many pixels, or holds several pages.
    """
    if _is_foreign_tiff(path):
        with _errors_named(path):
            height, width, channels, dtype = read_raster_size(path)
            _check_size(height, width)
            tags = _tiff_tags.read_tags(path)
            if tags.get(_ORIENTATION, 1) >= 5:
                width, height = height, width
            return ImageHeader(height, width, channels == 1, dtype, _tiff_tags.is_float(tags))
    with _open(path) as image:
        width, height = image.size
        if image.format == "TIFF":  # as stored, whatever Pillow has made of the orientation
            width, height = (
                image.tag_v2[_tiff_tags.WIDTH],
                image.tag_v2[_tiff_tags.HEIGHT],
            )
        # 5 to 8 of EXIF's orientations lie on their side
        if _orientation(image) >= 5:
            width, height = height, width
        if _is_deep_colour(path, image):
            is_grey = read_raster_size(path)[2] == 1  # as Pillow cannot tell
        else:
            is_grey = image.mode in _GREY_MODES
        if image.mode in ("F", "I") or _tiff_tags.is_odd_integer(image):
            dtype = "float32"
        elif image.mode.startswith("I;16") or _is_deep(path, image):
            dtype = "uint16"
        else:
            dtype = "uint8"
        return ImageHeader(height, width, is_grey, dtype, image.mode == "F")


def read_pixels(
    path: Path,
    image_size: tuple[int, int],
    mode: str,
    dtype: DTypeLike,
    greatest: dict[str, float] | None = None,
) -> NDArray:
    """Read an image in the size, the colours and the type that are wanted.

    Parameters
    ----------
    path : Path
    image_size : (height, width)
        In pixels. Other sizes are resized bicubically, without regard to their proportions.
    mode : {"grey", "rgb"}
        Colours become grey by their luma (ITU-R BT.601); grey is repeated. Transparency is dropped.
    dtype : {"uint8", "uint16", "float32"}
        8 and 16 bits are converted by a factor of 257, white to white. Floats stay as they are.
    greatest : dict of str to float, optional
        Takes the greatest value by dtype, as the file holds it.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3)

    Raises
    ------
    UnreadableImageError
        If the file cannot be decoded, or holds NaN or infinite values or, among floats, pixels that
        it says have no data.
    """
    if _is_foreign_tiff(path):
        with _errors_named(path):
            tags = _tiff_tags.read_tags(path)
            pixels = _turn(read_raster(path), tags.get(_ORIENTATION, 1))
            pixels = _tiff_tags.positive(pixels, tags)
    else:
        with _open(path) as image:
            tags = image.tag_v2 if image.format == "TIFF" else {}
            if _is_deep_colour(path, image) or _tiff_tags.is_odd_integer(image):
                pixels = _turn(read_raster(path), _orientation(image))
            else:
                pixels = _decode(image)
    if not np.isfinite(pixels).all():
        raise UnreadableImageError("holds NaN or infinite values")
    if _tiff_tags.lacks_data(pixels, tags):
        raise UnreadableImageError(
            f"holds pixels without data, which it marks by {tags[_tiff_tags.NO_DATA]}"
        )
    converted = _convert(_resize(_recolour(pixels, mode), image_size), np.dtype(dtype))
    if greatest is not None:
        note_greatest(greatest, pixels)
    return converted


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    from PIL import Image

    image: Any
    # by its name, Pillow would map a TIFF file into memory, and get lying ones wrong
    with (
        _errors_named(path),
        open(path, "rb") as file,
        Image.open(file, formats=FORMATS) as image,
    ):
        width, height = image.size
        _check_size(height, width)
        if image.format == "TIFF":
            n_pages = _tiff_tags.count_pages(path)
            n_bands = _tiff_tags.count_bands(image.tag_v2)
            if n_bands is not None:
                raise UnreadableImageError(OTHER_BANDS.format(n_bands))
        else:
            n_pages = image.n_frames if image.format == "PNG" else 1
        if n_pages > 1:
            raise UnreadableImageError(f"holds {n_pages} pages; store each in a file of its own")
        yield image


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong inside into an UnreadableImageError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # odd metadata is no concern of ours; claims of size are checked
            warnings.simplefilter("ignore")
            yield
    except UnreadableImageError:
        raise
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        raise UnreadableImageError(
            "is empty" if empty else "is no PNG, JPEG or TIFF image, or one cut off at its start"
        ) from None
    except Image.DecompressionBombError:
        raise UnreadableImageError(f"claims too many pixels; {_SIZE_REMEDY}") from None
    except Exception as error:  # decoders raise all kinds on a damaged file
        raise UnreadableImageError(
            f"is damaged or incomplete ({type(error).__name__}: {error})"
        ) from error


def _check_size(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise UnreadableImageError(f"claims {height} x {width} pixels; {_SIZE_REMEDY}")


def _is_foreign_tiff(path: Path) -> bool:
    """Whether this is a TIFF file of a kind that Pillow does not know, such as 16-bit bands."""
    from PIL import Image, UnidentifiedImageError

    with _errors_named(path):
        with open(path, "rb") as file:
            if file.read(4) not in _tiff_tags.SIGNATURES:
                return False
        try:
            Image.open(path, formats=["TIFF"]).close()
        except UnidentifiedImageError:
            return True
    return False


def _bits(path: Path, image: Any) -> int:
    """Return the bits a channel in the file, which Pillow's mode does not always tell."""
    if image.format == "PNG":
        with open(path, "rb") as file:
            return file.read(25)[24]  # signature, length and name of IHDR, width, height; depth
    if image.format == "TIFF":
        return max(image.tag_v2.get(_tiff_tags.BITS_PER_SAMPLE, (8,)))
    return 8


def _is_deep(path: Path, image: Any) -> bool:
    return _bits(path, image) == 16


def _is_deep_colour(path: Path, image: Any) -> bool:
    """Whether the file has 16 bits in several channels, which Pillow would cut to 8."""
    return not image.mode.startswith(("I", "F")) and _is_deep(path, image)


def _orientation(image: Any) -> int:
    return image.getexif().get(_ORIENTATION, 1)


def _turn(pixels: NDArray, orientation: int) -> NDArray:
    """Turn pixels (height, width) or (height, width, 3) as EXIF says that they are to be seen."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _decode(image: Any) -> NDArray:
    from PIL import ImageOps

    tags = image.tag_v2 if image.format == "TIFF" else {}
    image = ImageOps.exif_transpose(image)
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    elif image.mode in ("I", "F"):
        return np.asarray(image, dtype=np.float32)
    elif image.mode.startswith("I;16"):
        return _tiff_tags.positive(
            np.asarray(image).astype(np.uint16), tags
        )  # Pillow does so for 8 bits
    elif image.mode != "L":
        image = image.convert("RGB")
    return np.asarray(image)


def _recolour(pixels: NDArray, mode: str) -> NDArray:
    if mode == "grey" and pixels.ndim == 3:
        grey = pixels @ _LUMA
        return grey.astype(pixels.dtype) if pixels.dtype.kind == "f" else _round(grey, pixels.dtype)
    if mode == "rgb" and pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], 3, axis=-1)
    return pixels


def _resize(pixels: NDArray, image_size: tuple[int, int]) -> NDArray:
    from PIL import Image

    if pixels.shape[:2] == image_size:
        return pixels
    size = image_size[::-1]
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    channels = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    resized = np.stack(
        [
            np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC))
            for channel in np.moveaxis(channels, -1, 0).astype(np.float32)
        ],
        axis=-1,
    )
    resized = resized[..., 0] if pixels.ndim == 2 else resized
    return resized if pixels.dtype.kind == "f" else _round(resized, pixels.dtype)


def _convert(pixels: NDArray, dtype: np.dtype) -> NDArray:
    if pixels.dtype == dtype:
        return pixels
    if dtype.kind == "f":
        return pixels.astype(dtype)
    if pixels.dtype.kind == "f":
        raise UnreadableImageError(
            f"holds floating-point values, or {OTHER_INTEGERS}, which have no place in {dtype}"
        )
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return _round(pixels / 257, dtype)


def _round(pixels: NDArray, dtype: np.dtype) -> NDArray:
    # bicubic interpolation overshoots
    return np.clip(np.rint(pixels), 0, np.iinfo(dtype).max).astype(dtype)
