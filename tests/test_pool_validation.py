"""Unlabelled rows beside X: which are taken, without a copy, and which are refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from nearest_mean import SHAPES, fitted, pixels

from sgan_classifier._validation import check_pool
from sgan_classifier.exceptions import InvalidInputError


class Pool:
    def __init__(self, array):
        self.array = array


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wrap", [lambda pool: pool, Pool])
def test_a_pool_is_checked_without_a_copy(shape, wrap):
    estimator = fitted(pixels(*shape))
    pool = pixels(20, *shape[1:], dtype=np.uint8)
    rows = check_pool(estimator, wrap(pool), estimator._layout)
    assert rows.dtype == np.uint8
    assert np.shares_memory(rows, pool)


def test_a_memory_map_stays_one_in_a_pool(tmp_path):
    estimator = fitted(pixels(3, 8, 6))
    pool = np.memmap(tmp_path / "pool", dtype=np.uint8, mode="w+", shape=(50, 8, 6))
    assert isinstance(check_pool(estimator, Pool(pool), estimator._layout), np.memmap)


@pytest.mark.parametrize(
    "pool", [None, [], np.zeros((0, 8, 6)), np.zeros((0, 3)), Pool(None), Pool(np.zeros((0, 8, 6)))]
)
def test_a_pool_without_rows_is_none(pool):
    estimator = fitted(pixels(3, 8, 6))
    assert check_pool(estimator, pool, estimator._layout) is None


@pytest.mark.parametrize(
    ("pool", "error", "message"),
    [
        (np.zeros((5, 6, 8)), InvalidInputError, r"X_unlabeled .*\(6, 8\).* \(8, 6\)"),
        (np.zeros((5, 48)), InvalidInputError, r"X_unlabeled .*\(48,\).* \(8, 6\)"),
        (3.0, InvalidInputError, "X_unlabeled has shape"),
        (np.full((5, 8, 6), np.nan), InvalidInputError, "X_unlabeled contains NaN"),
        (np.full((5, 8, 6), 1e39), InvalidInputError, "X_unlabeled contains infinity or a value"),
        (np.full((5, 8, 6), 1j), ValueError, "Complex data not supported"),
        (np.full((5, 8, 6), 10**400, object), InvalidInputError, "X_unlabeled .* too large"),
        (np.ma.masked_equal(np.ones((5, 8, 6)), 1), InvalidInputError, "X_unlabeled is a masked"),
        ([[1], [2, 3]], InvalidInputError, "X_unlabeled is a list of rows of different"),
    ],
)
def test_a_pool_that_cannot_be_used_is_an_error(pool, error, message):
    estimator = fitted(pixels(3, 8, 6))
    with pytest.raises(error, match=message):
        check_pool(estimator, pool, estimator._layout)
    with pytest.raises(error, match=message):
        check_pool(estimator, Pool(pool), estimator._layout)


def test_a_sparse_pool_is_an_error():
    estimator = fitted(pixels(3, 5))
    with pytest.raises(TypeError, match=r"(?i)sparse.*dense.*toarray"):
        check_pool(estimator, sp.csr_array(np.eye(5)), estimator._layout)


def test_the_columns_of_a_pool_are_those_of_x():
    X = pd.DataFrame(pixels(4, 2), columns=["array", "b"])
    estimator = fitted(X)
    np.testing.assert_array_equal(check_pool(estimator, X, estimator._layout), X.to_numpy())
    np.testing.assert_array_equal(
        check_pool(estimator, X.to_numpy(), estimator._layout), X.to_numpy()
    )
    with pytest.raises(ValueError, match="feature names"):
        check_pool(estimator, X[["b", "array"]], estimator._layout)


def test_a_pool_with_columns_goes_with_an_array_without():
    estimator = fitted(pixels(4, 2))
    pool = pd.DataFrame(pixels(3, 2), columns=["array", "b"])
    assert check_pool(estimator, pool, estimator._layout).shape == (3, 2)
