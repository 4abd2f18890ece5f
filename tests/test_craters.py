"""Synthetic craters: the physics that the docstrings name, and the arrays that come out."""

import numpy as np
import pytest
from tiny import cnn

from sgan_classifier.datasets import make_crater_scene, make_craters
from sgan_classifier.datasets._terrain import (
    DEPTH,
    HURST,
    RIM_HEIGHT,
    diffuse,
    light,
    make_crater,
    make_relief,
)
from sgan_classifier.exceptions import InvalidInputError


def crater(diameter=60, side=201):
    return make_crater((1, side, side), [(side / 2, side / 2)], [diameter])[0]


def test_crater_has_the_depth_rim_and_ejecta_of_the_literature():
    ground = crater()
    profile = ground[100, 100:]  # from the centre outwards
    assert profile[0] == pytest.approx((RIM_HEIGHT - DEPTH) * 60)
    assert profile.max() == pytest.approx(RIM_HEIGHT * 60)
    assert profile.argmax() == 30, "the rim lies at the radius"
    assert profile.max() - profile.min() == pytest.approx(0.196 * 60)
    assert profile[60] / profile[30] == pytest.approx(1 / 8), "twice as far, an eighth as thick"
    np.testing.assert_allclose(ground, ground.T, err_msg="round")


def test_crater_of_no_size_leaves_the_ground_flat():
    assert np.abs(crater(diameter=0)).max() == 0


def test_wear_makes_craters_shallower_and_keeps_their_volume():
    fresh = crater()[np.newaxis]
    worn = diffuse(fresh, np.array([15.0]))
    assert np.ptp(worn) < 0.7 * np.ptp(fresh)
    assert worn.sum() == pytest.approx(fresh.sum())
    np.testing.assert_allclose(diffuse(fresh, np.array([0.0])), fresh, atol=1e-9)


def test_relief_has_the_asked_slope_and_a_power_law_spectrum():
    ground = make_relief((4, 256, 256), 0.1, np.random.default_rng(0))
    dy, dx = np.gradient(ground, axis=(1, 2))
    np.testing.assert_allclose(np.sqrt((dx**2 + dy**2).mean((1, 2))), 0.1)
    power = (np.abs(np.fft.rfft2(ground)) ** 2).mean(0)
    k = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    band = (k > 0.02) & (k < 0.4)
    slope = np.polyfit(np.log(k[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-2 * (HURST + 1), abs=0.1)


@pytest.mark.parametrize(("azimuth", "bright"), [(0, "down"), (90, "left"), (270, "right")])
def test_wall_that_faces_the_sun_is_bright(azimuth, bright):
    picture = light(crater()[np.newaxis], [azimuth], [45.0])[0]
    walls = {
        "left": picture[100, 75],
        "right": picture[100, 125],
        "up": picture[75, 100],
        "down": picture[125, 100],
    }
    assert max(walls, key=walls.get) == bright
    assert walls[bright] > 1, "brighter than level ground"


def test_level_ground_has_brightness_one_under_every_sun():
    np.testing.assert_allclose(light(np.zeros((3, 8, 8)), [0, 90, 200], [5, 40, 90]), 1)


@pytest.mark.parametrize("elevation", [20.0, 45.0])
def test_shadow_is_as_long_as_the_sun_is_low(elevation):
    ground = np.zeros((1, 4, 100))
    ground[0, :, 30] = 10.0  # a wall
    row = light(ground, [270.0], [elevation])[0, 2]  # sun from the left
    dark = (row[32:] < 0.1).sum()
    assert dark + 1 == pytest.approx(10 / np.tan(np.deg2rad(elevation)), abs=1)


def test_patches_are_balanced_uint8_in_random_order():
    X, y = make_craters(101, image_size=24, random_state=0)
    assert X.shape == (101, 24, 24)
    assert X.dtype == np.uint8
    assert np.bincount(y).tolist() == [51, 50]
    assert 20 < np.abs(np.diff(y)).sum() < 80
    assert X.std(axis=(1, 2)).min() > 0


def test_same_seed_same_patches_and_scene(global_random_state_kept):
    for make in (make_craters, make_crater_scene):
        options = {"n_samples": 300} if make is make_craters else {"image_size": 100}
        first, second, other = (make(**options, random_state=seed) for seed in (3, 3, 4))
        arrays = [r if isinstance(r, tuple) else (r.image, r.boxes) for r in (first, second, other)]
        for a, b in zip(*arrays[:2], strict=True):
            np.testing.assert_array_equal(a, b)
        assert (arrays[0][0] != arrays[2][0]).any()


def test_middle_of_a_patch_gives_its_class_away_and_brightness_hardly():
    X, y = make_craters(600, random_state=0)
    mean = X.mean(axis=(1, 2))
    assert abs((mean > np.median(mean)).astype(int) @ (2 * y - 1)) / len(y) < 0.15
    model = cnn(max_iter=200, batch_size=32, width=8, augment=("shift", "flip", "rotate90"))
    accuracy = model.fit(X[:400], y[:400]).score(X[400:], y[400:])
    assert accuracy > 0.85


def test_scene_boxes_lie_inside_and_hold_the_craters():
    scene = make_crater_scene((200, 300), n_craters=15, diameters=(15, 40), random_state=0)
    assert scene.image.shape == (200, 300)
    assert scene.image.dtype == np.uint8
    x, y, width, height = scene.boxes.T
    assert len(scene.boxes) == 15
    np.testing.assert_array_equal(width, height)
    assert width.min() >= 15
    assert width.max() <= 40
    assert (np.diff(width) <= 0).all()
    assert min(x.min(), y.min()) >= 0
    assert (x + width).max() <= 300
    assert (y + height).max() <= 200
    # lit from the left, the right wall of a crater is brighter than the left one
    brighter = [
        scene.image[int(b + h / 2), int(a + 0.8 * w)].astype(int)
        - scene.image[int(b + h / 2), int(a + 0.2 * w)]
        for a, b, w, h in scene.boxes
    ]
    assert np.mean(np.array(brighter) > 0) >= 0.8


def test_scene_without_room_has_fewer_craters_and_one_without_craters_none():
    crowded = make_crater_scene(32, n_craters=50, diameters=(20, 30), random_state=0)
    assert 1 <= len(crowded.boxes) < 50
    assert make_crater_scene(100, n_craters=0, random_state=0).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"n_samples": 0},
        {"image_size": 7},
        {"sun_elevation": (0, 30)},
        {"sun_elevation": (30, 20)},
        {"sun_azimuth": ("low", "high")},
        {"sun_azimuth": 90},
        {"max_wear": -1},
    ],
)
def test_patch_option_that_makes_no_sense_is_named(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        make_craters(**{"n_samples": 2, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"image_size": (512, 8)},
        {"image_size": 64.5},
        {"image_size": (40,)},
        {"n_craters": -1},
        {"diameters": (8, 900)},
        {"diameters": 5},
    ],
)
def test_scene_option_that_makes_no_sense_is_named(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        make_crater_scene(**options)
