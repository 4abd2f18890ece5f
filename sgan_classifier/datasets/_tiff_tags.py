"""What the tags of a TIFF file say that Pillow does not act upon."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# the numbers of TIFF's tags
WIDTH, HEIGHT, BITS_PER_SAMPLE, PHOTOMETRIC = 256, 257, 258, 262
SAMPLES_PER_PIXEL, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 338, 339
KIND_OF_PAGE = 254
NO_DATA = 42113  # of GDAL
WHITE_IS_ZERO = 0  # of the photometric interpretation
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # of the sample format
ALPHAS = (1, 2)  # of the extra samples; others are bands of values
OVERVIEW, MASK = 1, 4  # bits of the kind of a page
SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two of BigTIFF


def read_tags(path: Path) -> Any:
    """Return the tags of the first page, by number, also where Pillow cannot read the pixels."""
    return next(_pages(path))


def count_pages(path: Path) -> int:
    """Return how many pages are images of their own, and no overviews or masks of others."""
    return sum(not tags.get(KIND_OF_PAGE, 0) & (OVERVIEW | MASK) for tags in _pages(path))


def _pages(path: Path) -> Iterator[Any]:
    """Yield the tags of each page, in one object."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    with open(path, "rb") as file:
        head = file.read(8)
        if head[:4] in SIGNATURES[2:]:
            head += file.read(8)
        tags, seen = ImageFileDirectory_v2(head), {0}
        while tags.next not in seen:  # a damaged file may lead in a circle
            seen.add(tags.next)
            file.seek(tags.next)
            tags.load(file)
            yield tags


def count_bands(tags: Any) -> int | None:
    """Return the samples of a pixel; None where those beyond grey or colour are transparency."""
    if all(sample in ALPHAS for sample in tags.get(EXTRA_SAMPLES, ())):
        return None
    return int(tags[SAMPLES_PER_PIXEL])


def positive(pixels: NDArray, tags: Any) -> NDArray:
    """Turn negatives of 8 or 16 bits into positives."""
    if tags.get(PHOTOMETRIC) != WHITE_IS_ZERO or pixels.dtype.kind != "u":
        return pixels
    return np.iinfo(pixels.dtype).max - pixels


def lacks_data(pixels: NDArray, tags: Any) -> bool:
    """Whether floats hold the value that by the file's own account stands for no data."""
    try:
        with np.errstate(over="ignore"):  # the least float64 is a common one, of whatever file
            no_data = np.float32(str(tags.get(NO_DATA)).strip("\0 "))
    except ValueError:  # none is named, or it is no number
        return False
    return pixels.dtype.kind == "f" and bool((pixels == no_data).any())


def is_float(tags: Any) -> bool:
    """Whether the file holds floats."""
    return bool(tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0] == FLOAT)


def is_odd_integer(image: Any) -> bool:
    """Whether these are signed bytes or unsigned words of 32 bits, which Pillow has no mode for."""
    if image.format != "TIFF":
        return False
    bits, kinds = (
        image.tag_v2.get(tag, (default,))[0]
        for tag, default in ((BITS_PER_SAMPLE, 1), (SAMPLE_FORMAT, UNSIGNED))
    )
    return (bits, kinds) in ((8, SIGNED), (32, UNSIGNED))
