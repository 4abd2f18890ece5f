from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import both, cnn, few_labels, noise_images, sgan

from sgan_classifier import _augment
from sgan_classifier._augment import (
    AUGMENTATIONS,
    BRIGHTNESS,
    CONTRAST,
    affine_view,
    cutout_view,
    geometric_view,
    photometric_view,
    shift_in_pixels,
)
from sgan_classifier._batches import Rows
from sgan_classifier._layout import infer_layout
from sgan_classifier._step import TrainingData, TrainingStep
from sgan_classifier.exceptions import InvalidInputError


def generator_of(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(height=5, width=5, channels=2, n=200, dtype=torch.float32):
    """The same image n times; every pixel has its own value."""
    image = torch.arange(channels * height * width, dtype=dtype).view(1, channels, height, width)
    return image.repeat(n, 1, 1, 1)


def distinct(batch):
    return {tuple(image.flatten().tolist()) for image in batch}


def variants(image, transforms):
    return {tuple(t(image).flatten().tolist()) for t in transforms}


def test_flip_mirrors_left_and_right_for_some_images():
    batch = numbered(4, 6)
    views = distinct(geometric_view(batch, ("flip",), generator_of()))
    assert views == variants(batch[0], [lambda x: x, lambda x: x.flip(2)])


def test_flip_vertical_mirrors_top_and_bottom_for_some_images():
    batch = numbered(4, 6)
    views = distinct(geometric_view(batch, ("flip_vertical",), generator_of()))
    assert views == variants(batch[0], [lambda x: x, lambda x: x.flip(1)])


def test_both_flips_make_the_four_views_of_light_along_one_line():
    batch = numbered()
    views = distinct(geometric_view(batch, ("flip", "flip_vertical"), generator_of()))
    flips = [lambda x: x, lambda x: x.flip(1), lambda x: x.flip(2), lambda x: x.flip(1, 2)]
    assert views == variants(batch[0], flips)


def test_rotate90_makes_exactly_the_four_turns_of_a_square():
    batch = numbered()
    views = distinct(geometric_view(batch, ("rotate90",), generator_of()))
    turns = [lambda x, k=k: torch.rot90(x, k, (1, 2)) for k in range(4)]
    assert views == variants(batch[0], turns)


def test_rotate90_turns_an_oblong_by_half_only():
    batch = numbered(4, 6)
    views = distinct(geometric_view(batch, ("rotate90",), generator_of()))
    assert views == variants(batch[0], [lambda x: x, lambda x: torch.rot90(x, 2, (1, 2))])


def test_flip_and_rotate90_make_the_eight_symmetries_of_a_square():
    batch = numbered(n=600)
    views = distinct(geometric_view(batch, ("rotate90", "flip"), generator_of()))
    turns = [lambda x, k=k: torch.rot90(x, k, (1, 2)) for k in range(4)]
    mirrored = [lambda x, k=k: torch.rot90(x.flip(2), k, (1, 2)) for k in range(4)]
    assert views == variants(batch[0], turns + mirrored)


def test_shift_moves_by_whole_pixels_and_reflects_the_edge():
    batch = numbered(n=300)
    padded = np.pad(batch[0].numpy(), ((0, 0), (1, 1), (1, 1)), mode="reflect")
    expected = {
        tuple(padded[:, i : i + 5, j : j + 5].flatten().tolist())
        for i in range(3)
        for j in range(3)
    }
    assert distinct(geometric_view(batch, ("shift",), generator_of())) == expected


@pytest.mark.parametrize(
    ("side", "pixels"), [((8, 8), 1), ((32, 32), 2), ((64, 200), 4), ((128, 128), 8)]
)
def test_largest_shift_is_a_sixteenth_of_the_shorter_side(side, pixels):
    assert shift_in_pixels(*side) == pixels


def test_all_channels_of_an_image_move_together():
    batch = numbered(channels=3)
    view = geometric_view(batch, ("shift", "flip", "rotate90"), generator_of())
    assert torch.equal(view[:, 1] - view[:, 0], torch.full_like(view[:, 0], 25))
    assert torch.equal(view[:, 2] - view[:, 0], torch.full_like(view[:, 0], 50))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float64])
def test_geometric_views_keep_dtype_and_values(dtype):
    batch = numbered(dtype=dtype)
    view = geometric_view(batch, ("shift", "flip", "rotate90"), generator_of())
    assert view.dtype == dtype
    assert set(view.flatten().tolist()) <= set(batch.flatten().tolist())


def test_without_geometric_names_the_batch_is_untouched_and_nothing_is_drawn():
    rng = generator_of()
    batch = numbered()
    before = rng.get_state()
    assert geometric_view(batch, ("brightness",), rng) is batch
    assert torch.equal(rng.get_state(), before)


def test_brightness_keeps_each_image_up_to_one_factor_and_one_offset():
    x = torch.rand(500, 1, 6, 6, generator=generator_of(1)) - 0.5
    view = photometric_view(x, generator_of())
    factors = (view.std(dim=(1, 2, 3)) / x.std(dim=(1, 2, 3))).log() / CONTRAST
    offsets = (view.mean(dim=(1, 2, 3)) - x.mean(dim=(1, 2, 3))) / BRIGHTNESS
    for uniform in (factors, offsets):
        assert uniform.abs().max() <= 1.001
        assert uniform.min() < -0.9
        assert uniform.max() > 0.9
    standardised = [
        (images - images.mean((1, 2, 3), True)) / images.std((1, 2, 3), keepdim=True)
        for images in (x, view)
    ]
    torch.testing.assert_close(*standardised, rtol=1e-3, atol=1e-4)


def blob(n, row=8, column=8, side=17):
    """A soft spot on black, (n, 1, side, side)."""
    at = torch.arange(side, dtype=torch.float32)
    spot = torch.exp(-(((at[:, None] - row) ** 2 + (at[None] - column) ** 2) / 4))
    return spot.expand(n, 1, side, side).clone()


def centre_of(images):
    at = torch.arange(images.shape[-1], dtype=torch.float32)
    mass = images.sum((1, 2, 3))
    return (images.sum((1, 3)) @ at) / mass, (images.sum((1, 2)) @ at) / mass


def test_affine_turns_about_the_centre_by_a_little():
    middle = affine_view(blob(100), generator_of())
    for coordinate in centre_of(middle):
        torch.testing.assert_close(coordinate, torch.full((100,), 8.0), rtol=0, atol=0.2)
    off_centre = affine_view(blob(200, row=3), generator_of())
    rows, columns = centre_of(off_centre)
    assert 0.5 < columns.std() < 1.5  # 5 pixels off the centre, turned by up to 15 degrees
    assert (columns - 8).abs().max() < 5 * (0.26 + 0.1) + 0.3
    assert (rows - 3).abs().max() < 1.5


def test_affine_turns_images_that_are_not_square_by_the_same_angle(monkeypatch):
    """A line along the middle column leans by fifteen degrees, whatever the sides."""
    for height, width in ((32, 64), (64, 32), (40, 40)):
        image = torch.zeros(1, 1, height, width)
        image[..., width // 2 - 1 : width // 2 + 1] = 1.0
        turn_only = torch.tensor([1.0, 0.0, 0.0, 0.0])[:, None]
        monkeypatch.setattr(_augment, "_uniform", lambda *_, turn_only=turn_only: turn_only)
        view = affine_view(image, generator_of())[0, 0]
        columns = (view @ torch.arange(width, dtype=torch.float32)) / view.sum(1)
        lean = (columns[height // 2 + 10] - columns[height // 2 - 10]) / 20
        assert lean.abs().item() == pytest.approx(np.tan(_augment.AFFINE_TURN), abs=0.02)


def test_affine_leaves_a_constant_image_and_keeps_the_range():
    constant = torch.full((5, 2, 8, 10), 0.3)
    torch.testing.assert_close(affine_view(constant, generator_of()), constant)
    noise = torch.rand(20, 3, 9, 9, generator=generator_of(1))
    view = affine_view(noise, generator_of())
    assert view.shape == noise.shape
    assert view.min() >= 0
    assert view.max() <= 1
    assert not torch.allclose(view[0], noise[0])


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(4, 6, 1), (9, 8, 3), (9, 9, 5), (16, 12, 5), (10, 11, 5), (13, 15, 7), (28, 28, 13)],
)
def test_cutout_hides_one_square_behind_the_mean(height, width, side):
    x = torch.rand(1000, 2, height, width, generator=generator_of(1))
    view = cutout_view(x, generator_of())
    hidden = (view != x).any(dim=1)
    assert (view == x.mean((1, 2, 3), keepdim=True)).all(dim=1)[hidden].all()
    heights, widths = hidden.any(2).sum(1), hidden.any(1).sum(1)
    torch.testing.assert_close(hidden.sum((1, 2)), heights * widths)  # a full rectangle
    assert heights.max() == widths.max() == side
    assert hidden.any(0).all()  # any pixel may be hidden
    assert not hidden.all(0).any()


def test_cutout_is_for_unlabelled_images_only():
    X, y = noise_images(), few_labels()
    plain, cut = (cnn(augment=augment).fit(X, y) for augment in (None, "cutout"))
    np.testing.assert_array_equal(plain.predict_proba(X), cut.predict_proba(X))
    plain, cut = (sgan(augment=augment).fit(X, y) for augment in (None, "cutout"))
    assert not np.array_equal(plain.predict_proba(X), cut.predict_proba(X))


def test_generated_images_are_cut_out_as_unlabelled_ones_are():
    X, y = noise_images(), few_labels()
    rows = Rows([X], infer_layout(X.shape, None))
    data = TrainingData(rows, np.zeros(len(X), dtype=np.int64), pool=rows)
    step = TrainingStep(sgan(augment=None).fit(X, y).net_, data)
    state = step.rng.get_state()
    whole = step._generate(50)
    step.settings = replace(step.settings, augment=("shift", "cutout"))
    step.rng.set_state(state)
    cut = step._generate(50)
    hidden = (cut != whole).any(dim=1, keepdim=True)
    assert hidden.any((1, 2, 3)).all()
    assert torch.equal(cut, torch.where(hidden, whole.mean((1, 2, 3), keepdim=True), whole))


@pytest.mark.parametrize(
    ("shape", "parameters", "names"),
    [
        ((24, 16, 20), {}, ("shift", "cutout")),
        ((24, 15, 20), {}, ("shift",)),
        ((24, 3, 16, 16), {}, ("shift", "cutout")),
        ((24, 16, 16), {"pseudo_label_weight": 0}, ("shift",)),
        ((24, 64), {}, ()),
    ],
)
def test_auto_hides_parts_of_images_that_are_not_small_to_learn_pseudo_labels(
    shape, parameters, names
):
    X, y = np.random.default_rng(0).random(shape), few_labels()
    assert sgan(augment="auto", **parameters).fit(X, y).net_.settings.augment == names
    alone = cnn(augment="auto").fit(X, y).net_.settings.augment
    assert alone == tuple(name for name in names if name == "shift")


def test_teacher_judges_images_that_are_only_moved_mirrored_and_turned():
    X, y = noise_images(), few_labels()
    net = sgan(augment=("affine", "brightness", "cutout")).fit(X, y).net_
    rows = Rows([X], infer_layout(X.shape, None))
    step = TrainingStep(net, TrainingData(rows, np.zeros(len(X), dtype=np.int64), pool=rows))
    some = rows.take(np.arange(4))
    plain = net.scaler.transform(some)
    assert torch.equal(step._views({"weak": some})["weak"], plain)
    for kind in ("labeled", "strong"):
        assert not torch.allclose(step._views({kind: some})[kind], plain)


@both
@pytest.mark.parametrize("names", ["flip", ("shift", "cutout"), ["brightness"]])
def test_named_augmentations_refuse_tables(make, names):
    estimator = make(augment=names)
    with pytest.raises(InvalidInputError, match=r"augment=.* is for images.*'auto'"):
        estimator.fit(noise_images().reshape(24, -1), few_labels())
    assert not hasattr(estimator, "net_")


@both
@pytest.mark.parametrize("augment", [None, "auto", "flip", [], AUGMENTATIONS, ["brightness"]])
def test_estimators_take_every_form_of_augment(make, augment):
    X, y = noise_images(), few_labels()
    estimator = make(augment=augment).fit(X, y)
    assert np.isfinite(estimator.predict_proba(X)).all()


@both
def test_augmentation_changes_training_and_not_prediction(make):
    X, y = noise_images(), few_labels()
    plain, flipped = make(augment=None).fit(X, y), make(augment="flip").fit(X, y)
    assert not np.array_equal(plain.predict_proba(X), flipped.predict_proba(X))
    np.testing.assert_array_equal(flipped.predict_proba(X), flipped.predict_proba(X))


@both
def test_own_augmentation_sees_scaled_batches(make):
    seen = []

    def augment(batch):
        seen.append((tuple(batch.shape[1:]), batch.dtype, float(batch.abs().max())))
        return batch

    make(augment=augment).fit(noise_images(), few_labels())
    shapes, dtypes, largest = map(set, zip(*seen, strict=True))
    assert shapes == {(1, 8, 8)}
    assert dtypes == {torch.float32}
    assert 0.5 < max(largest) <= 1.0
