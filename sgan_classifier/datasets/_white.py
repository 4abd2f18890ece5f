"""Values of 10, 12 or 14 bits in files of 16, whose white is not that of 16 bits."""

import warnings
from typing import Any

from ..exceptions import InputScaleWarning

MAX_OF_14_BITS = 64 * 257  # 16383, to the next value that has a counterpart in 8 bits


def note_greatest(greatest: dict[str, float], pixels: Any) -> None:
    """Enter the greatest value seen in files of this dtype."""
    name = pixels.dtype.name
    greatest[name] = max(greatest.get(name, 0.0), float(pixels.max()))


def warn_of_low_white(
    what: Any, greatest: dict[str, float], dtype: str, stacklevel: int = 3
) -> None:
    """Tell of a conversion between 8 and 16 bits where no value of 16 bits is above 14 bits.

    Parameters
    ----------
    what : str or path
        That was converted, for the message.
    greatest : dict of str to float
        The greatest value that was seen by dtype, "uint8" or "uint16", before the conversion.
    dtype : str
        To which it was converted.
    stacklevel : int, default=3
        Of the warning.

    Warns
    -----
    InputScaleWarning
    """
    is_converted = dtype in ("uint8", "uint16") and set(greatest) != {dtype}
    if not is_converted or not 0.0 < greatest.get("uint16", 0.0) <= MAX_OF_14_BITS:
        return
    warnings.warn(
        f"{what} was converted between 8 and 16 bits, from white (255) to white (65535), but no "
        f"value of 16 bits was seen above {greatest['uint16']:.0f}: the white of 10, 12 or 14 bits "
        "is lower, and images of 8 and 16 bits are on different scales then. Convert the files of "
        "16 bits to their full range first (12 bits: times 16), or all to the same depth; in "
        'Python, load_image_folder(..., dtype="float32") leaves values as they are.',
        InputScaleWarning,
        stacklevel=stacklevel,
    )
