"""Synthetic ground and its picture: fractal relief, craters, sunlight. Lengths are in pixels.

All arrays of heights have the shape (n, height, width): n pieces of ground at a time.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Heights = NDArray[np.float64]

# Fresh simple craters on the Moon (Pike 1977): depth and height of the rim over the diameter.
DEPTH = 0.196
RIM_HEIGHT = 0.036
EJECTA_EXPONENT = -3.0  # thickness against distance from the centre (McGetchin et al. 1973)
HURST = 0.9  # lunar relief is nearly self-similar at these scales (Rosenburg et al. 2011)
SKY_LIGHT = 0.04  # what reaches a shadow from lit ground around it


def make_relief(shape: tuple[int, int, int], roughness: float, rng: np.random.Generator) -> Heights:
    """Return fractal ground whose spectrum is a power law.

    Parameters
    ----------
    shape : (n, height, width)
    roughness : float
        Root mean square of the slope.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n, height, width)
    """
    _, height, width = shape
    frequency = _frequencies(height, width)
    frequency[0, 0] = np.inf  # no mean
    noise = np.fft.rfft2(rng.standard_normal(shape))
    ground = np.fft.irfft2(noise * frequency ** -(HURST + 1), s=(height, width))
    dy, dx = np.gradient(ground, axis=(1, 2))
    slope = np.sqrt((dx**2 + dy**2).mean(axis=(1, 2), keepdims=True))
    return ground * (roughness / slope)


def make_crater(shape: tuple[int, int, int], centers: ArrayLike, diameters: ArrayLike) -> Heights:
    """Return one crater on flat ground in each of n pieces.

    A bowl of the depth and the rim of a fresh crater, with ejecta that thin out as the third power
    of the distance.

    Parameters
    ----------
    shape : (n, height, width)
    centers : array-like of shape (n, 2)
        x and y; y points down.
    diameters : array-like of shape (n,)
        From rim to rim. 0 leaves the ground flat.

    Returns
    -------
    ndarray of shape (n, height, width)
    """
    x, y = np.asarray(centers, dtype=float).T[:, :, np.newaxis, np.newaxis]
    diameter = np.asarray(diameters, dtype=float)[:, np.newaxis, np.newaxis]
    _, height, width = shape
    rows, columns = np.mgrid[:height, :width] + 0.5  # centres of the pixels
    r = np.hypot(columns - x, rows - y) / np.maximum(diameter / 2, 1e-9)
    bowl = RIM_HEIGHT - DEPTH * (1 - np.minimum(r, 1) ** 2)
    ejecta = RIM_HEIGHT * np.maximum(r, 1) ** EJECTA_EXPONENT
    return diameter * np.where(r < 1, bowl, ejecta)


def diffuse(fields: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wear ground down, or blur a picture, by diffusion.

    Parameters
    ----------
    fields : ndarray of shape (n, height, width)
    lengths : ndarray of shape (n,)
        Diffusion length of each, the sigma of a Gaussian.

    Returns
    -------
    ndarray of shape (n, height, width)
    """
    shape = fields.shape[1:]
    waves = np.pi * _frequencies(*shape) * lengths[:, np.newaxis, np.newaxis]
    return np.fft.irfft2(np.fft.rfft2(fields) * np.exp(-2 * waves**2), s=shape)


def light(heights: Heights, azimuth: ArrayLike, elevation: ArrayLike) -> NDArray[np.float64]:
    """Return the brightness of the ground as seen from above, 1 on level ground.

    Lommel-Seeliger's law, as dark bodies without air scatter light, with cast shadows.

    Parameters
    ----------
    heights : ndarray of shape (n, height, width)
    azimuth, elevation : array-like of shape (n,)
        Of the sun, in degrees; azimuth clockwise from the upper edge.

    Returns
    -------
    ndarray of shape (n, height, width)
    """
    azimuth, elevation = np.deg2rad(azimuth), np.deg2rad(elevation)
    sin, cos, tan = (f(elevation)[:, np.newaxis, np.newaxis] for f in (np.sin, np.cos, np.tan))
    to_sun_x, to_sun_y = np.sin(azimuth), -np.cos(azimuth)
    dy, dx = np.gradient(heights, axis=(1, 2))
    seen = 1 / np.sqrt(1 + dx**2 + dy**2)  # cosine of the angle from the normal to the observer
    toward = dx * to_sun_x[:, np.newaxis, np.newaxis] + dy * to_sun_y[:, np.newaxis, np.newaxis]
    lit = np.clip((sin - cos * toward) * seen, 0, None)  # and to the sun
    brightness = lit / (lit + seen) * (1 + sin) / sin
    direct = np.where(_shadow(heights, to_sun_x, to_sun_y, tan), 0, brightness)
    return (direct + SKY_LIGHT) / (1 + SKY_LIGHT)


def expose(
    brightness: NDArray[np.float64],
    grey: ArrayLike,
    noise: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Take a picture: optics, detector noise and 8 bits.

    Parameters
    ----------
    brightness : ndarray of shape (n, height, width)
    grey : array-like of shape (n,)
        Value of level ground, from 0 to 255.
    noise : float
        Standard deviation, in grey values.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n, height, width), uint8
    """
    blurred = diffuse(brightness, np.full(len(brightness), 0.6))  # about that of a sharp camera
    values = blurred * np.asarray(grey)[:, np.newaxis, np.newaxis]
    return np.clip(np.rint(values + noise * rng.standard_normal(values.shape)), 0, 255).astype(
        np.uint8
    )


def _frequencies(height: int, width: int) -> NDArray[np.float64]:
    return np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))


def _shadow(
    heights: Heights, to_sun_x: NDArray, to_sun_y: NDArray, tan: NDArray
) -> NDArray[np.bool_]:
    """Mark what lies behind higher ground, looking along the rays of the sun pixel by pixel."""
    n, height, width = heights.shape
    pieces = np.arange(n)[:, np.newaxis, np.newaxis]
    rows, columns = np.arange(height)[:, np.newaxis], np.arange(width)
    shadow = np.zeros(heights.shape, dtype=bool)
    longest = np.ptp(heights, axis=(1, 2)) / tan[:, 0, 0]
    for step in range(1, int(min(longest.max(), np.hypot(height, width))) + 1):
        down = np.rint(step * to_sun_y).astype(int)[:, np.newaxis, np.newaxis]
        right = np.rint(step * to_sun_x).astype(int)[:, np.newaxis, np.newaxis]
        # beyond the edge, the ground goes on as at the edge
        y, x = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
        shadow |= heights[pieces, y, x] > heights + step * tan
    return shadow
