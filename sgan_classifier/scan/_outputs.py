"""The files of a scan: map, picture, tables."""

import csv
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._candidates import Candidates
from ._raster import Scene

MAP, PICTURE = "probability.tif", "probability.png"
TABLE, FEATURES = "candidates.csv", "candidates.geojson"
BLOCK = 256
PICTURE_SIDE = 2048  # pixels at most


def write_map(
    path: Path, scene: Scene, pixel: int, tiles: Iterable[tuple[int, int, NDArray[np.float32]]]
) -> None:
    """Write the probability map tile by tile, with the scene's georeference.

    Parameters
    ----------
    path : Path
    scene : Scene
    pixel : int
        Pixels of the scene, in each direction, in one of the map.
    tiles : iterable of (x, y, values)
        Upper left pixel in the scene, a multiple of `pixel`, and the map there.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.transform import Affine
    from rasterio.windows import Window

    a, b, c, d, e, f = scene.transform[:6]
    profile = {
        "driver": "GTiff",
        "width": -(-scene.width // pixel),
        "height": -(-scene.height // pixel),
        "count": 1,
        "dtype": "float32",
        "nodata": np.nan,
        "crs": scene.crs,
        "transform": Affine(a * pixel, b * pixel, c, d * pixel, e * pixel, f),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "BIGTIFF": "IF_SAFER",
    }
    if scene.crs is None and scene.transform.is_identity:
        del profile["crs"], profile["transform"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile) as dataset:
            for x, y, values in tiles:
                height, width = values.shape
                dataset.write(values, 1, window=Window(x // pixel, y // pixel, width, height))


def write_picture(path: Path, map_path: Path) -> None:
    """Write the map as a grey PNG, black 0 and white 1, shrunk to 2048 pixels where larger."""
    import rasterio
    from PIL import Image
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(map_path) as dataset:
            shrink = max(1.0, max(dataset.shape) / PICTURE_SIDE)
            shape = tuple(max(1, round(side / shrink)) for side in dataset.shape)
            values = dataset.read(1, out_shape=shape)
    Image.fromarray(np.rint(255 * np.nan_to_num(values)).astype(np.uint8)).save(path)


def write_table(path: Path, candidates: Candidates, scene: Scene) -> None:
    """Write a row for each candidate: pixels, map coordinates and the rest."""
    columns = _with_map_coordinates(candidates, scene)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow(["" if np.isnan(value) else f"{value:.10g}" for value in row])


def write_features(path: Path, candidates: Candidates, scene: Scene) -> None:
    """Write a point for each candidate, in the map coordinates of the scene.

    RFC 7946 knows longitude and latitude on Earth alone. So the scene's own reference system is
    named by the member `crs` of GeoJSON 2008, which GDAL and QGIS read.
    """
    columns = _with_map_coordinates(candidates, scene)
    map_x, map_y = columns.pop("map_x"), columns.pop("map_y")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(x), float(y)]},
            "properties": {
                name: None if np.isnan(values[i]) else float(f"{values[i]:.10g}")
                for name, values in columns.items()
            },
        }
        for i, (x, y) in enumerate(zip(map_x, map_y, strict=True))
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if scene.crs is not None:
        collection["crs"] = {"type": "name", "properties": {"name": _crs_name(scene.crs)}}
    collection["features"] = features
    path.write_text(json.dumps(collection, allow_nan=False) + "\n", encoding="utf-8")


def _with_map_coordinates(candidates: Candidates, scene: Scene) -> dict[str, NDArray[np.float64]]:
    a, b, c, d, e, f = scene.transform[:6]
    map_x, map_y = (p * candidates.x + q * candidates.y + r for p, q, r in ((a, b, c), (d, e, f)))
    # the side of a square of the same area, where pixels are not square
    unit = abs(scene.transform.determinant) ** 0.5
    columns = candidates.columns()
    return {
        "x": columns.pop("x"),
        "y": columns.pop("y"),
        "map_x": map_x,
        "map_y": map_y,
        "diameter": columns.pop("diameter"),
        "map_diameter": candidates.diameter * unit,
        **columns,
    }


def _crs_name(crs: Any) -> str:
    authority = crs.to_authority()
    return f"urn:ogc:def:crs:{authority[0]}::{authority[1]}" if authority else crs.to_wkt()
