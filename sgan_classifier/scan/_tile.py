"""One tile of a scene: what can be scanned without knowing the others."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._candidates import Candidates, merge_windows
from ._classifier import WindowClassifier
from ._raster import Scene, open_scene
from ._sizes import Grid
from ._windows import Part, cut_windows, probabilities_of_size, room_around

# Candidates of a lower score are not kept: a tenth of what thresholds have been.
MIN_SCORE = 0.02

TileContent = tuple[Candidates, NDArray[np.float32], int]  # with the map and the number of windows


@dataclass(frozen=True)
class Tile:
    """A rectangle of pixels; candidates and windows belong to it by their centres."""

    x: int
    y: int
    width: int
    height: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.y:08d}_{self.x:08d}.npz"


@dataclass(frozen=True)
class Settings:
    """What decides the outcome of a scan, beside the estimator and the scene."""

    grid: Grid
    min_probability: float
    max_overlap: float
    max_missing: float
    map_pixel: int


def plan_tiles(height: int, width: int, size: int) -> list[Tile]:
    """Cut a scene into tiles of `size` pixels; those at its right and bottom may be smaller."""
    return [
        Tile(x, y, min(size, width - x), min(size, height - y))
        for y in range(0, height, size)
        for x in range(0, width, size)
    ]


def scan_tile(
    classifier: WindowClassifier, path: Path, tile: Tile, settings: Settings, folder: Path
) -> int:
    """Scan a tile and write its file, whole or not at all; return the number of windows."""
    with open_scene(path, classifier.input_shape[0], classifier.fit_dtype) as scene:
        found, probability_map, n_windows = _scan(classifier, scene, tile, settings)
    unfinished = folder / f"{tile.name}.{os.getpid()}.unfinished"
    try:
        with open(unfinished, "wb") as file:
            arrays: dict[str, Any] = {**found.columns(), "map": probability_map}
            np.savez_compressed(file, n_windows=n_windows, **arrays)
        os.replace(unfinished, folder / tile.name)
    finally:
        unfinished.unlink(missing_ok=True)
    return n_windows


def read_or_scan_tile(
    classifier: WindowClassifier, path: Path, tile: Tile, settings: Settings, folder: Path
) -> TileContent:
    """Return what `scan_tile` has written; a tile whose file is damaged is scanned again."""
    try:
        return _read_tile(folder / tile.name)
    except Exception:  # NumPy and zipfile raise all kinds on a damaged file
        scan_tile(classifier, path, tile, settings, folder)
        return _read_tile(folder / tile.name)


def _read_tile(path: Path) -> TileContent:
    # opened here, as NumPy leaves a damaged file open
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        found = Candidates(**{field.name: arrays[field.name] for field in fields(Candidates)})
        return found, arrays["map"], int(arrays["n_windows"])


def _scan(
    classifier: WindowClassifier, scene: Scene, tile: Tile, settings: Settings
) -> TileContent:
    grid = settings.grid
    diameters = grid.diameters
    # windows up to a diameter outside can show a crater inside
    room = max(room_around(grid, d) + int(d) + 1 for d in diameters)
    image, missing = scene.read(
        tile.x - room, tile.y - room, tile.width + 2 * room, tile.height + 2 * room
    )
    part = Part(image, missing, tile.x - room, tile.y - room)
    probability_map = _empty_map(tile, settings.map_pixel)
    windows, n_windows = [], 0
    for d in diameters:
        columns = grid.numbers(d, tile.x - d, tile.x + tile.width + d, scene.width)
        rows = grid.numbers(d, tile.y - d, tile.y + tile.height + d, scene.height)
        p = probabilities_of_size(part, grid, d, columns, rows, classifier, settings.max_missing)
        n_windows += int(np.isfinite(p).sum())
        _add_to_map(probability_map, p, grid.step(d), columns[0], rows[0], tile, settings.map_pixel)
        row, column = np.nonzero(p >= settings.min_probability)
        x, y = (
            (k + first + 0.5) * grid.step(d) for k, first in ((column, columns[0]), (row, rows[0]))
        )
        windows.append(np.stack([x, y, np.full(len(x), d), p[row, column]]))
    x, y, diameter, score = merge_windows(np.concatenate(windows, axis=1), grid)
    inside = (x >= tile.x) & (x < tile.x + tile.width)
    inside &= (y >= tile.y) & (y < tile.y + tile.height) & (score >= MIN_SCORE)
    x, y, diameter, score = (values[inside] for values in (x, y, diameter, score))
    unknown = np.full(len(x), np.nan)
    found = Candidates(x, y, diameter, score, unknown, unknown).suppressed(settings.max_overlap)
    if len(found):
        # only here is realness asked for: a second pass over few windows instead of all
        cut = cut_windows(part, grid, found.x, found.y, found.diameter)
        answers = classifier.probability(cut), classifier.realness(cut)
        found = Candidates(found.x, found.y, found.diameter, found.score, *answers)
    return found, probability_map, n_windows


def _empty_map(tile: Tile, pixel: int) -> NDArray[np.float32]:
    return np.full((-(-tile.height // pixel), -(-tile.width // pixel)), np.nan, dtype=np.float32)


def _add_to_map(
    probability_map: NDArray[np.float32],
    p: NDArray[np.float64],
    step: float,
    first_column: int,
    first_row: int,
    tile: Tile,
    pixel: int,
) -> None:
    """Raise each pixel of the map to the probability of the nearest window of a size."""
    if p.size == 0:
        return
    row, column = (
        np.clip(((start + (np.arange(n) + 0.5) * pixel) / step).astype(int) - first, 0, length - 1)
        for start, n, first, length in (
            (tile.y, probability_map.shape[0], first_row, p.shape[0]),
            (tile.x, probability_map.shape[1], first_column, p.shape[1]),
        )
    )
    np.fmax(probability_map, p[np.ix_(row, column)], out=probability_map)
