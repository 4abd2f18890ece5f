"""What is told or refused of the scale of images, in fit and after it."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_images
from tiny import both, few_labels, noise_images, sgan

from sgan_classifier.exceptions import InputScaleWarning, InvalidInputError


def divided(X):
    return X / 255.0


def widened(X):
    return X.astype(np.uint16) * 257


@pytest.mark.parametrize("scaling", ["auto", "range", "standard", "unit", "per_image"])
@pytest.mark.parametrize(
    ("in_fit", "in_predict"), [(None, divided), (divided, None), (None, widened), (widened, None)]
)
def test_images_on_another_scale_than_in_fit_are_told(scaling, in_fit, in_predict):
    X, y = noise_images(), few_labels()
    fitted, asked = (X if change is None else change(X) for change in (in_fit, in_predict))
    model = sgan(scaling=scaling).fit(fitted, y)
    for method in (model.predict, model.predict_proba, model.transform, model.realness):
        with pytest.warns(
            InputScaleWarning, match=f"{asked.dtype} values of up to .*divided"
        ) as caught:
            method(asked)
        assert caught[0].filename == __file__  # the warning points at the caller's line


@pytest.mark.parametrize("change", [np.float64, np.float32, np.uint16, np.int64])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_another_dtype_on_the_same_scale_is_well(change, precision):
    X = noise_images()
    model = sgan(precision=precision, max_iter=2).fit(X, few_labels())
    np.testing.assert_array_equal(model.predict_proba(X.astype(change)), model.predict_proba(X))


@pytest.mark.parametrize("scaling", ["auto", "range", "standard", "unit"])
def test_bytes_where_masks_were_fitted_are_told(scaling):
    masks = (noise_images() > 127).astype(np.uint8)
    model = sgan(scaling=scaling).fit(masks, few_labels())
    with pytest.warns(InputScaleWarning, match=r"uint8 values of up to 255, .* uint8 of up to"):
        model.predict(masks * 255)
    model.predict(masks)


@pytest.mark.parametrize("scaling", ["auto", "range", "standard", "unit"])
def test_floats_a_hundred_times_brighter_than_those_of_fit_are_told(scaling):
    X = noise_images().astype(np.float32)
    model = sgan(scaling=scaling).fit(X / 255, few_labels())
    with pytest.warns(InputScaleWarning, match=r"float32 values of up to 255, .* float32 of up to"):
        model.predict(X)
    model.predict(X / 50)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_images_eight_times_brighter_than_those_of_fit_are_told(dtype):
    X = noise_images().astype(dtype)
    model = sgan().fit(X, few_labels())
    with pytest.warns(InputScaleWarning, match=r"of up to 2.04e\+03, but the images in fit"):
        model.predict(X * 8)
    hot = X.copy()
    hot[:, 0, 0] = 50 * 255  # one pixel of each image
    model.predict(hot)
    model.predict(X * 4)
    model.predict(X // 8)


def test_black_images_dark_ones_and_tables_are_well():
    X, y = noise_images(), few_labels()
    model = sgan().fit(X, y)
    model.predict(np.zeros_like(X, dtype=float))
    model.predict(X // 100)
    sgan().fit(X.astype(float), y).predict(X / 50.0)
    sgan().fit(X.reshape(len(X), -1).astype(float), y).predict(X.reshape(len(X), -1) / 255.0)


@both
@pytest.mark.parametrize("value", [-999.0, -9999.0])
def test_one_pixel_that_swamps_the_contrast_is_told(make, value):
    X = 16 * np.random.default_rng(0).random((24, 8, 8))
    make().fit(X, few_labels())  # without a warning
    X[1, 0, 0] = value
    with pytest.warns(
        InputScaleWarning, match=rf"range from {value:.0f} to 15\.\d+, .*no-data"
    ) as told:
        make().fit(X, few_labels())
    assert told[0].filename == __file__
    make(scaling="range").fit(X, few_labels())  # asked for


@both
@pytest.mark.parametrize("greatest", [2, 4])
def test_bytes_of_few_levels_are_told(make, greatest):
    X = np.random.default_rng(0).integers(0, greatest, (24, 8, 8)).astype(np.uint8)
    X[0, 0, 0] = greatest
    with pytest.warns(
        InputScaleWarning, match=r"uint8 values, whose range is 0 to 255, .* Stretch X"
    ) as told:
        make().fit(X, few_labels())
    assert told[0].filename == __file__
    make().fit(X.astype(float), few_labels())  # as the message says
    make().fit(X * (255 // greatest), few_labels())
    make(scaling="range").fit(X, few_labels())  # asked for


@both
@pytest.mark.parametrize("scaling", ["auto", "range", "unit"])
@pytest.mark.parametrize("channels_first", [True, False])
def test_a_channel_that_the_range_of_another_swamps_is_told(make, scaling, channels_first):
    X = noise_images(channels=2, dtype=float) / 255 * [1000, 1]
    X = np.moveaxis(X, -1, 1) if channels_first else X
    with pytest.warns(
        InputScaleWarning, match=r"Channel 1 .* 0\.29 only, channel 0 by 2\.9e\+02.*'standard'"
    ) as told:
        make(scaling=scaling).fit(X, few_labels())
    assert told[0].filename == __file__
    make(scaling="standard").fit(X, few_labels())


def test_colours_and_constant_channels_are_well():
    colours = np.stack(load_sample_images().images)
    X = np.concatenate([colours[:, i : i + 32, i : i + 32] for i in range(0, 384, 32)])
    alpha = np.full((24, 32, 32, 1), 255, np.uint8)
    alpha[::2, :9] = 0
    alpha[1, 0] = 0
    for images in (X, X / 255, np.concatenate([X, alpha], axis=-1), X.repeat(2, axis=0)[:24] // 8):
        sgan().fit(images, few_labels())


@pytest.mark.parametrize("value", [-3.4028226550889045e38, 3.4028234e38])
def test_no_data_values_of_rasters_are_refused_by_name(value):
    X = noise_images().astype(np.float32)
    X[3, 2, 1] = value
    with pytest.raises(InvalidInputError, match=r"e\+38 in row 3, position \(2, 1\).*without data"):
        sgan().fit(X, few_labels())


@both
def test_extreme_pixels_that_make_the_deviation_of_a_channel_are_told(make):
    X = noise_images(channels=2, dtype=float)
    X[3, 1, 1, 1] = 1e6
    with pytest.warns(InputScaleWarning, match=r"channel 1 of X differs by 0\.00.*arcsinh") as told:
        make(scaling="standard").fit(X, few_labels())
    assert told[0].filename == __file__
    make(scaling="standard").fit(np.arcsinh(X / 10), few_labels())  # as the message says


def test_an_extreme_pixel_of_fit_is_no_other_scale_afterwards():
    X = np.random.default_rng(0).normal(size=(200, 32, 32))
    X[7, 3, 3] = 1000.0  # far beyond a hundred times three deviations of all pixels
    model = sgan(scaling="standard").fit(X, few_labels(200))
    model.predict(X)
    model.partial_fit(X, few_labels(200))
    with pytest.warns(InputScaleWarning, match="of up to about"):
        model.predict(1000 * X)


@both
@pytest.mark.parametrize("colours", [1, 3])
def test_an_opacity_channel_that_swallows_the_contrast_is_told(make, colours):
    X = np.repeat(noise_images()[..., None], colours, axis=3)
    opaque = np.concatenate([X, np.full_like(X[..., :1], 255)], axis=3)
    opaque[0, 0, 0, -1] = 0  # of one image, a pixel is not
    with pytest.warns(InputScaleWarning, match=f"last of {colours + 1} channels.*alpha") as told:
        make().fit(opaque, few_labels())
    assert told[0].filename == __file__
    make(scaling="range").fit(opaque, few_labels())  # a constant takes nothing from the others
    dead = np.concatenate([X, np.zeros_like(X[..., :1])], axis=3)
    make().fit(dead, few_labels())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16])
def test_images_a_hundred_times_darker_than_those_of_fit_are_told(dtype):
    X = noise_images().astype(dtype)
    model = sgan().fit(X * dtype(200), few_labels())
    with pytest.warns(InputScaleWarning, match="divided in both places"):
        model.predict(X)
    model.predict(X * dtype(4))


def test_labelled_rows_on_another_scale_than_those_beside_them_are_told():
    X, y = noise_images().astype(np.float32), few_labels()
    with pytest.warns(InputScaleWarning, match="labelled rows of X have a standard") as told:
        sgan().fit(np.where((y >= 0)[:, None, None], X / 255, X), y)
    assert told[0].filename == __file__
    sgan().fit(np.where((y >= 0)[:, None, None], X / 50, X), y)


def test_heavy_tails_are_not_taken_for_another_scale():
    rng = np.random.default_rng(0)
    X = rng.lognormal(sigma=2.0, size=(500, 5))
    sgan(max_iter=1).fit(X, np.where(np.arange(500) < 10, np.arange(500) % 2, -1))
