import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgan_classifier._labels import is_unlabeled
from sgan_classifier.model_selection import mask_labels

Y = np.repeat([0, 1, 2], [60, 30, 10])


def kept(y):
    return np.flatnonzero(~is_unlabeled(y)).tolist()


@pytest.mark.parametrize(
    ("n_labels", "balanced", "seed", "rows"),
    [
        (6, True, 0, [26, 35, 71, 72, 91, 97]),
        (10, True, 1, [2, 39, 41, 61, 70, 85, 92, 94, 95, 97]),
        (10, False, 0, [2, 11, 26, 28, 35, 59, 71, 72, 85, 97]),
        (7, False, 5, [31, 34, 42, 52, 64, 85, 96]),
    ],
)
def test_a_seed_draws_the_same_rows_in_every_version(n_labels, balanced, seed, rows):
    assert kept(mask_labels(Y, n_labels, balanced=balanced, random_state=seed)) == rows


@pytest.mark.parametrize(
    ("n_labels", "balanced", "counts"),
    [
        (9, True, [3, 3, 3]),
        (30, True, [10, 10, 10]),
        (50, False, [30, 15, 5]),
        (4, False, [2, 1, 1]),
        (3, False, [1, 1, 1]),
        (100, False, [60, 30, 10]),
    ],
)
def test_labels_a_class(n_labels, balanced, counts):
    masked = mask_labels(Y, n_labels, balanced=balanced, random_state=3)
    assert np.bincount(masked[masked != -1]).tolist() == counts


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    fraction=st.floats(0, 1),
    balanced=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_any_draw_keeps_what_it_says(sizes, fraction, balanced, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    most = min(sizes) * len(sizes) if balanced else len(y)
    n_labels = len(sizes) + int(fraction * (most - len(sizes)))
    masked = mask_labels(y, n_labels, balanced=balanced, random_state=seed)
    rows = masked != -1
    np.testing.assert_array_equal(masked[rows], y[rows])
    counts = np.bincount(masked[rows], minlength=len(sizes))
    assert counts.sum() == n_labels
    assert counts.min() >= 1
    if balanced:
        assert np.ptp(counts) <= 1
    else:
        share = n_labels * np.array(sizes) / len(y)
        assert (counts <= np.maximum(1, np.ceil(share))).all()


def test_the_remainder_goes_to_classes_drawn_at_random():
    draws = [mask_labels(Y, 4, random_state=seed) for seed in range(20)]
    assert {np.bincount(y[y != -1]).argmax() for y in draws} == {0, 1, 2}


def test_a_larger_draw_of_a_seed_contains_the_smaller_one():
    draws = [set(kept(mask_labels(Y, n, random_state=7))) for n in range(3, 31)]
    assert all(a < b for a, b in itertools.pairwise(draws))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.int8, np.int8),
        (np.int64, np.int64),
        (np.float32, np.float32),
        (object, object),
        (np.uint8, np.int16),
        (np.uint64, np.int64),
        ("U3", object),
        ("S3", object),
    ],
)
def test_dtype_is_kept_where_it_has_room_for_a_marker(dtype, expected):
    y = Y.astype(dtype)
    masked = mask_labels(y, 6, random_state=0)
    assert masked.dtype == expected
    rows = ~is_unlabeled(masked)
    assert rows.sum() == 6
    assert masked[rows].tolist() == y[rows].tolist()
    assert kept(masked) == kept(mask_labels(Y, 6, random_state=0))


def test_booleans_become_small_integers():
    masked = mask_labels(np.array([True, False, True]), 2, random_state=0)
    assert masked.dtype == np.int8


def test_y_is_left_as_it_was():
    y = Y.copy()
    mask_labels(y, 6, random_state=0)
    np.testing.assert_array_equal(y, Y)


def test_rows_unlabelled_before_are_never_drawn():
    y = Y.copy()
    y[:55] = -1
    masked = mask_labels(y, 15, random_state=0)
    assert (masked[:55] == -1).all()
    assert np.bincount(masked[masked != -1]).tolist() == [5, 5, 5]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "str", "category", "object"])
def test_a_series_stays_a_series(dtype):
    pd = pytest.importorskip("pandas")
    y = pd.Series(Y, index=np.arange(100) + 5, name="kind").astype(dtype)
    masked = mask_labels(y, 6, random_state=0)
    assert masked.dtype == y.dtype
    assert masked.name == "kind"
    assert masked.index.equals(y.index)
    assert kept(masked) == kept(mask_labels(Y, 6, random_state=0))


@pytest.mark.parametrize(
    ("n_labels", "balanced", "error", "message"),
    [
        (2, True, ValueError, "less than the 3 classes"),
        (101, False, ValueError, "more than the 100 labelled rows"),
        (33, True, ValueError, r"Class 2 has 10 .* takes 11 .* n_labels=30 or less"),
        (6.0, True, TypeError, "no integer"),
    ],
)
def test_draws_that_cannot_be_made_raise_with_the_remedy(n_labels, balanced, error, message):
    with pytest.raises(error, match=message):
        mask_labels(Y, n_labels, balanced=balanced, random_state=0)
