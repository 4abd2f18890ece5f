import pickle
import tracemalloc

import numpy as np
import pytest
import torch
from tiny import both, few_labels, noise_images, sgan

from sgan_classifier._batches import Rows, evenly_spaced
from sgan_classifier._layout import infer_layout
from sgan_classifier._scaling import (
    PER_IMAGE_BRIGHTNESS,
    PER_IMAGE_FLOOR,
    PER_IMAGE_STD,
    ROWS_PER_CHUNK,
    TYPICAL_ROWS,
    Scaler,
)
from sgan_classifier.exceptions import InvalidInputError


def fit(array, scaling):
    rows = Rows([array], infer_layout(array.shape, None))
    return Scaler.fit(rows, scaling), rows.take(np.arange(len(array)))


def test_range_maps_uint8_images_from_the_whole_range_of_a_byte():
    image = np.array([[0, 51], [102, 255]], dtype=np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    scaler, batch = fit(np.stack([image, image]), "range")
    x = scaler.transform(batch)
    assert x.dtype == torch.float32
    np.testing.assert_allclose(x.unique(), [-1.0, -0.6, -0.2, 1.0], atol=1e-6)
    dim, batch = fit(np.full((3, 4, 4), 10, dtype=np.uint8), "range")
    np.testing.assert_allclose(dim.transform(batch), -1 + 2 * 10 / 255, atol=1e-6)


def test_bytes_are_masks_only_where_no_row_holds_more_than_one():
    images = np.zeros((3 * TYPICAL_ROWS, 4, 4), dtype=np.uint8)
    images[:, :2] = 1
    scaler, batch = fit(images, "range")
    assert scaler.transform(batch).unique().tolist() == [-1.0, 1.0]
    looked_at = evenly_spaced(len(images), TYPICAL_ROWS)
    images[np.setdiff1d(np.arange(len(images)), looked_at)[-1], 0, 0] = 255
    scaler, batch = fit(images, "range")
    assert scaler.transform(batch).max() == 1.0


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-5, 3), (1e6, 1e6 + 1), (0, 1e-9), (-3e4, 6e4)])
def test_range_maps_float_images_of_any_scale_to_minus_one_and_one(low, high):
    array = np.random.default_rng(0).uniform(low, high, (20, 6, 6))
    scaler, batch = fit(array, "range")
    x = scaler.transform(batch)
    assert x.min().item() == pytest.approx(-1, abs=1e-6)
    assert x.max().item() == pytest.approx(1, abs=1e-6)
    assert scaler.amplitude == 1.0


@pytest.mark.parametrize("scaling", ["auto", "range", "standard", "unit", "per_image"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_constant_image_stays_finite_and_flat(scaling, dtype):
    scaler, batch = fit(np.full((5, 6, 6), 7, dtype=dtype), scaling)
    x = scaler.transform(batch)
    assert torch.isfinite(x).all()
    assert len(x.unique()) == 1


def test_unit_maps_to_zero_and_one():
    scaler, batch = fit(np.random.default_rng(0).uniform(-3, 5, (9, 4, 4)), "unit")
    x = scaler.transform(batch)
    assert x.min().item() == pytest.approx(0, abs=1e-6)
    assert x.max().item() == pytest.approx(1, abs=1e-6)
    byte, batch = fit(np.full((2, 4, 4), 51, dtype=np.uint8), "unit")
    np.testing.assert_allclose(byte.transform(batch), 0.2, atol=1e-6)


def test_standard_scales_each_channel_and_each_feature_by_itself():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((30, 8, 8, 3)) * [1, 10, 1e-3] + [0, -50, 9]
    x = fit(images, "standard")[0].transform(fit(images, "standard")[1])
    np.testing.assert_allclose(x.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std((0, 2, 3), correction=0), 1, atol=1e-5)
    table = np.c_[images[:, :4, 0, 1], np.full(30, 3.0)]  # the last column is constant
    for scaling in ("auto", "standard"):
        scaler, batch = fit(table, scaling)
        x = scaler.transform(batch)
        np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(x.std(0, correction=0), [1, 1, 1, 1, 0], atol=1e-5)


def test_scale_is_learnt_from_all_chunks():
    n = ROWS_PER_CHUNK + 10
    table = np.zeros((n, 2))
    table[-1] = [5.0, -7.0]
    scaler, batch = fit(table, "standard")
    np.testing.assert_allclose(
        scaler.transform(batch, torch.float64), (table - table.mean(0)) / table.std(0), atol=1e-9
    )
    images = np.zeros((n, 4, 4))
    images[-1, 0, 0] = 8.0
    assert fit(images, "range")[0].scale == 4.0


@pytest.mark.parametrize("scaling", ["auto", "standard"])
def test_scale_of_large_images_is_learnt_in_little_memory(scaling):
    images = np.random.default_rng(0).uniform(0, 1, (1200, 128, 128)).astype(np.float32)
    rows = Rows([images], infer_layout(images.shape, None))
    Scaler.fit(rows, scaling)  # imports what it needs
    tracemalloc.start()
    try:
        Scaler.fit(rows, scaling)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * images.nbytes, "less than one copy in float64"


def test_auto_is_per_image_for_images():
    images = np.random.default_rng(0).uniform(0, 1, (10, 6, 6))
    (auto, batch), (per_image, _) = fit(images, "auto"), fit(images, "per_image")
    assert torch.equal(auto.transform(batch), per_image.transform(batch))


def test_per_image_evens_out_contrast_and_keeps_a_part_of_the_brightness():
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (10, 16, 16))
    images[0, 0, :2] = 0, 1
    images[1] = images[0] * 0.5 + 0.4
    scaler, batch = fit(images, "per_image")
    x = scaler.transform(batch)
    stds = x.std((1, 2, 3), correction=0)
    assert (stds <= PER_IMAGE_STD).all()
    assert (stds > 0.85 * PER_IMAGE_STD).all()
    in_range = 2 * images - 1
    np.testing.assert_allclose(
        x.mean((1, 2, 3)), PER_IMAGE_BRIGHTNESS * in_range.mean((1, 2)), atol=1e-5
    )
    first, second = (image - image.mean() for image in x[:2])
    torch.testing.assert_close(first, second, rtol=0.1, atol=0)


@pytest.mark.parametrize("unit", [1e-25, 1e25])  # whose squares float32 does not hold
def test_per_image_is_the_same_in_any_unit(unit):
    images = np.random.default_rng(0).uniform(0, 1, (10, 6, 6)).astype(np.float32)
    plain, of_images = fit(images, "per_image")
    other, in_unit = fit(images * np.float32(unit), "per_image")
    torch.testing.assert_close(other.transform(in_unit), plain.transform(of_images))


def test_scaling_leaves_the_rows_as_they_are():
    images = np.random.default_rng(0).uniform(0, 1, (4, 6, 6)).astype(np.float32)
    for scaling in ("per_image", "standard", None):
        scaler, batch = fit(images, scaling)
        before = batch.clone()
        scaler.transform(batch)
        assert torch.equal(batch, before)


def test_per_image_does_not_amplify_the_noise_of_a_flat_image():
    images = np.random.default_rng(0).uniform(0, 1, (4, 8, 8))
    images[0] = 0.5 + 1e-4 * images[1]
    scaler, batch = fit(images, "per_image")
    assert scaler.transform(batch)[0].std() < 0.01


def test_none_leaves_values_alone():
    array = np.random.default_rng(0).uniform(-9, 9, (4, 5, 5))
    scaler, batch = fit(array, None)
    np.testing.assert_array_equal(scaler.transform(batch), array.astype(np.float32)[:, None])
    assert scaler.amplitude is None


def test_large_offset_of_float64_costs_no_digits():
    fine = np.random.default_rng(0).uniform(0, 1, (5, 6, 6))
    for offset in (0.0, 1e9):
        scaler, batch = fit(fine + offset, "range")
        expected = 2 * (fine - fine.min()) / (fine.max() - fine.min()) - 1
        np.testing.assert_allclose(scaler.transform(batch)[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("scaling", ["range", "standard", "unit", None])
def test_inverse_undoes_transform(scaling):
    array = np.random.default_rng(0).uniform(20, 30, (6, 5, 5, 2)).astype(np.float32)
    scaler, batch = fit(array, scaling)
    torch.testing.assert_close(scaler.inverse(scaler.transform(batch)), batch.double())


def test_inverse_of_per_image_gives_brightness_back_and_a_typical_contrast():
    rng = np.random.default_rng(0)
    texture = np.linspace(-0.1, 0.1, 64)  # of each image, in another order
    alike = rng.permuted(np.tile(texture, (20, 1)), axis=1) + np.linspace(40, 41, 20)[:, None]
    alike = alike.reshape(20, 8, 8)
    scaler, batch = fit(alike, "per_image")
    back = scaler.inverse(scaler.transform(batch)).numpy()[:, 0]
    np.testing.assert_allclose(back, alike, atol=1e-5)

    images = alike.copy()
    images[:2] += 4 * (images[:2] - images[:2].mean((1, 2), keepdims=True))
    scaler, batch = fit(images, "per_image")
    back = scaler.inverse(scaler.transform(batch)).numpy()[:, 0]
    np.testing.assert_allclose(back.mean((1, 2)), images.mean((1, 2)), atol=1e-4)
    of_images = images.std((1, 2))
    floor = PER_IMAGE_FLOOR * 0.5 * np.ptp(images)
    expected = of_images * (of_images.mean() + floor) / (of_images + floor)
    np.testing.assert_allclose(back.std((1, 2)), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("value", "expected"), [(-3.0, 40.0), (-0.2, 40.1), (0.1, 40.7), (3.0, 41.0)]
)
def test_inverse_of_per_image_keeps_brightness_within_the_range(value, expected):
    images = np.random.default_rng(0).uniform(40, 41, (20, 8, 8))
    images[0, 0, :2] = 40, 41
    scaler, _ = fit(images, "per_image")
    flat = torch.full((2, 1, 8, 8), value)
    np.testing.assert_allclose(scaler.inverse(flat), expected, rtol=1e-6)


@both
def test_the_same_images_in_other_units_give_the_same_classifier(make):
    X, y = noise_images(dtype=np.float64), few_labels()
    X[0, 0, 0], X[0, 0, 1] = 0, 255
    of_floats = make().fit(X, y).predict_proba(X)
    for factor, offset in ((1e-4, 0), (1e3, 0), (1, -1000), (1e-2, 5)):
        other = X * factor + offset
        np.testing.assert_allclose(
            make().fit(other, y).predict_proba(other), of_floats, rtol=1e-3, atol=1e-4
        )
    as_bytes = X.astype(np.uint8)
    np.testing.assert_allclose(
        make().fit(as_bytes, y).predict_proba(as_bytes), of_floats, rtol=1e-3, atol=1e-4
    )


@both
@pytest.mark.parametrize("scaling", ["per_image", "range", "unit"])
def test_scalings_of_images_refuse_tables(make, scaling):
    estimator = make(scaling=scaling)
    with pytest.raises(InvalidInputError, match=rf"scaling='{scaling}' is for images.*image_shape"):
        estimator.fit(noise_images().reshape(24, -1), few_labels())
    assert not hasattr(estimator, "net_")


@pytest.mark.parametrize("scaling", ["range", "standard", "unit", None])
def test_samples_are_in_the_units_of_x(scaling):
    X = noise_images(dtype=np.float64) / 255 * 10 + 990  # 990..1000
    samples = sgan(scaling=scaling).fit(X, few_labels()).sample(16, random_state=0)
    assert samples.shape == (16, 8, 8)
    assert samples.dtype == np.float64
    if scaling is not None:  # an unscaled generator starts around 0 and has three steps to learn
        assert samples.min() > 970
        assert samples.max() < 1020


@pytest.mark.parametrize("scaling", ["range", "per_image"])
def test_samples_of_bytes_are_bytes(scaling):
    samples = sgan(scaling=scaling).fit(noise_images(), few_labels()).sample(8, random_state=0)
    assert samples.dtype == np.uint8
    assert samples.min() < 100
    assert samples.max() > 150


def test_per_image_samples_have_a_typical_brightness_and_contrast():
    X = noise_images(dtype=np.float64) / 255 + 40  # 40..41
    samples = sgan(scaling="per_image").fit(X, few_labels()).sample(8, random_state=0)
    assert samples.mean() == pytest.approx(40.5, abs=0.6)
    assert 0.5 < samples.std() / X.std() < 2  # the generator has had three steps


def test_tensors_kept_by_the_scaler_are_of_the_batchs_kind_and_not_pickled():
    array = np.random.default_rng(0).uniform(0, 9, (6, 4, 4))
    scaler, batch = fit(array, "range")
    with torch.inference_mode():
        scaler.transform(batch)
    expected = pickle.loads(pickle.dumps(scaler)).transform(batch.float())
    assert scaler.transform(batch.float()).equal(expected)
    assert not pickle.loads(pickle.dumps(scaler))._tensors
    x = batch.clone().requires_grad_()
    scaler.inverse(x).sum().backward()  # needs tensors that autograd may keep
    assert x.grad.unique().numpy() == pytest.approx(scaler.scale)


@pytest.mark.parametrize("scale", [1e-25, 1e-7, 1.0, 1e7, 1e25])
def test_scales_far_from_one_standardise_alike(scale):
    X = noise_images().astype(np.float32)
    rows = Rows([X], infer_layout(X.shape, None))
    expected = Scaler.fit(rows, "per_image").transform(rows.take(np.arange(9)))
    scaled = Rows([X * np.float32(scale)], rows.layout)
    mine = Scaler.fit(scaled, "per_image").transform(scaled.take(np.arange(9)))
    torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)
