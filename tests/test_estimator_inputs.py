"""What both estimators take: images, tables, containers and labels of every kind."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import DataConversionWarning
from tiny import assert_answers, both, cnn, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier.exceptions import (
    InputScaleWarning,
    InvalidInputError,
    NoUnlabeledRowsWarning,
)
from sgan_classifier.model_selection import SemiSupervisedKFold, UnlabeledPool

X, Y = noise_images(), few_labels()


# ------------------------------------------------------------------ images


@both
def test_masks_are_told_from_bytes(make):
    masks = noise_images() > 127
    estimator = make().fit(masks, Y)
    np.testing.assert_array_equal(
        estimator.predict_proba(masks), make().fit(masks / 1.0, Y).predict_proba(masks / 1.0)
    )
    with pytest.warns(InputScaleWarning, match="uint8 values of up to 255"):
        estimator.predict(masks * np.uint8(255))
    with pytest.warns(InputScaleWarning, match="bool values of up to 1"):
        make().fit(noise_images(), Y).predict(masks)


def test_masks_beside_bytes_are_refused():
    with pytest.raises(InvalidInputError, match="bool and uint8"):
        sgan().fit(noise_images() > 127, Y, X_unlabeled=noise_images(30))


def test_an_array_of_images_as_objects_says_what_to_do():
    images = np.empty(24, dtype=object)
    images[:] = list(noise_images())
    with pytest.raises(InvalidInputError, match=r"np\.stack\(X\)"):
        cnn().fit(images, Y)


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
    with pytest.raises(
        InvalidInputError, match=r"All 8 labelled rows .*X was made\. scaling='range'"
    ):
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
def test_features_of_nullable_float64_columns_are_float64(make):
    table = pd.DataFrame(X.reshape(24, -1)[:, :3], columns=["a", "b", "c"]).astype("Float64")
    assert make().fit(table, Y).transform(table).dtype == np.float64


@both
def test_rows_that_are_no_array_are_refused_by_every_method(make):
    estimator = make().fit(X, Y)
    rows = torch.from_numpy(X).float().requires_grad_()
    for method in ("predict", "predict_proba", "predict_log_proba", "transform"):
        with pytest.raises(InvalidInputError, match=r"requires grad.*Pass an array"):
            getattr(estimator, method)(rows)


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
def test_a_column_of_labels_is_fitted_scored_and_split(make):
    column = Y[:, np.newaxis]
    with pytest.warns(DataConversionWarning, match="column-vector"):
        estimator = make().fit(X, column)
    for y in (column, pd.DataFrame(column)):
        assert estimator.score(X, y) == estimator.score(X, Y)
    for parts in zip(
        SemiSupervisedKFold(2).split(X, column), SemiSupervisedKFold(2).split(X, Y), strict=True
    ):
        np.testing.assert_equal(*parts)
    with pytest.raises(InvalidInputError, match="y is None; expected one label a row"):
        estimator.score(X, None)


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
    with pytest.warns(
        NoUnlabeledRowsWarning, match=r"No row is unlabelled.*-1, among strings with None"
    ) as caught:
        estimator = sgan().fit(X[labeled], Y[labeled])
    assert caught[0].filename == __file__  # the warning points at the caller's line
    assert_answers(estimator, X)
    cnn().fit(X[labeled], Y[labeled])  # the baseline has nothing to warn about


@pytest.mark.parametrize("wrap", [np.asarray, UnlabeledPool, list])
def test_x_unlabeled_may_be_an_array_a_pool_or_a_list(wrap):
    labeled = Y != -1
    estimator = sgan().fit(X[labeled], Y[labeled], X_unlabeled=wrap(X[~labeled]))
    assert_answers(estimator, X)
