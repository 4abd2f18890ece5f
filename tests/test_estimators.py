"""Inputs, options and errors of both estimators."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import BOTH, IDS, cnn, digits, few_labels, noise_images, same_state, sgan, weights
from torch import nn

from sgan_classifier._engine import SemiSupervisedNet
from sgan_classifier._split import hold_out
from sgan_classifier.exceptions import (
    DivergenceError,
    InvalidInputError,
    NoUnlabeledRowsWarning,
    TrainingInterruptedWarning,
)
from sgan_classifier.model_selection import UnlabeledPool

X, Y = noise_images(), few_labels()

both = pytest.mark.parametrize("make", BOTH, ids=IDS)


def assert_answers(estimator, rows, n_classes=2):
    """Every method answers in the shape, range and dtype that it documents."""
    p = estimator.predict_proba(rows)
    assert p.shape == (len(rows), n_classes)
    assert p.dtype == np.float64
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(estimator.predict_log_proba(rows)), p)
    predicted = estimator.predict(rows)
    np.testing.assert_array_equal(predicted, estimator.classes_[p.argmax(axis=1)])
    features = estimator.transform(rows)
    assert features.shape[0] == len(rows)
    assert np.isfinite(features).all()
    if hasattr(estimator, "realness"):
        realness = estimator.realness(rows)
        assert realness.shape == (len(rows),)
        assert ((realness >= 0) & (realness <= 1)).all()
        samples = estimator.sample(2, random_state=0)
        assert samples.shape == (2, *np.shape(rows)[1:])
        assert np.isfinite(samples).all()


# ------------------------------------------------------------------ images


@both
@pytest.mark.parametrize("side", [8, 13, 28, 64, 128])
@pytest.mark.parametrize("channels", [None, 3])
def test_images_of_any_size_grey_or_colour(make, side, channels):
    images = noise_images(height=side, width=side, channels=channels)
    estimator = make(max_iter=1).fit(images, Y)
    assert estimator.input_shape_ == (channels or 1, side, side)
    assert estimator.n_features_in_ == side * side * (channels or 1)
    assert_answers(estimator, images)


@both
def test_oblong_images(make):
    images = noise_images(height=9, width=40)
    assert_answers(make(augment=("shift", "flip", "rotate90")).fit(images, Y), images)


@both
@pytest.mark.parametrize("image_shape", [None, (8, 8, 3)])
def test_channels_first_last_and_flat_rows_are_the_same_images(make, image_shape):
    last = noise_images(channels=3)
    first, flat = np.moveaxis(last, -1, 1), last.reshape(len(last), -1)
    reference = make(image_shape=image_shape).fit(last, Y)
    assert reference.input_shape_ == (3, 8, 8)
    of_first = make(image_shape=image_shape).fit(first, Y)
    of_flat = make(image_shape=(8, 8, 3)).fit(flat, Y)
    for other, rows in ((of_first, first), (of_flat, flat)):
        assert same_state(weights(reference), weights(other))
        assert_answers(other, rows)


@both
def test_images_without_and_with_a_channel_axis_are_the_same(make):
    assert same_state(weights(make().fit(X, Y)), weights(make().fit(X[..., np.newaxis], Y)))


@both
@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_images_without_any_difference_are_an_error(make, value, dtype):
    estimator = make()
    with pytest.raises(InvalidInputError, match=r"All 8 labelled rows are equal.*Check how X"):
        estimator.fit(np.full((24, 8, 8), value, dtype=dtype), Y)
    assert not hasattr(estimator, "net_")


@both
def test_one_constant_image_among_others(make):
    images = X.copy()
    images[0], images[-1] = 9, 0
    assert_answers(make().fit(images, Y), images)


@both
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int16, np.uint16, bool])
def test_pixels_of_other_dtypes(make, dtype):
    images = (X > 127) if dtype is bool else X.astype(dtype)
    estimator = make().fit(images, Y)
    assert_answers(estimator, images)
    expected = np.float64 if dtype is np.float64 else np.float32
    assert estimator.transform(images).dtype == expected


@both
@pytest.mark.parametrize("scale", [1e-12, 1e8])
def test_float64_pixels_of_odd_scale(make, scale):
    images = (X.astype(np.float64) / 255 + 3) * scale
    assert_answers(make().fit(images, Y), images)


# ------------------------------------------------------------------ tables and containers


@both
def test_table_of_features(make):
    table = np.random.default_rng(0).normal(50, [1e-3, 1, 1e3], (24, 3))
    estimator = make().fit(table, Y)
    assert estimator.input_shape_ == (3,)
    assert_answers(estimator, table)


@both
def test_data_frame_of_features_keeps_its_column_names(make):
    table = pd.DataFrame(X.reshape(24, -1)[:, :3], columns=["a", "b", "c"])
    estimator = make().fit(table, pd.Series(Y))
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    assert_answers(estimator, table)
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(table.rename(columns={"c": "d"}))


@both
def test_data_frame_of_flat_images(make):
    flat = X.reshape(24, -1)
    frame = pd.DataFrame(flat, columns=[f"pixel{i}" for i in range(64)])
    of_frame = make(image_shape=(8, 8)).fit(frame, Y)
    assert same_state(weights(of_frame), weights(make(image_shape=(8, 8)).fit(flat, Y)))


@both
def test_memory_map_equals_the_array(make, tmp_path):
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    of_map = make().fit(mapped, Y)
    assert same_state(weights(of_map), weights(make().fit(X, Y)))
    np.testing.assert_array_equal(of_map.predict_proba(mapped), of_map.predict_proba(X))


@both
def test_lists_are_taken(make):
    assert same_state(
        weights(make().fit(X.astype(float).tolist(), Y.tolist())),
        weights(make().fit(X.astype(float), Y)),
    )


@both
def test_data_are_left_as_they_were(make):
    images, y = X.astype(np.float32), Y.copy()
    copies = images.copy(), y.copy()
    make().fit(images, y).predict(images)
    np.testing.assert_array_equal(images, copies[0])
    np.testing.assert_array_equal(y, copies[1])


# ------------------------------------------------------------------ labels

NAMES = np.array(["plain", "crater"], dtype=object)


def labels_with(marker, values, dtype=object):
    return np.array([marker if code == -1 else values[code] for code in Y], dtype=dtype)


@both
@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (Y, [0, 1]),
        (Y.astype(np.int8), [0, 1]),
        (np.where(Y == -1, -1, Y * 5 + 2), [2, 7]),
        (labels_with(np.nan, [0.0, 1.0], float), [0.0, 1.0]),
        (labels_with(-1, NAMES), ["crater", "plain"]),
        (labels_with(None, NAMES), ["crater", "plain"]),
        (labels_with(np.nan, NAMES), ["crater", "plain"]),
        (labels_with(pd.NA, NAMES), ["crater", "plain"]),
        (labels_with(None, [False, True]), [False, True]),
        (pd.Series(labels_with(None, NAMES)), ["crater", "plain"]),
        (pd.Series(labels_with(pd.NA, [0, 1]), dtype="Int64"), [0, 1]),
    ],
)
def test_labels_and_markers_of_every_kind(make, y, classes):
    estimator = make().fit(X, y)
    assert estimator.classes_.tolist() == classes
    assert set(estimator.predict(X).tolist()) <= set(classes)
    assert 0 <= estimator.score(X, y) <= 1


@both
def test_boolean_labels_come_with_x_unlabeled(make):
    labeled = Y != -1
    estimator = make().fit(X[labeled], Y[labeled].astype(bool), X_unlabeled=X)
    assert estimator.classes_.dtype == bool
    assert estimator.predict(X).dtype == bool
    assert_answers(estimator, X)


@both
def test_many_classes_with_one_label_each(make):
    y = few_labels(24, n_classes=15, n_labeled=15)
    assert_answers(make().fit(X, y), X, n_classes=15)


@both
def test_imbalanced_labels(make):
    y = np.full(24, -1)
    y[:12], y[12] = 0, 1
    assert_answers(make().fit(X, y), X)


@both
def test_fewer_labels_and_fewer_rows_than_a_batch(make):
    y = few_labels(5, n_labeled=2)
    assert_answers(make(batch_size=64).fit(X[:5], y), X[:5])


@both
def test_batches_of_one(make):
    assert_answers(make(batch_size=1).fit(X, Y), X)
    table = X.reshape(24, -1)
    assert_answers(make(batch_size=1).fit(table, Y), table)


def test_no_unlabelled_row_trains_and_warns_with_a_named_category():
    labeled = Y != -1
    with pytest.warns(NoUnlabeledRowsWarning, match=r"No row is unlabelled.*-1") as caught:
        estimator = sgan().fit(X[labeled], Y[labeled])
    assert caught[0].filename == __file__  # the warning points at the caller's line
    assert_answers(estimator, X)
    cnn().fit(X[labeled], Y[labeled])  # the baseline has nothing to warn about


@pytest.mark.parametrize("wrap", [np.asarray, UnlabeledPool, list])
def test_x_unlabeled_may_be_an_array_a_pool_or_a_list(wrap):
    labeled = Y != -1
    estimator = sgan().fit(X[labeled], Y[labeled], X_unlabeled=wrap(X[~labeled]))
    assert_answers(estimator, X)


# ------------------------------------------------------------------ options


@both
@pytest.mark.parametrize(
    "params",
    [
        {"learning_rate_schedule": "constant"},
        {"learning_rate_schedule": "cosine"},
        {"ema_decay": 0.0},
        {"optimizer_params": {"betas": (0.9, 0.99), "weight_decay": 0.1}},
        {"network": "crater2021"},
        {"network": "salimans2016_mnist", "scaling": "unit"},
        {"scaling": "per_image"},
        {"class_weight": "balanced"},
        {"class_weight": {1: 5.0}},
        {"device": torch.device("cpu")},
        {"width": 1},
    ],
    ids=str,
)
def test_options_train(make, params):
    assert_answers(make(**params).fit(X, Y), X)


@pytest.mark.parametrize(
    "params",
    [
        {"entropy_weight": 0.5},
        {"pseudo_label_weight": 0.0, "balance_weight": 0.0},
        {"generator_loss": "feature_matching"},
        {"generator_loss": "feature_matching_squared"},
        {"fake_ratio": (0.5, 2.0)},
        {"unlabeled_ratio": 3.5},
        {"unlabeled_ratio": 0.01, "fake_ratio": 0.01},
        {"generator_learning_rate": 1e-5},
        {"latent_dim": 1},
        {"network": "salimans2016_conv"},
    ],
    ids=str,
)
def test_options_of_the_sgan_train(params):
    images = noise_images(height=12, width=12)
    assert_answers(sgan(**params).fit(images, Y), images)


def test_tables_get_neither_pseudo_labels_nor_a_class_balance_unless_asked():
    table = noise_images().reshape(24, -1)[:, :5]
    on_table = {"pseudo_label_weight": 0.0, "balance_weight": 0.0}
    on_images = {"pseudo_label_weight": 1.0, "balance_weight": 5.0}
    for rows, resolved, other in ((table, on_table, on_images), (X, on_images, on_table)):
        auto = weights(sgan().fit(rows, Y))
        assert same_state(auto, weights(sgan(**resolved).fit(rows, Y)))
        assert not same_state(auto, weights(sgan(**other).fit(rows, Y)))


def test_running_average_predicts_and_not_the_last_weights():
    estimator = sgan(ema_decay=0.9, max_iter=20).fit(X, Y)
    net, before = estimator.net_, estimator.predict_proba(X)
    for parameter in net.module_.parameters():
        parameter.data.zero_()
    np.testing.assert_array_equal(estimator.predict_proba(X), before)
    for parameter in net.average_.parameters():
        parameter.data.mul_(0.5)
    assert not np.array_equal(estimator.predict_proba(X), before)


@both
def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(make):
    estimator = make().fit(X, Y)
    one_by_one = np.concatenate([estimator.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(estimator.predict_proba(X), one_by_one, atol=1e-5)


@both
def test_class_weight_moves_predictions_towards_the_heavier_class(make):
    shares = []
    for weight in ({0: 100.0, 1: 1.0}, {0: 1.0, 1: 100.0}):
        estimator = make(class_weight=weight, max_iter=30, augment=None).fit(X, Y)
        shares.append(estimator.predict_proba(X)[:, 0].mean())
    assert shares[0] > shares[1] + 0.1


@both
def test_balanced_weights_are_counted_on_labelled_rows(make):
    y = few_labels()
    y[6:8] = 0  # 5 labels of class 0, 3 of class 1
    counts = np.bincount(y[y >= 0])
    explicit = {k: 8 / (2 * counts[k]) for k in range(2)}
    balanced, same = (make(class_weight=w).fit(X, y) for w in ("balanced", explicit))
    assert same_state(weights(balanced), weights(same))
    assert not same_state(weights(balanced), weights(make().fit(X, y)))


@both
def test_warm_start_goes_on_and_a_cold_start_begins_anew(make):
    warm = make(warm_start=True).fit(X, Y)
    first = weights(warm)
    warm.fit(X, Y)
    assert warm.n_iter_ == 6
    assert len(warm.history_) == 6
    assert not same_state(first, weights(warm))
    cold = make().fit(X, Y).fit(X, Y)
    assert cold.n_iter_ == 3
    assert same_state(first, weights(cold))


@both
def test_warm_start_refuses_other_classes_and_keeps_what_it_learnt(make):
    warm = make(warm_start=True).fit(X, Y)
    before = weights(warm)
    with pytest.raises(InvalidInputError, match=r"warm_start=True goes on with the classes"):
        warm.fit(X, few_labels(n_classes=3))
    assert same_state(before, weights(warm))


@both
def test_early_stopping_stops_and_restores_the_best_weights(make):
    # noise cannot be learnt: the held-out loss rises while the labels are learnt by heart
    y = few_labels(n_labeled=20)
    estimator = make(
        early_stopping=True,
        validation_fraction=0.4,
        max_iter=400,
        learning_rate=2e-2,
        augment=None,
        ema_decay=0.5,
    ).fit(X, y)
    valid = [record["valid_loss"] for record in estimator.history_]
    assert estimator.n_iter_ < 400
    assert np.argmin(valid) < len(valid) - 1
    _, held_out = hold_out(np.arange(20), y[:20], np.arange(2), 0.4, seed=0)
    log_p = estimator.predict_log_proba(X[held_out])[np.arange(len(held_out)), y[held_out]]
    assert -log_p.mean() == pytest.approx(min(valid), rel=1e-4)


@both
def test_early_stopping_with_too_few_labels_is_an_error_with_the_remedy(make):
    estimator = make(early_stopping=True)
    with pytest.raises(
        InvalidInputError, match=r"would hold out 0 of the 4 .*Change validation_fraction"
    ):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "net_")


def test_own_pair_of_networks_is_trained():
    def pair(input_shape, n_classes):
        assert input_shape == (1, 8, 8)
        assert n_classes == 2
        generator = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, input_shape))
        return generator, nn.Sequential(nn.Flatten(), nn.Linear(64, n_classes))

    assert_answers(sgan(network=pair).fit(X, Y), X)
    assert_answers(cnn(network=pair).fit(X, Y), X)
    assert_answers(cnn(network=lambda shape, k: pair(shape, k)[1]).fit(X, Y), X)


def test_history_and_fitted_attributes_say_what_happened():
    estimator = sgan(max_iter=4).fit(X, Y)
    assert [record["step"] for record in estimator.history_] == [1, 2, 3, 4]
    for record in estimator.history_:
        assert 0 <= record["realness_real"] <= 1
        assert 0 <= record["realness_fake"] <= 1
        assert record["feature_distance"] >= 0
        assert record["seconds"] > 0
        assert {"loss", "labeled_loss", "adversarial_loss", "generator_loss"} <= record.keys()
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.n_iter_ == 4


@both
def test_interrupted_training_warns_and_stays_usable(make):
    def augment(batch, calls=[]):  # noqa: B006 - counts its calls
        calls.append(1)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return batch

    with pytest.warns(TrainingInterruptedWarning, match="interrupted after"):
        estimator = make(augment=augment, max_iter=50).fit(X, Y)
    assert 0 < estimator.n_iter_ < 50
    assert_answers(estimator, X)


def test_interrupt_between_two_records_is_no_callbacks_wish_to_stop(monkeypatch):
    def interrupted(net, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(SemiSupervisedNet, "on_epoch_end", interrupted)
    with pytest.warns(TrainingInterruptedWarning, match="interrupted after 1 steps"):
        sgan(max_iter=50).fit(X, Y)


# ------------------------------------------------------------------ errors, before any training


def broken(index, value, dtype=float):
    rows = X.astype(dtype)
    rows[index] = value
    return rows


SQUARE = noise_images(height=3, width=8, channels=3)  # (3, 8, 3): channels at either end

BAD_DATA = {
    "no label": (X, np.full(24, -1), r"no labelled row.*Label some rows"),
    "one class": (X, np.where(Y == -1, -1, 7), r"1 labelled class \(7\).*Label more rows"),
    "NaN": (broken((3, 4, 5), np.nan), Y, r"contains NaN \(first in row 3.*Impute"),
    "infinity": (broken((3, 4, 5), np.inf), Y, r"contains infinity.*inf in row 3.*Rescale"),
    "text -1": (X, np.where(Y == -1, "-1", "a"), r"string '-1'.*store None"),
    "text": (X, np.where(Y == -1, None, "-1"), r"string '-1'.*store None"),
    "continuous": (X, np.where(Y == -1, -1, Y + 0.5), r"continuous.*Bin the values"),
    "lengths": (X, Y[:-1], r"inconsistent numbers of samples"),
    "ambiguous": (SQUARE, Y, r"\(3, 8, 3\), which could be .*Pass image_shape"),
    "no channels": (noise_images(channels=8), Y, r"channels at neither.*Pass image_shape"),
    "5-d": (X.reshape(24, 2, 2, 4, 4), Y, r"5 dimensions.*Reshape X"),
    "too small": (X[:, :3, :3], Y, r"3 x 3 pixels.*Enlarge or pad"),
    "strings": (X.astype(str), Y, r"dtype"),
}


@both
@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_an_error_that_names_the_value_and_the_remedy(make, case):
    rows, y, message = BAD_DATA[case]
    estimator = make()
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        estimator.fit(rows, y)
    assert not hasattr(estimator, "net_")


def returns(module):
    return lambda input_shape, n_classes: module


LINEAR = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
WIDE = nn.Sequential(nn.Flatten(), nn.Linear(64, 5))
NARROW = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
GENERATOR = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))

BAD_OPTIONS = {
    "network name": ({"network": "resnet"}, r"'network'.*'strided'.*Got 'resnet'"),
    "network for tables": ({"network": "mlp"}, r"network='mlp' needs a feature table.*'auto'"),
    "schedule": ({"learning_rate_schedule": "step"}, r"'learning_rate_schedule'.*Got 'step'"),
    "max_iter": ({"max_iter": 0}, r"'max_iter'.*\[1, inf\).*Got 0"),
    "learning_rate": ({"learning_rate": -1.0}, r"'learning_rate'.*Got -1.0"),
    "augment": ({"augment": ("flip", "zoom")}, r"unknown name 'zoom'; the names are shift"),
    "scaling": ({"scaling": "minmax"}, r"'scaling'.*Got 'minmax'"),
    "precision": ({"precision": "fp8"}, r"'precision'.*'bf16'.*Got 'fp8'"),
    "device": ({"device": "abacus"}, r"device='abacus' cannot be used.*device=\"auto\""),
    "class_weight": ({"class_weight": {5: 1.0}}, r"class 5, which is not among \[0, 1\]"),
    "weights": ({"class_weight": {0: -1.0}}, r"weight -1.0.*finite"),
    "image_shape": ({"image_shape": (7, 7)}, r"image_shape=\(7, 7\). Correct"),
    "optimizer": ({"optimizer_params": {"beta": 1}}, r"optimizer_params=.*'beta'.*Use its own"),
    "wrong logits": (
        {"network": returns((GENERATOR, WIDE))},
        r"logits of shape \(2, 5\); for 2 classes",
    ),
    "wrong input": ({"network": returns((GENERATOR, NARROW))}, r"cannot process a batch of shape"),
    "no module": ({"network": returns("LINEAR")}, r"returned str; a callable network must"),
}
BAD_OPTIONS_OF_SGAN = {
    "wrong images": (
        {"network": returns((nn.Linear(4, 64), LINEAR))},
        r"generator makes a batch of shape \(2, 64\).*must be \(2, 1, 8, 8\)",
    ),
    "no pair": ({"network": returns(LINEAR)}, r"must return a tuple \(generator, discriminator\)"),
    "fake_ratio": ({"fake_ratio": (1.0, 2.0, 3.0)}, r"fake_ratio=\(1.0, 2.0, 3.0\) is neither"),
    "generator_loss": ({"generator_loss": "hinge"}, r"'generator_loss'.*Got 'hinge'"),
    "weight": ({"adversarial_weight": -0.1}, r"'adversarial_weight'.*Got -0.1"),
}


def assert_refused(estimator, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "net_")
    assert not hasattr(estimator, "classes_")


@both
@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_unusable_option_is_an_error_that_names_the_value_and_the_choices(make, case):
    params, message = BAD_OPTIONS[case]
    assert_refused(make(**params), message)


@pytest.mark.parametrize("case", BAD_OPTIONS_OF_SGAN)
def test_unusable_option_of_the_sgan_is_an_error(case):
    params, message = BAD_OPTIONS_OF_SGAN[case]
    assert_refused(sgan(**params), message)


@pytest.mark.parametrize("network", ["pooled", "strided", "crater2021", "salimans2016_conv"])
@both
def test_image_networks_refuse_tables(make, network):
    estimator = make(network=network)
    with pytest.raises(InvalidInputError, match=rf"'{network}' needs images.*image_shape"):
        estimator.fit(X.reshape(24, -1), Y)
    assert not hasattr(estimator, "net_")


@both
@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_other_shapes_at_predict_are_errors_that_name_both(make, method):
    estimator = make().fit(X, Y)
    for rows in (X[:, :7], X[0], X.reshape(24, -1), X[:, None, None]):
        with pytest.raises(ValueError, match=re.escape(f"{rows.shape}") + r".*\(8, 8\)"):
            getattr(estimator, method)(rows)
    with pytest.raises(ValueError, match="NaN"):
        getattr(estimator, method)(broken((0, 0, 0), np.nan))


def test_pool_of_another_shape_or_scale_is_an_error():
    labeled = Y != -1
    with pytest.raises(InvalidInputError, match=r"X_unlabeled has shape \(24, 7, 8\)"):
        sgan().fit(X[labeled], Y[labeled], X_unlabeled=X[:, :7])
    with pytest.raises(InvalidInputError, match=r"uint8 and float64.*Convert"):
        sgan().fit(X[labeled], Y[labeled], X_unlabeled=X / 255.0)


def test_without_adversarial_weight_no_generator_is_trained_and_sample_says_so():
    estimator = sgan(adversarial_weight=0.0).fit(X, Y)
    assert "generator_loss" not in estimator.history_[-1]
    assert np.isfinite(estimator.predict_proba(X)).all()
    with pytest.raises(InvalidInputError, match=r"adversarial_weight=0.*above 0"):
        estimator.sample()


def test_sample_needs_a_positive_number():
    estimator = sgan().fit(X, Y)
    for n_samples in (0, -3, 2.5):
        with pytest.raises(InvalidInputError, match=f"n_samples={n_samples}"):
            estimator.sample(n_samples)


def test_loss_that_is_not_finite_is_an_error_and_never_swallowed():
    def bad_view(batch):
        return batch * torch.tensor(float("nan"))

    for make in BOTH:
        with pytest.raises(DivergenceError, match=r"loss became.*at step 1\..*Lower learning_rat"):
            make(augment=bad_view).fit(X, Y)


def test_new_data_of_the_same_kind_are_told_apart():
    # the point of it all: zeros from ones of the digits, with ten labels and in a second or so
    images, true, _ = digits(100)
    rows = np.flatnonzero(true < 2)
    y = np.full(len(rows), -1)
    for k in range(2):
        shown = np.flatnonzero(true[rows] == k)[:5]
        y[shown] = k
    estimator = sgan(max_iter=100, width=8, augment=None).fit(images[rows], y)
    assert estimator.score(images[rows], true[rows]) > 0.95


def test_importing_the_package_leaves_heavy_modules_for_later():
    heavy = ("skorch", "matplotlib", "pandas", "sklearn.metrics", "sklearn.preprocessing", "PIL")
    code = "import sys, torch, sklearn.base; before = set(sys.modules); import sgan_classifier; "
    code += f"print(*(set({heavy}) & (set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
