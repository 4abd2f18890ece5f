"""Image files for the tests of `load_image_folder`."""

import struct

import numpy as np
import pytest
from PIL import Image

from sgan_classifier.datasets import load_image_folder
from sgan_classifier.exceptions import UnreadableImageWarning


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def noise(height=8, width=8, channels=None, dtype=np.uint8, seed=0):
    shape = (height, width) if channels is None else (height, width, channels)
    high = 256 if dtype == np.uint8 else 65536
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def load_and_catch(root, **options):
    with pytest.warns(UnreadableImageWarning) as caught:
        images = load_image_folder(root, **options)
    assert len(caught) == 1, "one warning for all files"
    return images, str(caught[0].message)


def write_tiff(path, pixels, *, orientation=1, photometric=None, order="<"):
    """A TIFF file of kinds that Pillow does not write: any integers, and whatever tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(order))
    colours = 1 if pixels.ndim == 2 else pixels.shape[2]
    bits = struct.pack(f"{order}{colours}H", *[8 * pixels.itemsize] * colours)
    if photometric is None:
        photometric = 1 if colours == 1 else 2
    sample_format = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    tags = [
        (256, pixels.shape[1]),
        (257, pixels.shape[0]),
        (258, bits),
        (259, 1),
        (262, photometric),
        (273, pixels.tobytes()),
        (274, orientation),
        (277, colours),
        (278, pixels.shape[0]),
        (279, pixels.nbytes),
        (339, sample_format),
    ]
    directory, data = b"", b""
    first = 8 + 2 + 12 * len(tags) + 4
    for tag, value in tags:
        count, kind = (colours, 3) if tag == 258 else (1, 4)
        if not isinstance(value, bytes) or (tag == 258 and len(value) <= 4):
            packed = value.ljust(4, b"\0") if tag == 258 else struct.pack(f"{order}I", value)
        else:
            packed = struct.pack(f"{order}I", first + len(data))
            data += value
        directory += struct.pack(f"{order}HHI", tag, kind, count) + packed
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}IH", 8, len(tags))
    path.write_bytes(head + directory + bytes(4) + data)
    return path
