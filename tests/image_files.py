"""Image files for the tests of `load_image_folder`."""

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
