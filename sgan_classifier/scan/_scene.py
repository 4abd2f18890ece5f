"""A whole scene: tiles in parallel, then one list and one map."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from tqdm import tqdm

from .._numbers import check_number
from .._scale_checks import largest_in_fit
from ..datasets._white import warn_of_low_white
from ..exceptions import InvalidInputError
from ._candidates import Candidates
from ._classifier import WindowClassifier
from ._outputs import (
    FEATURES,
    MAP,
    PICTURE,
    TABLE,
    write_features,
    write_map,
    write_picture,
    write_table,
)
from ._raster import Scene, open_scene
from ._same_scan import check_same_scan
from ._sizes import check_grid
from ._tile import Settings, Tile, plan_tiles, read_or_scan_tile, scan_tile

TILES = "tiles"
LOOK, N_LOOKS = 64, 5  # side of the squares in which a scene's white is looked for; in each line


@dataclass(frozen=True)
class Scan:
    """What `scan_scene` returns.

    Attributes
    ----------
    candidates : Candidates
        Of the threshold or more, the best first.
    all_candidates : Candidates
        Of a score of 0.02 or more, to choose a threshold by.
    files : dict of str to Path
        "map", "picture", "table" and "features".
    n_windows : int
        That the estimator was asked about.
    """

    candidates: Candidates
    all_candidates: Candidates
    files: dict[str, Path]
    n_windows: int


def scan_scene(
    estimator: Any,
    scene: str | Path,
    folder: str | Path,
    *,
    positive: Any = None,
    threshold: float = 0.2,
    diameters: tuple[float, float] = (12.0, 200.0),
    size_step: float = 2**0.25,
    stride: float = 0.125,
    window_factor: float = 1.6,
    min_probability: float = 0.9,
    max_overlap: float = 0.15,
    max_missing: float = 0.4,
    tile_size: int = 1024,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Scan:
    """Look for craters, or another class, in a whole scene.

    Windows of several sizes slide over the scene; each is resized to the images that the estimator
    was fitted on. Windows that look like craters and overlap are merged to one candidate, whose
    score says how many of the windows about it agree.

    The scene is read tile by tile, so that it may be larger than memory. A finished tile is kept in
    ``folder/tiles``: a scan that was stopped goes on from there when it is called again with the
    same arguments, and one that was finished answers another `threshold` at once. Delete
    ``folder/tiles`` to get the room back.

    Parameters
    ----------
    estimator : SGANClassifier or CNNClassifier
        Fitted on square images, cut as the windows are: the crater in the middle of a window
        `window_factor` times as large.
    scene : path
        A PNG, a GeoTIFF, or whatever else GDAL reads, in the units of the images in `fit`. If those
        were of 8 or 16 bits, a scene of 8 or 16 bits is converted to theirs, white to white, which
        takes it that values of 16 bits fill their range.
    folder : path
        For the outcome; made where there is none.
    positive : label, optional
        The class looked for: by default "crater" or, of the classes 0 and 1, 1.
    threshold : float, default=0.2
        Least score of a candidate; none below 0.02 is ever kept. Best chosen on a scene with
        annotated craters, by `choose_threshold`; scores fall with sparse craters, few labels and
        strange terrain.
    diameters : (float, float), default=(12.0, 200.0)
        Of the least and the greatest crater looked for, in pixels of the scene.
    size_step : float, default=2 ** 0.25
        Ratio of one size of window to the next smaller.
    stride : float, default=0.125
        From one window to the next, as a part of its side. Half as much takes four times as long.
    window_factor : float, default=1.6
        Side of a window by diameter of the crater in it, as in the images of `fit`.
    min_probability : float, default=0.9
        Of the windows that are merged to candidates.
    max_overlap : float, default=0.15
        Of two candidates that overlap by this intersection over union, or more, the one of the
        higher score stays.
    max_missing : float, default=0.4
        Windows of which a greater part has no data are left out; in the others, pixels without
        data get the mean of the window.
    tile_size : int, default=1024
        Side of a tile in pixels.
    n_jobs : int, optional
        Tiles at a time, by joblib: `joblib.parallel_config` spreads them over a cluster.
    verbose : int, default=0
        1 shows a progress bar with the time left.

    Returns
    -------
    Scan

    Raises
    ------
    InvalidInputError
        If the estimator, the scene or a parameter cannot be used, or `folder` holds tiles of
        another scan.
    FileNotFoundError
        If there is no such scene.

    Notes
    -----
    The files in `folder`:

    - ``probability.tif``: for each place, the highest probability of a window centred there,
      float32, NaN where there is no data, with the georeference of the scene;
    - ``probability.png``: the same as a picture;
    - ``candidates.csv`` and ``candidates.geojson``: centre in pixels (x, y, from the upper left
      corner of the first pixel) and in map coordinates, diameter in pixels and in units of the map,
      score, probability and realness of each candidate.

    At its edges, the scene is continued by its mirror image.

    Merging detections by how many windows support them follows [1]_, section 5.6.

    References
    ----------
    .. [1] Viola and Jones, "Robust Real-Time Face Detection", International Journal of Computer
           Vision 57(2), 2004.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from sgan_classifier import CNNClassifier
    >>> from sgan_classifier.scan import scan_scene
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 100, (40, 16, 16)).astype(np.uint8)
    >>> X[:20, 4:12, 4:12] += 100  # half of them with a bright square of half their side
    >>> model = CNNClassifier(max_iter=30, width=8, random_state=0).fit(X, np.arange(40) < 20)
    >>> image = rng.integers(0, 100, (64, 64)).astype(np.uint8)
    >>> image[20:32, 40:52] += 100
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.fromarray(image).save(Path(folder, "scene.png"))
    ...     found = scan_scene(
    ...         model, Path(folder, "scene.png"), folder, positive=True, diameters=(12, 12),
    ...         window_factor=2.0,
    ...     )
    ...     print(sorted(path.name for path in found.files.values()))
    ['candidates.csv', 'candidates.geojson', 'probability.png', 'probability.tif']
    """
    if not isinstance(scene, str | os.PathLike):
        raise InvalidInputError(
            f"scene is of type {type(scene).__name__}; expected the path of a file. Write an array "
            "to one, as by PIL.Image.fromarray(array).save('scene.tif')."
        )
    scene, folder = Path(scene), Path(folder)
    classifier = WindowClassifier(estimator, positive)
    grid = check_grid(classifier.input_shape, diameters, size_step, stride, window_factor)
    check_number("threshold", threshold)
    if not 0.0 < threshold < np.inf:
        raise InvalidInputError(f"threshold={threshold!r} is no finite number above 0.")
    _check_fractions(
        min_probability=min_probability,
        max_overlap=max_overlap,
        max_missing=max_missing,
    )
    # a pixel of the map is no wider than the distance of two windows
    pixel = max(1, int(grid.step(grid.min_diameter)))
    if not isinstance(tile_size, Integral) or tile_size < pixel:
        raise InvalidInputError(
            f"tile_size={tile_size!r} is no whole number of at least {pixel} pixels."
        )
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{folder} is a file. Pass a folder for the outcome.")
    settings = Settings(grid, min_probability, max_overlap, max_missing, pixel)
    with open_scene(scene, classifier.input_shape[0], classifier.fit_dtype) as opened:
        _warn_of_low_white(classifier, scene, opened)
        _warn_of_other_scale(classifier, opened)
        tiles = plan_tiles(opened.height, opened.width, int(tile_size) // pixel * pixel)
        check_same_scan(folder / TILES, classifier, scene, opened.factor, settings, int(tile_size))
        _scan_tiles(classifier, scene, tiles, settings, folder / TILES, n_jobs, verbose)
        files = {
            "map": folder / MAP,
            "picture": folder / PICTURE,
            "table": folder / TABLE,
            "features": folder / FEATURES,
        }
        parts: list[Candidates] = []
        n_windows = 0

        def maps() -> Iterator[tuple[int, int, NDArray[np.float32]]]:
            nonlocal n_windows
            for tile in tiles:
                candidates, values, n_asked = read_or_scan_tile(
                    classifier, scene, tile, settings, folder / TILES
                )
                parts.append(candidates)
                n_windows += n_asked
                yield tile.x, tile.y, values

        write_map(files["map"], opened, pixel, maps())
        write_picture(files["picture"], files["map"])
        # once more, for those on either side of a seam
        everything = Candidates.concatenate(parts).suppressed(max_overlap)
        found = everything.above(threshold)
        write_table(files["table"], found, opened)
        write_features(files["features"], found, opened)
    return Scan(found, everything, files, n_windows)


def _warn_of_low_white(classifier: WindowClassifier, path: Path, scene: Scene) -> None:
    """Warn where 8 and 16 bits are converted, but what is of 16 is of 14 at most; see there."""
    if scene.factor == 1.0 or classifier.fit_dtype is None:
        return
    fitted = classifier.fit_dtype.name
    greatest = {fitted: largest_in_fit(classifier.estimator.net_.scaler) or 0.0, scene.dtype: 0.0}
    if scene.dtype == "uint16":
        greatest["uint16"] = max(float(look.max()) for look in _looks(scene)) / scene.factor
    warn_of_low_white(path, greatest, fitted, stacklevel=4)


def _warn_of_other_scale(classifier: WindowClassifier, scene: Scene) -> None:
    """Warn once of a scene in other units than those of the images in `fit`."""
    side = classifier.input_shape[-1]
    windows = [
        sliding_window_view(look, (side, side), axis=(1, 2))[:, ::side, ::side]
        for look in _looks(scene, max(LOOK, side))
    ]
    by_window = np.concatenate([look.reshape(len(look), -1, side, side) for look in windows], 1)
    classifier.warn_of_other_scale(np.moveaxis(by_window, 0, 1), stacklevel=5)


def _looks(scene: Scene, side: int = LOOK) -> Iterator[NDArray]:
    """Yield squares (n_channels, side, side) spread over a scene."""
    corners = (
        np.linspace(0, max(0, length - side), N_LOOKS).astype(int)
        for length in (scene.height, scene.width)
    )
    for y, x in product(*corners):
        yield scene.read(x, y, side, side)[0]


def _scan_tiles(
    classifier: WindowClassifier,
    scene: Path,
    tiles: list[Tile],
    settings: Settings,
    folder: Path,
    n_jobs: int | None,
    verbose: int,
) -> None:
    missing = [tile for tile in tiles if not (folder / tile.name).exists()]
    jobs = (delayed(scan_tile)(classifier, scene, tile, settings, folder) for tile in missing)
    run = Parallel(n_jobs, return_as="generator_unordered")
    with tqdm(
        total=len(tiles), initial=len(tiles) - len(missing), unit="tile", disable=not verbose
    ) as bar:
        for _ in run(jobs):
            bar.update()


def _check_fractions(**fractions: float) -> None:
    for name, value in fractions.items():
        check_number(name, value)
        if not 0.0 < value <= 1.0:
            raise InvalidInputError(f"{name}={value!r} is not above 0 and at most 1.")
