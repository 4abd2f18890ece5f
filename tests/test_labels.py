import re
import sys

import numpy as np
import pytest

from sgan_classifier import CNNClassifier
from sgan_classifier._labels import is_unlabeled, known_labels
from sgan_classifier.model_selection import mask_labels


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, np.float64, object])
def test_minus_one_is_unlabelled_in_every_numeric_dtype(dtype):
    assert is_unlabeled(np.array([0, 1, -1, 2], dtype=dtype)).tolist() == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("dtype", [np.uint8, bool, "U5"])
def test_dtypes_without_a_marker_are_all_labelled(dtype):
    assert not is_unlabeled(np.array([0, 1, 2], dtype=dtype)).any()


def test_none_nan_and_minus_one_are_unlabelled_among_strings():
    y = np.array(["a", None, np.nan, -1, -1.0, np.int8(-1), np.float32("nan"), "b"], dtype=object)
    assert is_unlabeled(y).tolist() == [False] + 6 * [True] + [False]


@pytest.mark.parametrize(
    "dtype", ["Int64", "Float64", "category", "object", "string", "str", "boolean"]
)
def test_pandas_columns_with_missing_values(dtype):
    pd = pytest.importorskip("pandas")
    values = {"boolean": [True, None, False], "Int64": [1, None, 0], "Float64": [1.0, None, 0.0]}
    column = pd.Series(values.get(dtype, ["a", None, "b"]), dtype=dtype)
    assert is_unlabeled(column).tolist() == [False, True, False]


class Column:
    """Integers with a missing value, as NumPy and as lists see them."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=float)


class PolarsColumn(Column):
    def null_count(self):
        return self.values.count(None)

    def to_list(self):
        return self.values


class ArrowColumn(Column):
    @property
    def null_count(self):
        return self.values.count(None)

    def to_pylist(self):
        return self.values


@pytest.mark.parametrize("kind", [PolarsColumn, ArrowColumn, "polars", "pyarrow"])
def test_large_integers_beside_nulls_stay_apart(kind):
    values = [2**53, 2**53 + 1, None]
    if isinstance(kind, str):
        library = pytest.importorskip(kind)
        kind = library.Series if kind == "polars" else library.array
    labels, labeled = known_labels(kind(values))
    assert labels.tolist() == values[:2]
    assert labeled.tolist() == [True, True, False]
    masked = mask_labels(kind([*values, *values]), 2, random_state=0)
    assert sorted(masked[~is_unlabeled(masked)].tolist()) == values[:2]


@pytest.mark.parametrize(
    "y",
    [
        np.array(["a", -1]),
        np.array(["a", np.nan]),
        np.array([b"a", b"-1"]),
        np.array(["a", "-1"], dtype=object),
        np.array([b"a", b"-1"], dtype=object),
        np.array(["a", ""]),
        np.array([b"a", b""]),
        np.array(["a", " "], dtype=object),
        np.array(["a", " NaN"]),
    ],
)
def test_text_that_was_a_marker_is_an_error_whose_remedy_works(y):
    with pytest.raises(ValueError, match="store None in an object array"):
        is_unlabeled(y)
    if y.dtype.kind == "U":
        text = y[1]
        assert is_unlabeled(np.where(y == text, None, y.astype(object))).tolist() == [False, True]


def test_text_that_was_a_marker_is_named():
    days = np.array(["2026-01-01", "NaT"], dtype="M8[D]")
    made = [np.array(["a", marker])[1] for marker in (-1, -1.0, np.nan)]
    made += [days.astype(str)[1], str(pytest.importorskip("pandas").NA)]
    for text in map(str, made):
        for y in (np.array(["a", text]), np.array(["a", text], dtype=object)):
            with pytest.raises(ValueError, match=re.escape(f"holds the string {text!r}")):
                is_unlabeled(y)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_strings_of_numpy_s_own_dtype_are_read_as_objects(missing):
    dtype = np.dtypes.StringDType(na_object=missing)
    y = np.array(["a", missing, "b", "a"], dtype=dtype)
    assert is_unlabeled(y).tolist() == [False, True, False, False]
    masked = mask_labels(y, 2, random_state=0)
    assert sorted(masked[~is_unlabeled(masked)].tolist()) == ["a", "b"]
    images = np.random.default_rng(0).random((4, 5, 5))
    model = CNNClassifier(max_iter=2, width=4, random_state=0).fit(images, y)
    assert model.classes_.tolist() == ["a", "b"]


def test_bytes_that_are_no_text_are_labels():
    assert not is_unlabeled(np.array([b"\xff", b"a"], dtype=object)).any()


def test_other_objects_are_labels_where_pandas_was_never_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    assert is_unlabeled(np.array([frozenset("a"), None], dtype=object)).tolist() == [False, True]


def test_known_labels_are_what_metrics_accept():
    labels, labeled = known_labels(np.array([1, None, 0, -1], dtype=object))
    assert labels.dtype.kind == "i"
    assert labels.tolist() == [1, 0]
    assert labeled.tolist() == [True, False, True, False]


@pytest.mark.parametrize("kind", [np.array, "frame", "nullable frame"])
def test_a_column_of_labels_is_read_as_fit_reads_it(kind):
    y = [[1], [-1], [0], [1]]
    if isinstance(kind, str):
        pd = pytest.importorskip("pandas")
        column = pd.DataFrame({"y": [1, -1, 0, 1]}, dtype="int64" if kind == "frame" else "Int64")
    else:
        column = kind(y)
    labels, labeled = known_labels(column)
    assert labels.tolist() == [1, 0, 1]
    assert labeled.tolist() == [True, False, True, True]
    masked = mask_labels(column, 2, random_state=0)
    assert masked.shape == (4,)
    assert sorted(masked[~is_unlabeled(masked)].tolist()) == [0, 1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([-1, -1], "None of the 2 rows"),
        ([[0, 1], [1, 0]], r"expected \(n_samples,\)"),
        (None, "y is None; expected one label a row"),
        ([1, "a", None], r"y mixes labels of different types: int \(1\) and str \('a'\)"),
    ],
)
def test_known_labels_says_what_is_wrong(y, message):
    with pytest.raises(ValueError, match=message):
        known_labels(y)
