"""Bright disks on noise, as patches and as scenes: craters that a tiny network learns at once."""

from functools import cache

import numpy as np
import rasterio
from rasterio.transform import Affine
from tiny import cnn, sgan

SIDE = 16
WINDOW = 1.6
#: metres: pixels of half a metre, north up, in a zone of the Earth
TRANSFORM = Affine(0.5, 0.0, 400_000.0, 0.0, -0.5, 5_000_000.0)
CRS = "EPSG:32633"


def draw(shape, disks, rng):
    """A picture of noise, uint8, with disks (x, y, diameter)."""
    image = rng.integers(40, 80, shape).astype(np.float64)
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    for x, y, diameter in disks:
        image[np.hypot(columns - x, rows - y) < diameter / 2] += 120
    return image.astype(np.uint8)


def patches(n, seed=0):
    """Half of them a disk in the middle, the others noise, or a disk elsewhere or of other size."""
    rng = np.random.default_rng(seed)
    size, middle = SIDE / WINDOW, SIDE / 2
    others = [
        lambda: [],
        lambda: [(middle + rng.choice([-5, 5]), middle + rng.choice([-5, 5]), size)],
        lambda: [(middle, middle, size * rng.choice([0.4, 2.2]))],
        lambda: [(*(middle + rng.choice([-6, 6], 2)), size * 2.2)],  # its rim
    ]
    X, y = [], np.arange(n) % 2
    for is_disk in y:
        centre = middle + rng.uniform(-1.2, 1.2, 2)
        disks = [(*centre, size)] if is_disk else others[rng.integers(4)]()
        X.append(draw((SIDE, SIDE), disks, rng))
    return np.stack(X), y


@cache
def model(kind="cnn"):
    """A classifier of the patches, fitted once."""
    X, y = patches(300)
    settings = {"max_iter": 120, "batch_size": 32, "width": 8, "augment": None}
    if kind == "sgan":
        y = np.where(np.arange(len(y)) < 200, y, -1)
        return sgan(**settings).fit(X, y)
    return cnn(**settings).fit(X, y)


DISKS = np.array(
    [(40, 40, 14), (130, 45, 20), (60, 120, 28), (140, 130, 14), (100, 84, 16), (20, 150, 20)],
    float,
)


def scene(shape=(180, 170), disks=DISKS, seed=1):
    return draw(shape, disks, np.random.default_rng(seed))


def boxes(disks=DISKS):
    """x, y, width and height of each disk."""
    x, y, diameter = np.asarray(disks).T
    return np.column_stack([x - diameter / 2, y - diameter / 2, diameter, diameter])


def write_geotiff(path, image, transform=TRANSFORM, crs=CRS, **profile):
    """Write an image (height, width) or (bands, height, width)."""
    bands = image[None] if image.ndim == 2 else image
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        transform=transform,
        crs=crs,
        **profile,
    ) as dataset:
        dataset.write(bands)
    return path


def same(first, second, **tolerance):
    """Assert that two lists of candidates are the same, column by column."""
    for name, values in first.columns().items():
        np.testing.assert_allclose(values, second.columns()[name], err_msg=name, **tolerance)
