"""Whole scenes of disks on noise."""

import csv
import json
import os

import numpy as np
import pytest
import rasterio
from disk_scenes import (
    CRS,
    DISKS,
    SIDE,
    TRANSFORM,
    WINDOW,
    boxes,
    draw,
    model,
    patches,
    same,
    scene,
    write_geotiff,
)
from PIL import Image
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tiny import cnn, noise_images

from sgan_benchmarks.speed.memory import PeakMemory
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.scan import (
    Candidates,
    choose_threshold,
    match_candidates,
    scan_scene,
    score_matches,
)
from sgan_classifier.scan._classifier import WindowClassifier
from sgan_classifier.scan._tile import Tile, _add_to_map, _empty_map

SIZES = {"diameters": (12, 32)}


@pytest.fixture(scope="module")
def geotiff(tmp_path_factory):
    return write_geotiff(tmp_path_factory.mktemp("scenes") / "scene.tif", scene())


@pytest.fixture(scope="module")
def scan(geotiff, tmp_path_factory):
    """One scan that many tests look at."""
    return scan_scene(model("sgan"), geotiff, tmp_path_factory.mktemp("scan"), **SIZES)


def test_all_disks_are_found_where_they_are(scan):
    matches = match_candidates(scan.all_candidates, boxes(), min_iou=0.5)
    scores = score_matches(matches, choose_threshold(matches))
    assert scores.recall == 1.0
    assert scores.precision == 1.0


def test_candidates_are_the_best_first_and_of_the_threshold(scan):
    assert (np.diff(scan.candidates.score) <= 0).all()
    assert (scan.candidates.score >= 0.2).all()
    assert 0 < len(scan.candidates) <= len(scan.all_candidates)


def test_candidates_have_the_probability_and_realness_of_their_window(scan):
    found = scan.candidates
    half = 0.5 * WINDOW * found.diameter
    inside = np.flatnonzero((found.x > half) & (found.y > half) & (found.x + half < 170))
    picture = Image.fromarray(scene())
    for i in inside[:3]:
        window = (
            found.x[i] - half[i],
            found.y[i] - half[i],
            found.x[i] + half[i],
            found.y[i] + half[i],
        )
        patch = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=window))[None]
        assert found.probability[i] == pytest.approx(
            model("sgan").predict_proba(patch)[0, 1], abs=0.02
        )
        assert found.realness[i] == pytest.approx(model("sgan").realness(patch)[0], abs=0.02)


def test_map_has_the_georeference_of_the_scene(scan):
    with rasterio.open(scan.files["map"]) as dataset:
        values = dataset.read(1)
        assert dataset.crs == rasterio.CRS.from_string(CRS)
        pixel = dataset.transform.a / TRANSFORM.a
        assert (dataset.transform.c, dataset.transform.f) == (TRANSFORM.c, TRANSFORM.f)
        assert dataset.transform.e == pixel * TRANSFORM.e
    assert pixel == 2.0, "the distance of the smallest windows, 2.4 pixels, rounded down"
    assert values.shape == (90, 85)
    assert np.isfinite(values).all()
    for x, y, _ in DISKS:
        assert values[int(y / pixel), int(x / pixel)] > 0.5
    assert values.mean() < 0.3


@pytest.mark.parametrize(
    ("pixel", "steps"), [(2, [2.71]), (2, [2.37, 3.71]), (1, [5.31, 9.13]), (5, [2.31])], ids=str
)
def test_pixels_of_the_map_show_the_windows_nearest_to_their_middle(pixel, steps):
    tile, rng = Tile(64, 32, 47, 30), np.random.default_rng(0)
    probability_map = _empty_map(tile, pixel)
    x, y = (
        start + (np.arange(n) + 0.5) * pixel
        for start, n in zip((tile.x, tile.y), probability_map.shape[::-1], strict=True)
    )
    expected = np.zeros((len(y), len(x)))
    for step in steps:
        windows = (np.arange(120) + 0.5) * step
        columns, rows = (
            np.flatnonzero((windows > start - 9) & (windows < start + length + 9))
            for start, length in ((tile.x, tile.width), (tile.y, tile.height))
        )
        p = rng.random((len(rows), len(columns)))
        _add_to_map(probability_map, p, step, columns[0], rows[0], tile, pixel)
        nearest_row, nearest_column = (
            np.abs(windows[numbers] - places[:, None]).argmin(axis=1)
            for numbers, places in ((rows, y), (columns, x))
        )
        expected = np.maximum(expected, p[np.ix_(nearest_row, nearest_column)])
    np.testing.assert_allclose(probability_map, expected, rtol=1e-6)


def test_picture_shows_the_map(scan):
    with rasterio.open(scan.files["map"]) as dataset:
        values = dataset.read(1)
    np.testing.assert_allclose(
        np.asarray(Image.open(scan.files["picture"])), 255 * values, atol=0.51
    )


def test_table_gives_pixels_and_map_coordinates(scan):
    with open(scan.files["table"], newline="") as file:
        rows = list(csv.DictReader(file))
    columns = "x y map_x map_y diameter map_diameter score probability realness"
    assert list(rows[0]) == columns.split()
    assert len(rows) == len(scan.candidates)
    for i, row in enumerate(rows):
        x, y = scan.candidates.x[i], scan.candidates.y[i]
        assert float(row["x"]) == pytest.approx(x)
        assert float(row["map_x"]) == pytest.approx(400_000 + 0.5 * x)
        assert float(row["map_y"]) == pytest.approx(5_000_000 - 0.5 * y)
        assert float(row["map_diameter"]) == pytest.approx(0.5 * scan.candidates.diameter[i])


def test_geojson_gives_points_in_the_reference_system_of_the_scene(scan):
    collection = json.loads(scan.files["features"].read_text())
    assert collection["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::32633"
    assert len(collection["features"]) == len(scan.candidates)
    feature = collection["features"][0]
    x, y = scan.candidates.x[0], scan.candidates.y[0]
    assert feature["geometry"]["type"] == "Point"
    assert feature["geometry"]["coordinates"] == pytest.approx([400_000 + 0.5 * x, 5e6 - 0.5 * y])
    assert feature["properties"]["diameter"] == pytest.approx(scan.candidates.diameter[0], abs=1e-5)


def test_a_system_without_authority_is_named_by_its_text(tmp_path):
    moon = rasterio.CRS.from_proj4("+proj=eqc +lat_ts=-45.4 +R=1737400 +units=m")
    path = write_geotiff(tmp_path / "moon.tif", scene(), crs=moon)
    found = scan_scene(model(), path, tmp_path / "out", diameters=(14, 28), stride=0.25)
    collection = json.loads(found.files["features"].read_text())
    assert collection["crs"]["properties"]["name"] == moon.to_wkt()
    with rasterio.open(found.files["map"]) as dataset, rasterio.open(path) as source:
        assert dataset.crs == source.crs


def test_png_gives_what_a_geotiff_gives_in_pixels(scan, tmp_path):
    Image.fromarray(scene()).save(tmp_path / "scene.png")
    found = scan_scene(model("sgan"), tmp_path / "scene.png", tmp_path / "out", **SIZES)
    same(found.all_candidates, scan.all_candidates, rtol=1e-12)
    collection = json.loads(found.files["features"].read_text())
    assert "crs" not in collection
    np.testing.assert_allclose(
        [feature["geometry"]["coordinates"] for feature in collection["features"]],
        np.column_stack([found.candidates.x, found.candidates.y]),
    )


def test_tiles_make_hardly_a_difference(scan, geotiff, tmp_path):
    tiled = scan_scene(model("sgan"), geotiff, tmp_path, tile_size=64, **SIZES)
    with rasterio.open(tiled.files["map"]) as dataset, rasterio.open(scan.files["map"]) as whole:
        np.testing.assert_allclose(dataset.read(1), whole.read(1), atol=0.02)
    assert len(tiled.candidates) == len(scan.candidates)
    order, expected = np.argsort(tiled.candidates.x), np.argsort(scan.candidates.x)
    same(tiled.candidates.take(order), scan.candidates.take(expected), atol=0.05)


def test_processes_make_no_difference(scan, geotiff, tmp_path):
    one = scan_scene(model("sgan"), geotiff, tmp_path / "1", tile_size=96, **SIZES)
    two = scan_scene(model("sgan"), geotiff, tmp_path / "2", tile_size=96, n_jobs=2, **SIZES)
    same(one.all_candidates, two.all_candidates, rtol=1e-6)


def test_labels_that_are_words(geotiff, tmp_path):
    X, y = patches(40)
    words = cnn().fit(X, np.where(y, "crater", "plain"))
    quick = {"diameters": (14, 14), "stride": 0.5}
    scan_scene(words, geotiff, tmp_path / "1", **quick)
    scan_scene(words, geotiff, tmp_path / "2", positive="plain", **quick)
    maps = []
    for folder in ("1", "2"):
        with rasterio.open(tmp_path / folder / "probability.tif") as dataset:
            maps.append(dataset.read(1))
    np.testing.assert_allclose(maps[0] + maps[1], 1.0, atol=1e-5)
    numbered = cnn().fit(X, np.where(y, "1", "0"))  # as the command makes of folders 0 and 1
    assert WindowClassifier(numbered).positive == "1"
    other = cnn().fit(X, np.where(y, "hill", "plain"))
    with pytest.raises(InvalidInputError, match=r"Which of the classes \['hill', 'plain'\]"):
        scan_scene(other, geotiff, tmp_path / "3")
    with pytest.raises(InvalidInputError, match="positive='lake' is none of the classes"):
        scan_scene(other, geotiff, tmp_path / "3", positive="lake")


def test_an_estimator_without_generator_has_no_realness(geotiff, tmp_path):
    found = scan_scene(model(), geotiff, tmp_path, **SIZES)
    assert np.isnan(found.candidates.realness).all()
    assert np.isfinite(found.candidates.probability).all()
    with open(found.files["table"], newline="") as file:
        assert {row["realness"] for row in csv.DictReader(file)} == {""}
    features = json.loads(found.files["features"].read_text())["features"]
    assert features[0]["properties"]["realness"] is None


def test_progress_is_shown_only_if_asked_for(geotiff, tmp_path, capsys):
    quick = {"diameters": (14, 14), "stride": 0.5, "tile_size": 110}
    scan_scene(model(), geotiff, tmp_path / "1", **quick)
    assert capsys.readouterr() == ("", "")
    scan_scene(model(), geotiff, tmp_path / "2", verbose=1, **quick)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"diameters": (20, 12)}, "no range"),
        ({"diameters": (0, 12)}, "no range"),
        ({"size_step": 1.0}, "size_step=1.0 is outside"),
        ({"stride": 0.0}, "stride=0.0 is outside"),
        ({"window_factor": 0.5}, "window_factor=0.5 is outside"),
        ({"window_factor": "2"}, "window_factor='2' is no number"),
        ({"diameters": ("a", "b")}, "no range"),
        ({"diameters": 20}, "no range"),
        ({"threshold": "0.3"}, "threshold='0.3' is no number"),
        ({"min_probability": "0.9"}, "min_probability='0.9' is no number"),
        ({"threshold": 0.0}, "threshold=0.0 is no finite number above 0"),
        ({"max_overlap": 1.5}, "max_overlap=1.5 is not above 0"),
        ({"tile_size": 0}, "tile_size=0 is no whole number"),
    ],
)
def test_parameters_that_make_no_sense_are_named(geotiff, tmp_path, settings, message):
    with pytest.raises(InvalidInputError, match=message):
        scan_scene(model(), geotiff, tmp_path, **settings)


def test_a_file_in_place_of_the_folder_is_named(geotiff, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InvalidInputError, match="out is a file"):
        scan_scene(model(), geotiff, tmp_path / "out", **SIZES)


def test_what_cannot_be_scanned_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no scene .*moon\.tif"):
        scan_scene(model(), tmp_path / "moon.tif", tmp_path)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InvalidInputError, match="no raster that GDAL reads"):
        scan_scene(model(), tmp_path / "text.png", tmp_path)


def test_estimators_that_cannot_scan_are_named(geotiff, tmp_path):
    X, y = noise_images(n=20, height=12, width=16), np.arange(20) % 2
    with pytest.raises(InvalidInputError, match="fitted on square images"):
        scan_scene(cnn().fit(X, y), geotiff, tmp_path)
    with pytest.raises(InvalidInputError, match="fitted on square images"):
        scan_scene(cnn().fit(X.reshape(20, -1), y), geotiff, tmp_path)
    with pytest.raises(InvalidInputError, match="not Pipeline"):
        scan_scene(make_pipeline(FunctionTransformer(), cnn()), geotiff, tmp_path)
    with pytest.raises(NotFittedError):
        scan_scene(cnn(), geotiff, tmp_path)


def test_candidates_of_parts_join_and_keep_the_best_at_the_seam():
    ones = np.ones(1)
    left = Candidates(99 * ones, 50 * ones, 20 * ones, 0.7 * ones, ones, ones)
    right = Candidates(101 * ones, 50 * ones, 20 * ones, 0.8 * ones, ones, ones)
    joined = Candidates.concatenate([left, right]).suppressed(0.15)
    assert joined.x.tolist() == [101.0]


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_scene(tmp_path):
    side, block = 5120, 512
    profile = {"width": side, "height": side, "count": 1, "dtype": "uint16", "driver": "GTiff"}
    profile |= {"tiled": True, "blockxsize": block, "blockysize": block, "compress": "deflate"}
    profile |= {"transform": TRANSFORM, "crs": CRS}
    rng = np.random.default_rng(0)
    part = draw((block, block), [(100, 100, 60), (300, 350, 60)], rng).astype(np.uint16) * 257
    with rasterio.open(tmp_path / "large.tif", "w", **profile) as dataset:
        for y in range(0, side, block):
            for x in range(0, side, block):
                dataset.write(part, 1, window=rasterio.windows.Window(x, y, block, block))
    estimator = model()
    quick = {"diameters": (60, 60), "tile_size": block, "stride": 0.25}
    write_geotiff(tmp_path / "small.tif", np.tile(part, (2, 2)))
    scan_scene(
        estimator, tmp_path / "small.tif", tmp_path / "small", **quick
    )  # what stays for good
    with PeakMemory().watched() as memory:
        found = scan_scene(estimator, tmp_path / "large.tif", tmp_path / "large", **quick)
    assert len(found.all_candidates) >= 180
    # the scene has 50 MiB, 100 as floats
    assert memory.added < 45 * 2**20, f"{memory.added / 2**20:.0f} MiB"


def test_any_score_may_be_the_threshold(geotiff, tmp_path):
    assert len(scan_scene(model(), geotiff, tmp_path, threshold=1.5, **SIZES).candidates) == 0
    with pytest.raises(InvalidInputError, match="threshold=-1"):
        scan_scene(model(), geotiff, tmp_path, threshold=-1, **SIZES)
