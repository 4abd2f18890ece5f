"""Kinds of scene files: what their values mean, what is missing in them, what is refused."""

import json

import numpy as np
import pytest
import rasterio
from disk_scenes import (
    TRANSFORM,
    boxes,
    model,
    patches,
    same,
    scene,
    write_geotiff,
)
from image_files import write_tiff
from PIL import Image
from tiny import cnn

from sgan_classifier.exceptions import InputScaleWarning, InvalidInputError
from sgan_classifier.scan import (
    choose_threshold,
    match_candidates,
    scan_scene,
    score_matches,
)
from sgan_classifier.scan._raster import open_scene
from sgan_classifier.scan._windows import fill_gaps

SIZES = {"diameters": (12, 32)}


def test_places_without_data_are_left_out(tmp_path):
    image = scene()
    image[:, 110:] = 0
    path = write_geotiff(tmp_path / "scene.tif", image, nodata=0)
    found = scan_scene(model(), path, tmp_path / "out", diameters=(14, 28))
    with rasterio.open(found.files["map"]) as dataset:
        values = dataset.read(1)
    assert np.isnan(values[:, 62:]).all()
    assert np.isfinite(values[:, :50]).all()
    assert (found.candidates.x < 120).all()


def test_gaps_look_the_same_from_every_tile(tmp_path):
    rows, columns = np.mgrid[:180, :170]
    image = np.clip(scene() * np.linspace(0.5, 1.3, 170), 1, 255).astype(np.uint8)
    image[(rows + columns) % 90 < 25] = 0
    path = write_geotiff(tmp_path / "scene.tif", image, nodata=0)
    maps = []
    for size in (1024, 64):
        found = scan_scene(model(), path, tmp_path / str(size), tile_size=size, **SIZES)
        with rasterio.open(found.files["map"]) as dataset:
            maps.append(dataset.read(1))
    assert np.isfinite(maps[0]).mean() > 0.5
    np.testing.assert_allclose(*maps, atol=0.02)


def test_windows_without_data_are_not_asked_about(tmp_path):
    image = scene()
    whole = scan_scene(model(), write_geotiff(tmp_path / "a.tif", image), tmp_path / "a", **SIZES)
    image[:, 85:] = 0
    path = write_geotiff(tmp_path / "b.tif", image, nodata=0)
    half = scan_scene(model(), path, tmp_path / "b", **SIZES)
    assert 0.4 * whole.n_windows < half.n_windows < 0.7 * whole.n_windows


def test_gaps_get_the_mean_of_their_window():
    windows = np.array([[[[10, 0], [20, 0]]], [[[1, 2], [3, 4]]], [[[7, 7], [7, 7]]]], np.uint8)
    missing = np.array([[[0, 1], [0.5, 0.6]], [[0, 0], [0, 0]], [[1, 1], [1, 1]]])
    filled = fill_gaps(windows, missing)
    assert filled.dtype == np.uint8
    assert filled[:, 0].tolist() == [[[10, 15], [20, 15]], [[1, 2], [3, 4]], [[0, 0], [0, 0]]]


def test_a_scene_in_other_units_is_told_once(tmp_path):
    X, y = patches(40)
    estimator = cnn().fit(X / 255, y)
    path = write_geotiff(tmp_path / "scene.tif", scene())
    with pytest.warns(InputScaleWarning, match="X holds uint8 values of up to") as told:
        scan_scene(estimator, path, tmp_path / "out", tile_size=64, **SIZES)
    assert len(told) == 1
    assert told[0].filename == __file__


def test_a_file_of_several_scenes_is_refused(tmp_path):
    pages = [Image.fromarray(scene()) for _ in range(2)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InvalidInputError, match=r"pages\.tif holds 2 rasters\. Write the one"):
        scan_scene(model(), tmp_path / "pages.tif", tmp_path / "out", **SIZES)


def test_a_scene_without_data_has_no_candidates(tmp_path):
    path = write_geotiff(tmp_path / "scene.tif", np.zeros((64, 64), np.uint8), nodata=0)
    found = scan_scene(model(), path, tmp_path / "out", diameters=(14, 14))
    assert len(found.candidates) == 0
    assert found.files["table"].read_text().startswith("x,y,map_x")
    assert json.loads(found.files["features"].read_text())["features"] == []


def test_float_scenes_are_in_the_units_of_the_patches(tmp_path):
    X, y = patches(300)
    floats = cnn(max_iter=120, batch_size=32, width=8, augment=None).fit(X * 0.5, y)
    image = scene() * 0.5
    image[:10, :10] = np.nan
    path = write_geotiff(tmp_path / "scene.tif", image.astype(np.float32))
    found = scan_scene(floats, path, tmp_path / "out", **SIZES)
    matches = match_candidates(found.all_candidates, boxes())
    assert score_matches(matches, choose_threshold(matches)).recall >= 5 / 6


@pytest.mark.parametrize("fitted", ["uint8", "uint16"])
def test_scenes_of_8_and_of_16_bits_give_the_same(tmp_path, fitted):
    X, y = patches(300)
    wide = (X.astype(np.uint16) * 257) if fitted == "uint16" else X
    estimator = cnn(max_iter=120, batch_size=32, width=8, augment=None).fit(wide, y)
    eight = write_geotiff(tmp_path / "8.tif", scene())
    sixteen = write_geotiff(tmp_path / "16.tif", scene().astype(np.uint16) * 257)
    first, second = (
        scan_scene(estimator, path, tmp_path / path.stem, **SIZES) for path in (eight, sixteen)
    )
    matches = match_candidates(first.all_candidates, boxes())
    assert score_matches(matches, choose_threshold(matches)).recall >= 5 / 6
    same(first.all_candidates, second.all_candidates, atol=1e-3)


@pytest.mark.filterwarnings("ignore:X holds float32 values of up to")  # as they are, then
@pytest.mark.parametrize("fitted", ["uint8", "uint16"])
def test_scenes_beside_12_bits_are_told(tmp_path, fitted):
    X, y = patches(40)
    quick = {"diameters": (14, 14), "stride": 0.5}
    deep = fitted == "uint16"
    estimator = cnn().fit(X.astype(np.uint16) * 16 if deep else X, y)
    image = scene() if deep else scene().astype(np.uint16) * 16
    path = write_geotiff(tmp_path / "scene.tif", image)
    white = 16 * int((X if deep else scene()).max())
    with pytest.warns(InputScaleWarning, match=rf"scene\.tif was .* seen above {white}: ") as told:
        scan_scene(estimator, path, tmp_path / "out", **quick)
    assert told[0].filename == __file__
    same_depth = write_geotiff(tmp_path / "same.tif", X[0].astype(fitted).repeat(4, 0).repeat(4, 1))
    scan_scene(estimator, same_depth, tmp_path / "same", **quick)


def test_an_array_is_no_scene(tmp_path):
    with pytest.raises(InvalidInputError, match=r"type ndarray; expected the path of a file.*save"):
        scan_scene(model(), scene(), tmp_path)


def test_values_without_a_known_white_are_refused(tmp_path):
    path = write_geotiff(tmp_path / "scene.tif", scene().astype(np.float32) / 255)
    with pytest.raises(
        InvalidInputError, match="holds float32 values, but the estimator was fitted on uint8"
    ):
        scan_scene(model(), path, tmp_path / "out")


def test_colour_scenes_are_scanned_by_estimators_of_colour(tmp_path):
    X, y = patches(60)
    colour = cnn().fit(np.stack([X] * 3, axis=-1), y)
    path = write_geotiff(tmp_path / "scene.tif", np.stack([scene()] * 3), photometric="RGB")
    found = scan_scene(colour, path, tmp_path / "out", diameters=(14, 14), stride=0.5)
    assert found.n_windows > 0
    with pytest.raises(
        InvalidInputError, match="3 bands, but the estimator was fitted on images of 1"
    ):
        scan_scene(model(), path, tmp_path / "grey")


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_a_scene_that_is_cut_off_is_refused_by_name(tmp_path, suffix):
    path = tmp_path / f"scene.{suffix}"
    Image.fromarray(scene()).save(path)
    path.write_bytes(path.read_bytes()[: int(0.8 * path.stat().st_size)])
    with pytest.raises(InvalidInputError, match=rf"scene\.{suffix} is (damaged|no raster)"):
        scan_scene(model(), path, tmp_path / "scan", **SIZES)


def test_the_colours_of_a_palette_are_refused(tmp_path):
    Image.fromarray(scene()).quantize(16).save(tmp_path / "scene.png")
    with pytest.raises(InvalidInputError, match="palette"):
        scan_scene(model(), tmp_path / "scene.png", tmp_path, **SIZES)


def test_values_of_few_bits_are_parts_of_the_same_white(tmp_path):
    few = scene() // 16
    Image.fromarray(few * np.uint8(17)).save(tmp_path / "eight.png")
    profile = {"driver": "GTiff", "width": 170, "height": 180, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "four.tif", "w", NBITS=4, transform=TRANSFORM, **profile) as file:
        file.write(few[None])
    found = [
        scan_scene(model(), tmp_path / name, tmp_path / name[:4], **SIZES).all_candidates
        for name in ("eight.png", "four.tif")
    ]
    same(*found, atol=1e-3)


@pytest.mark.parametrize("kind", ["bits", "negative of 8 bits", "negative of 16 bits"])
def test_black_and_white_and_negatives_are_no_palettes(tmp_path, kind):
    image = scene()
    if kind == "bits":
        image = np.where(image > 130, 255, 0).astype(np.uint8)
        Image.fromarray(image > 0).save(tmp_path / "odd.tif")
    else:
        deep = image * (np.uint16(257) if "16" in kind else np.uint8(1))
        write_tiff(tmp_path / "odd.tif", np.iinfo(deep.dtype).max - deep, photometric=0)
    with open_scene(tmp_path / "odd.tif", 1, np.dtype(np.uint8)) as opened:
        np.testing.assert_allclose(opened.read(0, 0, 170, 180)[0][0], image, rtol=1e-6)
    assert len(scan_scene(model(), tmp_path / "odd.tif", tmp_path, **SIZES).candidates)


@pytest.mark.parametrize("dtype", [np.bool_, np.float64])
def test_bits_are_what_masks_were_in_fit(tmp_path, dtype):
    mask = scene() > 130
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with open_scene(tmp_path / "mask.png", 1, np.dtype(dtype)) as opened:
        np.testing.assert_array_equal(opened.read(0, 0, 170, 180)[0][0], mask)
