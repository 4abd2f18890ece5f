"""A scan that was stopped goes on, and from no other one."""

import copy
import errno

import numpy as np
import pytest
import torch
from disk_scenes import (
    model,
    patches,
    same,
    scene,
    write_geotiff,
)
from tiny import cnn

from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.scan import (
    scan_scene,
)
from sgan_classifier.scan._tile import plan_tiles

SIZES = {"diameters": (12, 32)}


@pytest.fixture(scope="module")
def geotiff(tmp_path_factory):
    return write_geotiff(tmp_path_factory.mktemp("scenes") / "scene.tif", scene())


def test_a_scan_that_was_stopped_goes_on(geotiff, tmp_path):
    whole = scan_scene(model(), geotiff, tmp_path / "whole", tile_size=96, **SIZES)
    tiles = plan_tiles(180, 170, 96)
    assert len(tiles) == 4
    kept = tmp_path / "whole" / "tiles" / tiles[1].name
    (tmp_path / "whole" / "tiles" / tiles[2].name).unlink()
    before = kept.stat().st_mtime_ns
    again = scan_scene(model(), geotiff, tmp_path / "whole", tile_size=96, **SIZES)
    assert kept.stat().st_mtime_ns == before, "a finished tile is not scanned again"
    same(again.all_candidates, whole.all_candidates)


def test_an_unfinished_tile_is_scanned_again(geotiff, tmp_path):
    whole = scan_scene(model(), geotiff, tmp_path, **SIZES)
    (tile,) = (tmp_path / "tiles").glob("*.npz")
    tile.rename(tile.with_suffix(".npz.99.unfinished"))
    same(scan_scene(model(), geotiff, tmp_path, **SIZES).all_candidates, whole.all_candidates)


@pytest.mark.parametrize("n_bytes", [0, 50, 500])
def test_a_damaged_tile_is_scanned_again(geotiff, tmp_path, n_bytes):
    whole = scan_scene(model(), geotiff, tmp_path, **SIZES)
    (tile,) = (tmp_path / "tiles").glob("*.npz")
    good = tile.read_bytes()
    tile.write_bytes(good[:n_bytes])
    again = scan_scene(model(), geotiff, tmp_path, **SIZES)
    same(again.all_candidates, whole.all_candidates)
    assert again.n_windows == whole.n_windows
    assert len(tile.read_bytes()) == len(good)


@pytest.mark.parametrize("content", [b"", b'{"scene": {', b"[]", b"\xff"])
def test_a_damaged_note_of_the_scan_is_named_with_the_remedy(geotiff, tmp_path, content):
    quick = {"diameters": (14, 14), "stride": 0.5}
    scan_scene(model(), geotiff, tmp_path, **quick)
    (tmp_path / "tiles" / "scan.json").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"scan\.json is damaged.* Delete .*tiles, "):
        scan_scene(model(), geotiff, tmp_path, **quick)


def test_a_tile_that_cannot_be_written_leaves_no_file(geotiff, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        scan_scene(model(), geotiff, tmp_path, **SIZES)
    assert not list((tmp_path / "tiles").glob("*.unfinished"))


def test_parameters_may_be_numbers_of_numpy(geotiff, tmp_path):
    settings = {**SIZES, "max_overlap": np.float32(0.25), "window_factor": np.float64(1.6)}
    first = scan_scene(model(), geotiff, tmp_path, **settings)
    same(scan_scene(model(), geotiff, tmp_path, **settings).all_candidates, first.all_candidates)


def test_another_threshold_needs_no_new_scan(geotiff, tmp_path):
    all_of_it = scan_scene(model(), geotiff, tmp_path, threshold=0.05, **SIZES)
    (tile,) = (tmp_path / "tiles").glob("*.npz")
    before = tile.stat().st_mtime_ns
    best = scan_scene(model(), geotiff, tmp_path, threshold=0.5, **SIZES)
    assert tile.stat().st_mtime_ns == before
    assert len(best.candidates) < len(all_of_it.candidates)
    same(best.candidates, all_of_it.candidates.above(0.5))


@pytest.mark.parametrize("change", ["size_step", "scene", "estimator"])
def test_tiles_of_another_scan_are_refused(geotiff, tmp_path, change):
    settings = {"diameters": (14, 14), "stride": 0.5}
    scan_scene(model(), geotiff, tmp_path, **settings)
    other, path = model(), geotiff
    if change == "estimator":
        X, y = patches(40, seed=5)
        other = cnn().fit(X, y)
    elif change == "scene":
        path = write_geotiff(tmp_path / "scene.tif", scene(seed=3))
    else:
        settings["size_step"] = 1.5
    pattern = "grid" if change == "size_step" else change
    with pytest.raises(InvalidInputError, match=f"another scan: it differs in {pattern}"):
        scan_scene(other, path, tmp_path, **settings)


def test_tiles_of_a_slightly_different_estimator_are_refused(geotiff, tmp_path):
    scan_scene(model(), geotiff, tmp_path, **SIZES)
    other = copy.deepcopy(model())
    with torch.no_grad():
        next(other.net_.average_.parameters()).mul_(1.001)
    with pytest.raises(InvalidInputError, match="it differs in estimator"):
        scan_scene(other, geotiff, tmp_path, **SIZES)
