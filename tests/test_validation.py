import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from nearest_mean import SHAPES, NearestMean, fitted, pixels
from sklearn import config_context
from sklearn.utils.estimator_checks import parametrize_with_checks

from sgan_classifier._layout import infer_layout
from sgan_classifier._validation import check_pool, check_rows
from sgan_classifier.exceptions import InvalidInputError

MINUS_ONE_IS_A_CLASS = {
    "check_classifiers_classes": "one of its cases uses -1 as a class; here -1 means unlabelled"
}


@parametrize_with_checks(
    [NearestMean()], expected_failed_checks=lambda estimator: MINUS_ONE_IS_A_CLASS
)
def test_an_estimator_built_on_these_functions_passes_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        # the checks warn of conventions that this small class has no use for
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture
def estimator():
    return NearestMean()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64", ">f4"]
)
def test_numeric_rows_keep_dtype_and_memory(estimator, shape, dtype):
    X = pixels(*shape, dtype=np.int8).astype(dtype)
    before = X.copy()
    rows = check_rows(estimator, X, reset=True)
    assert np.shares_memory(rows, X)
    assert rows.dtype == X.dtype
    assert rows.shape == shape
    np.testing.assert_array_equal(X, before)
    assert estimator.n_features_in_ == np.prod(shape[1:])


@pytest.mark.parametrize("shape", SHAPES)
def test_bool_rows_stay_what_they_are(estimator, shape):
    X = pixels(*shape) > 100
    rows = check_rows(estimator, X, reset=True)
    assert rows.dtype == np.bool_
    assert np.shares_memory(rows, X)
    np.testing.assert_array_equal(rows, X)


@pytest.mark.parametrize("shape", SHAPES)
def test_object_rows_become_float64(estimator, shape):
    X = pixels(*shape).astype(object)
    rows = check_rows(estimator, X, reset=True)
    assert rows.dtype == np.float64
    assert X.dtype == object


@pytest.mark.parametrize(
    "arrange",
    [
        lambda X: X[::2],
        lambda X: X[:, ::-1],
        lambda X: np.asfortranarray(X),
        lambda X: np.moveaxis(X, 0, -1).copy().transpose(2, 0, 1),
        lambda X: np.broadcast_to(X[:1], (6, 8, 6)),
    ],
)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
def test_read_only_and_non_contiguous_rows_are_not_copied(estimator, arrange, dtype):
    X = arrange(pixels(6, 8, 6, dtype=dtype))
    X.flags.writeable = False
    rows = check_rows(estimator, X, reset=True)
    assert np.shares_memory(rows, X)
    np.testing.assert_array_equal(rows, X)


@pytest.mark.parametrize("shape", [(4, 5), (4, 8, 6)])
def test_lists_and_tuples_are_read_as_arrays(estimator, shape):
    X = pixels(*shape)
    np.testing.assert_array_equal(check_rows(estimator, X.tolist(), reset=True), X)
    np.testing.assert_array_equal(check_rows(estimator, tuple(X), reset=True), X)


def test_a_memory_map_of_1e5_images_adds_no_memory(estimator, tmp_path):
    X = np.memmap(tmp_path / "X", dtype=np.uint8, mode="w+", shape=(100_000, 8, 8))
    X.flush()
    X = np.memmap(tmp_path / "X", dtype=np.uint8, mode="r", shape=(100_000, 8, 8))
    check_rows(NearestMean(), X[:2], reset=True)  # first-call imports are not what is measured
    tracemalloc.start()
    try:
        rows = check_rows(estimator, X, reset=True)
        inputs = infer_layout(rows.shape, None).to_channels_first(rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(rows, np.memmap)
    assert np.shares_memory(inputs, X)
    assert peak < 200_000  # X is 6.4 MB


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X contains NaN \(first in row 99999, position \(7, 5\)\)"),
        (np.inf, r"X contains infinity.*: inf in row 99999, position \(7, 5\)"),
        (-np.inf, r"X contains infinity.*: -inf in row 99999, position \(7, 5\)"),
    ],
)
def test_one_bad_pixel_in_the_last_row_of_a_memory_map_is_found(
    estimator, tmp_path, value, message
):
    X = np.memmap(tmp_path / "X", dtype=np.float32, mode="w+", shape=(100_000, 8, 8))
    X[-1, 7, 5] = value
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match=message):
            check_rows(estimator, X, reset=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000  # masks of the last chunk, where X is 25.6 MB
    X[-1, 7, 5] = 0.0
    assert isinstance(check_rows(estimator, X, reset=True), np.memmap)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "object"])
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
def test_values_that_are_not_finite_are_errors_with_a_remedy(estimator, shape, dtype, value, word):
    X = pixels(*shape).astype(dtype)
    X[(3, *(1 for _ in shape[1:]))] = value
    with pytest.raises(InvalidInputError, match=rf"(?s){word}.*row 3.*leave those rows out"):
        check_rows(estimator, X, reset=True)


def test_the_first_of_several_bad_rows_is_named(estimator):
    X = pixels(9, 4, 4)
    X[5, 0, 0], X[2, 3, 1] = np.nan, np.inf
    with pytest.raises(InvalidInputError, match=r"inf in row 2, position \(3, 1\)"):
        check_rows(estimator, X, reset=True)


@pytest.mark.parametrize("value", [1e39, -1e39, 1e308])
def test_values_that_float32_cannot_hold_are_errors(estimator, value):
    X = pixels(4, 3, dtype=np.float64)
    X[2, 1] = value
    with pytest.raises(InvalidInputError, match=r"too large for dtype\('float32'\): -?1e\+"):
        check_rows(estimator, X, reset=True)


@pytest.mark.parametrize("value", [2e38, -2e38, 1e-300, 2**63])
def test_values_that_float32_can_hold_pass(estimator, value):
    X = pixels(4, 3, dtype=np.float64)
    X[2, 1] = value
    assert check_rows(estimator, X, reset=True) is not None


def test_only_the_value_that_float32_cannot_hold_is_named(estimator):
    X = np.array([[2e38, -2e38], [1e39, 0.0]])
    with pytest.raises(InvalidInputError, match=r"1e\+39 in row 1, position \(0,\)"):
        check_rows(estimator, X, reset=True)


def test_a_single_value_is_checked(estimator):
    with pytest.raises(InvalidInputError, match="NaN"):
        check_rows(estimator, np.array([[np.nan]]), reset=True)


def test_images_without_pixels_are_left_to_the_layout_to_refuse(estimator):
    assert check_rows(estimator, np.zeros((5, 0, 8)), reset=True).shape == (5, 0, 8)


def test_integers_too_large_for_any_float_are_errors(estimator):
    X = np.array([[1, 10**400], [2, 3]], dtype=object)
    with pytest.raises(InvalidInputError, match="too large for dtype"):
        check_rows(estimator, X, reset=True)


def test_the_search_can_be_left_out_as_in_scikit_learn(estimator):
    with config_context(assume_finite=True):
        assert np.isnan(check_rows(estimator, np.full((3, 2), np.nan), reset=True)).all()


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((0, 5)), ValueError, r"0 sample\(s\)"),
        (np.zeros((0, 8, 8)), ValueError, r"0 sample\(s\)"),
        (np.zeros((5, 0)), ValueError, r"0 feature\(s\) \(shape=\(5, 0\)\)"),
        (np.zeros(5), ValueError, "Reshape your data"),
        ([1.0, 2.0], ValueError, "Reshape your data"),
        (3.0, ValueError, "Reshape your data"),
        (None, ValueError, "Reshape your data"),
        ([], ValueError, "Reshape your data"),
        (np.zeros((5, 2), complex), ValueError, "Complex data not supported"),
        (np.zeros((5, 8, 8), complex), ValueError, "Complex data not supported"),
        (sp.csr_array(np.eye(5)), TypeError, "(?i)sparse.*dense.*toarray"),
        (np.full((5, 2), "a"), ValueError, "could not convert|strings"),
        (np.full((5, 8, 8), "a", object), ValueError, "could not convert"),
        (np.full((5, 2), {"a": 1}, object), TypeError, "argument must be .* string.* number"),
        (np.zeros((5, 2), "datetime64[s]"), InvalidInputError, r"dtype datetime64\[s\]"),
        (np.zeros((5, 8, 8), "timedelta64[s]"), InvalidInputError, "dtype timedelta64"),
        ([[1, 2], [3]], InvalidInputError, "rows of different shapes.*Crop or resize"),
        ([np.zeros((8, 8)), np.zeros((9, 9))], InvalidInputError, "rows of different shapes"),
        (np.ma.masked_equal(np.eye(3), 1), InvalidInputError, r"3 masked values.*filled"),
        (np.ma.masked_equal(np.eye(6)[None], 1), InvalidInputError, r"6 masked values.*filled"),
    ],
)
def test_rows_that_cannot_be_used_are_errors(estimator, X, error, message):
    with pytest.raises(error, match=message):
        check_rows(estimator, X, reset=True)


def test_a_masked_array_without_masked_values_passes(estimator):
    X = np.ma.masked_array(pixels(3, 8, 8), mask=False)
    rows = check_rows(estimator, X, reset=True)
    assert type(rows) is np.ndarray
    assert np.shares_memory(rows, X.data)


@pytest.mark.parametrize(
    "index",
    [[5, 5, 5, 5], ["d", "c", "b", "a"], pd.date_range("2020-01-01", periods=4),
     pd.MultiIndex.from_product([[1, 2], ["x", "y"]])],
)  # fmt: skip
def test_frames_are_read_by_position_whatever_their_index(estimator, index):
    values = pixels(4, 3)
    X = pd.DataFrame(values, columns=["u", "v", "w"], index=index)
    before = X.copy()
    np.testing.assert_array_equal(check_rows(estimator, X, reset=True), values)
    assert estimator.feature_names_in_.tolist() == ["u", "v", "w"]
    pd.testing.assert_frame_equal(X, before)
    with pytest.raises(ValueError, match="feature names"):
        check_rows(estimator, X[["w", "v", "u"]], reset=False)


def test_frames_of_nullable_columns_are_numbers_and_missing_values_errors(estimator):
    X = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]}).convert_dtypes()
    assert check_rows(estimator, X, reset=True).dtype.kind == "f"
    X.loc[1, "a"] = pd.NA
    with pytest.raises(InvalidInputError, match=r"NaN \(first in row 1, position \(0,\)\)"):
        check_rows(estimator, X, reset=True)


def test_images_have_no_feature_names(estimator):
    check_rows(estimator, pd.DataFrame({"a": [1.0], "b": [2.0]}), reset=True)
    check_rows(estimator, pixels(2, 8, 6), reset=True)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 48


@pytest.mark.parametrize(
    ("seen", "image_shape", "X", "message"),
    [
        ((9, 8, 6), None, (5, 6, 8), r"rows of shape \(6, 8\).* have shape \(8, 6\)"),
        ((9, 8, 6), None, (5, 48), r"rows of shape \(48,\).* have shape \(8, 6\)"),
        ((9, 8, 6), None, (8, 6), r"rows of shape \(6,\).* have shape \(8, 6\).*np\.newaxis"),
        ((9, 8, 6, 3), None, (5, 3, 8, 6), r"\(3, 8, 6\).* have shape \(8, 6, 3\)"),
        ((9, 48), (8, 6), (5, 8, 6), r"\(8, 6\).* have shape \(48,\)"),
        ((9, 48), None, (5, 8, 6), r"\(8, 6\).* have shape \(48,\)"),
        ((9, 48), None, (5, 47), "X has 47 features, but NearestMean is expecting 48 features"),
        ((9, 48), (8, 6), (5, 1), "X has 1 features, but NearestMean is expecting 48 features"),
    ],
)
def test_rows_of_another_shape_than_in_fit_are_errors(seen, image_shape, X, message):
    estimator = fitted(pixels(*seen), image_shape)
    with pytest.raises(ValueError, match=message):
        check_rows(estimator, pixels(*X), reset=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_the_shape_in_fit_pass_in_any_number_and_dtype(shape):
    estimator = fitted(pixels(*shape))
    X = pixels(2, *shape[1:], dtype=np.uint8)
    rows = check_rows(estimator, X, reset=False)
    assert rows.dtype == np.uint8
    assert np.shares_memory(rows, X)


def test_columns_of_one_name_are_an_error(estimator):
    frame = pd.DataFrame(np.zeros((4, 3)), columns=["a", "b", "a"])
    with pytest.raises(InvalidInputError, match=r"2 columns named 'a'\. Rename"):
        check_rows(estimator, frame, reset=True)


def test_sparse_frames_say_how_to_make_them_dense(estimator):
    frame = pd.DataFrame(np.eye(3))
    for fill in (0.0, np.nan):
        sparse = frame.astype(pd.SparseDtype(float, fill))
        with pytest.raises(InvalidInputError, match=r"X is .*sparse.*Pass X.sparse.to_dense"):
            check_rows(estimator, sparse, reset=True)
    partly = frame.astype({1: pd.SparseDtype(float, 0.0)})
    with pytest.warns(UserWarning, match="will be converted to a dense"):  # scikit-learn's
        rows = check_rows(estimator, partly, reset=True)
    np.testing.assert_array_equal(rows, np.eye(3))


class ArrowTable:
    """What counts of a table of pyarrow: names, and columns that have no hash."""

    column_names, shape = ("a", "b"), (2, 2)

    @property
    def columns(self):
        return [np.zeros(2), np.ones(2)]

    def __array__(self, dtype=None, copy=None):
        return np.stack(self.columns, axis=1)


def test_tables_of_pyarrow_are_read(estimator):
    np.testing.assert_array_equal(check_rows(estimator, ArrowTable(), reset=True), [[0, 1]] * 2)


def test_tensors_that_numpy_cannot_hold_are_an_error(estimator):
    for tensor in (torch.zeros(4, 3).bfloat16(), torch.zeros(4, 3, requires_grad=True)):
        with pytest.raises(InvalidInputError, match="X, a Tensor, cannot be read as an array"):
            check_rows(estimator, tensor, reset=True)
    rows = check_rows(estimator, torch.ones(4, 3), reset=True)
    np.testing.assert_array_equal(rows, np.ones((4, 3)))


def test_text_in_tables_is_an_error_that_says_to_encode_it(estimator):
    rows = np.array([[1.0, "crater"], [2.0, "plain"]], dtype=object)
    with pytest.raises(InvalidInputError, match=r"X holds text: .*'crater'. Encode categories"):
        check_rows(estimator, rows, reset=True)
    table = pd.DataFrame({"size": [1.0, 2.0], "kind": pd.Categorical(["crater", "plain"])})
    with pytest.raises(InvalidInputError, match=r"X holds text: .*'crater'. Encode categories"):
        check_rows(estimator, table, reset=True)
    table["kind"] = pd.Categorical([0, 1])
    np.testing.assert_array_equal(check_rows(estimator, table, reset=True), [[1, 0], [2, 1]])


@pytest.mark.parametrize("value", [pd.Timestamp("2020"), pd.Timedelta("1s")])
def test_dates_in_tables_are_an_error_that_says_so(estimator, value):
    table = pd.DataFrame({"size": [1.0, 2.0], "time": [value] * 2})
    with pytest.raises(InvalidInputError, match="X holds dates or durations beside numbers"):
        check_rows(estimator, table, reset=True)


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((4, 5), r"A single row is X_unlabeled\[np.newaxis\]"),
        ((7, 20), r"Pass rows of that shape\. The steps of a Pipeline"),
    ],
)
def test_a_pool_of_another_shape_is_told_why(estimator, shape, remedy):
    layout = infer_layout((9, 4, 5), None)
    with pytest.raises(InvalidInputError, match=remedy):
        check_pool(estimator, np.zeros(shape), layout)
