import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from tiny import one_line

from sgan_classifier._targets import check_class_weight, check_classes, encode_labels
from sgan_classifier.exceptions import InvalidInputError

NAN, NA = np.nan, pd.NA
LABELS = [
    # y, classes, dtype kind of the classes, codes
    (np.array([7, -1, 5, 7]), [5, 7], "i", [1, -1, 0, 1]),
    (np.array([7, -1, 5, 7], np.int8), [5, 7], "i", [1, -1, 0, 1]),
    (np.array([0, -1, -2]), [-2, 0], "i", [1, -1, 0]),
    (np.array([1, 255], np.uint8), [1, 255], "u", [0, 1]),
    (np.array([2**64 - 1, 3], np.uint64), [3, 2**64 - 1], "u", [1, 0]),
    (np.array([0, 255, 254], np.uint8), [0, 254, 255], "u", [0, 2, 1]),
    (np.array([0, 255, 9], np.uint8).astype(int), [0, 9, 255], "i", [0, 2, 1]),
    (np.array([0, 2**64 - 1, 9], np.uint64).astype(object), [0, 9, 2**64 - 1], "u", [0, 2, 1]),
    (np.array([2**62, 2**62 + 1, -1]), [2**62, 2**62 + 1], "i", [0, 1, -1]),
    (np.array([2**64 - 1, 3, None], object), [3, 2**64 - 1], "u", [1, 0, -1]),
    (np.array([-(2**63), 3, None], object), [-(2**63), 3], "i", [0, 1, -1]),
    (np.array([0.0, NAN, 2.0]), [0, 2], "f", [0, -1, 1]),
    (np.array([0, -1, 2], np.float32), [0, 2], "f", [0, -1, 1]),
    (np.array([True, False, True]), [False, True], "b", [1, 0, 1]),
    (np.array([True, False, None, -1], object), [False, True], "b", [1, 0, -1, -1]),
    (np.array(["b", "a"]), ["a", "b"], "U", [1, 0]),
    (np.array(["b", "a", -1, None, NAN, NA], object), ["a", "b"], "O", [1, 0, -1, -1, -1, -1]),
    (np.array([7, 5, -1, None, NAN, NA], object), [5, 7], "i", [1, 0, -1, -1, -1, -1]),
    (np.array([1.0, 0.0, None], object), [0, 1], "f", [1, 0, -1]),
    (np.array([np.int16(3), np.uint8(4)], object), [3, 4], "i", [0, 1]),
    ([7, -1, 5], [5, 7], "i", [1, -1, 0]),
    ((7, None, 5), [5, 7], "i", [1, -1, 0]),
    (["b", "a", None], ["a", "b"], "O", [1, 0, -1]),
    (["b", "a", -1], ["a", "b"], "O", [1, 0, -1]),
    (["b", "a", NAN], ["a", "b"], "O", [1, 0, -1]),
    ([True, False], [False, True], "b", [1, 0]),
    (pd.Series([7, -1, 5], index=[9, 9, 9]), [5, 7], "i", [1, -1, 0]),
    (pd.Series([7, NA, 5], dtype="Int64"), [5, 7], "i", [1, -1, 0]),
    (pd.Series([7, 5], dtype="UInt8"), [5, 7], "i", [1, 0]),
    (pd.Series([7, NA, 5], dtype="Float64"), [5, 7], "f", [1, -1, 0]),
    (pd.Series(["b", NA, "a"], dtype="string"), ["a", "b"], "O", [1, -1, 0]),
    (pd.Series(["b", None, "a"]), ["a", "b"], "O", [1, -1, 0]),
    (pd.Series(["b", None, "a"], dtype=object), ["a", "b"], "O", [1, -1, 0]),
    (pd.Series([True, NA, False], dtype="boolean"), [False, True], "b", [1, -1, 0]),
    (pd.Series([7, None, 5], dtype="category"), [5, 7], "if", [1, -1, 0]),
    (pd.Series(["b", None, "a"], dtype="category"), ["a", "b"], "O", [1, -1, 0]),
    (pd.Categorical(["b", None, "a"], categories=["b", "a", "c"]), ["a", "b"], "O", [1, -1, 0]),
    (pd.Categorical([7, 5]), [5, 7], "i", [1, 0]),
    (pd.array([7, NA, 5], dtype="Int64"), [5, 7], "i", [1, -1, 0]),
    (pd.Index([7, -1, 5]), [5, 7], "i", [1, -1, 0]),
]


@pytest.mark.parametrize(
    ("y", "classes", "kind", "codes"),
    LABELS,
    ids=[repr(case[0]).replace("\n", " ") for case in LABELS],
)
def test_labels_become_sorted_classes_and_codes(y, classes, kind, codes):
    before = y.copy() if hasattr(y, "copy") else y[:]
    found, numbers = encode_labels(y, len(codes), estimator_name="SGANClassifier")
    assert found.tolist() == classes
    assert found.dtype.kind in kind
    assert numbers.dtype == np.int64
    assert numbers.tolist() == codes
    assert repr(y) == repr(before)


def test_string_labels_keep_their_width():
    classes, _ = encode_labels(np.array(["crater", "no"]), 2, estimator_name="C")
    assert classes.dtype == np.dtype("<U6")


def test_read_only_and_strided_labels_are_read():
    y = np.arange(8) % 4
    y.flags.writeable = False
    classes, codes = encode_labels(y[::2], 4, estimator_name="C")
    assert classes.tolist() == [0, 2]
    assert codes.tolist() == [0, 1, 0, 1]


def test_one_label_a_class_raises_no_warning():
    y = np.r_[np.arange(30), np.full(100, -1)]
    classes, codes = encode_labels(y, 130, estimator_name="C")
    assert len(classes) == 30
    assert (codes == -1).sum() == 100


@pytest.mark.parametrize(
    "y",
    [
        np.array([[0], [1], [-1]]),
        [[0], [1], [-1]],
        pd.DataFrame({"y": [0, 1, -1]}),
        pd.DataFrame({"y": [0, 1, None]}, dtype="Int64"),
        np.array([[0], [1], [None]], object),
    ],
)
def test_a_column_of_labels_is_ravelled_with_scikit_learns_warning(y):
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        classes, codes = encode_labels(y, 3, estimator_name="C")
    assert classes.tolist() == [0, 1]
    assert codes.tolist() == [0, 1, -1]


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, InvalidInputError, "SGANClassifier .*requires y to be passed, but the target y is"),
        (np.full(4, -1), InvalidInputError, "no labelled row: all 4 .* at least 2 classes"),
        (np.full(4, NAN), InvalidInputError, "no labelled row"),
        (np.full(4, None), InvalidInputError, "no labelled row"),
        (np.array([7, 7, -1, 7]), InvalidInputError,
         r"y has 1 labelled class \(7\) on 3 samples; SGANClassifier needs at least 2\. Label"),
        (["a", None, None, None], InvalidInputError, r"1 labelled class \(a\) on 1 sample;"),
        (np.ones(4), InvalidInputError, r"1 labelled class \(1.0\)"),
        (np.array([0.5, 1.2, 3.3, 0.1]), InvalidInputError, "Unknown label type: continuous.*0.5.*"
         r"discrete classes\. Bin the values, or use a regressor\.$"),
        (np.array([0.5, 1.0, 0, None], object), InvalidInputError,
         r"mixes .* float .* int.*all to strings\.$"),
        (np.array([0, 1, np.inf, 1]), InvalidInputError, r"y contains infinity.*with -1 or NaN\.$"),
        (np.array([0, 1, 1e300, 1.5]), InvalidInputError, r"Unknown label type.*1\.5"),
        (np.array(["a", "b", "-1", "a"]), ValueError, "string '-1'"),
        (np.array(["a", "b", "-1", "a"], object), ValueError, "string '-1'"),
        (["a", "b", "-1", "a"], ValueError, "string '-1'"),
        (pd.Series(["a", "b", "-1", "a"]), ValueError, "string '-1'"),
        (pd.Categorical(["a", "b", "-1", "a"]), ValueError, "string '-1'"),
        ([1, "a", 1, "a"], InvalidInputError, r"int \(1\) and str \('a'\)"),
        (np.array([1, "a", 1, None], object), InvalidInputError, r"int \(1\) and str \('a'\)"),
        (np.array([True, 1, 0, 2], object), InvalidInputError, r"bool \(True\) and int \(1\)"),
        (np.array([2**70, 0, 1, 1], object), InvalidInputError,
         rf"from 0 to {2**70}.*numbers, or strings\.$"),
        (np.array([2**63, -5, 1, 1], object), InvalidInputError, f"from -5 to {2**63}"),
        (np.array([{}, 1, 1, 0], object), InvalidInputError,
         r"label type: dict \(\{\} in y\)\. Use integers, booleans, strings or whole floats\.$"),
        (np.array([b"a", b"b", b"a", b"b"]), InvalidInputError, r"dtype \|S1"),
        (np.zeros(4, "datetime64[s]"), InvalidInputError, "dtype datetime64"),
        (np.array([1j, 0, 1, 0]), ValueError, "Complex data not supported"),
        (np.array([0, 1, 0]), ValueError, r"inconsistent numbers of samples: \[4, 3\]"),
        (np.zeros((4, 2)), ValueError, "y should be a 1d array"),
        (np.zeros((4, 1, 1)), ValueError, "dim|1d array"),
        ("abcd", ValueError, "y should be a 1d array"),
        (3, ValueError, "y should be a 1d array"),
        (np.ma.masked_equal([0, 1, 2, 0], 2), InvalidInputError,
         r"1 masked labels\. Mark those rows as unlabelled: y\.filled\(-1\)\.$"),
        (sp.csr_array(np.eye(4)), TypeError, "(?i)sparse"),
        (np.array([0, 1, 255, 0], np.uint8), InvalidInputError,
         r"y has dtype uint8, in which -1 becomes 255, .* up to 1\. .*pass y\.astype\(int\)\.$"),
        (pd.Series([7, 5, 65535, 7], dtype=np.uint16), InvalidInputError, "-1 becomes 65535"),
        (np.array([0, 1, 2**64 - 1, 0], np.uint64), InvalidInputError,
         rf"-1 becomes {2**64 - 1}, .*pass y\.astype\(object\)\.$"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_used_are_errors(y, error, message):
    with pytest.raises(error, match=message):
        encode_labels(y, 4, estimator_name="SGANClassifier")


def test_no_rows_at_all_is_an_error():
    with pytest.raises(InvalidInputError, match="no labelled row"):
        encode_labels([], 0, estimator_name="C")


CODES = np.array([0, 0, 0, 1, -1, -1, -1, -1])


@pytest.mark.parametrize(
    ("class_weight", "classes", "expected"),
    [
        ("balanced", np.array([3, 7]), [4 / (2 * 3), 4 / (2 * 1)]),
        ("balanced", np.array(["a", "b"], object), [4 / (2 * 3), 4 / (2 * 1)]),
        ({3: 2, 7: 0.5}, np.array([3, 7]), [2, 0.5]),
        ({np.int64(7): 5}, np.array([3, 7]), [1, 5]),
        ({3: 0}, np.array([3, 7]), [0, 1]),
        ({"a": 2, "b": 3}, np.array(["a", "b"]), [2, 3]),
        ({"b": 3}, np.array(["a", "b"], object), [1, 3]),
        ({True: 4}, np.array([False, True]), [1, 4]),
        ({}, np.array([3, 7]), [1, 1]),
    ],
)
def test_class_weights_are_counted_on_labelled_rows(class_weight, classes, expected):
    weights = check_class_weight(class_weight, classes, CODES)
    assert weights.dtype == np.float64
    np.testing.assert_allclose(weights, expected)


def test_no_class_weight_is_none():
    assert check_class_weight(None, np.array([3, 7]), CODES) is None


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("equal", r"class_weight='equal' is unknown.*class to weight\.$"),
        ([1, 2], r"class_weight=\[1, 2\] is unknown"),
        ({5: 1}, r"names the class 5, which is not among \[3, 7\].*key, or leave it out\.$"),
        ({"3": 1}, "names the class '3'"),
        ({3: -1}, r"the class 3 the weight -1.*number that is at least 0\.$"),
        ({3: np.nan}, "the weight nan"),
        ({3: np.inf}, "the weight inf"),
        ({3: "2"}, "the weight '2'"),
        ({3: 0, 7: 0}, r"every class the weight 0.*positive weight\.$"),
    ],
)
def test_class_weights_that_cannot_be_used_are_errors(class_weight, message):
    with pytest.raises(InvalidInputError, match=message):
        check_class_weight(class_weight, np.array([3, 7]), CODES)


def test_balanced_weights_need_a_label_of_every_class():
    with pytest.raises(InvalidInputError, match="every class, and 7 has none"):
        check_class_weight("balanced", np.array([3, 7]), np.array([0, 0, -1]))


@pytest.mark.parametrize(
    ("classes", "known"),
    [
        ([7, 5], [5, 7]),
        (np.array([7.0, np.nan, 5.0]), [5, 7]),
        (["b", "a", -1, "a"], ["a", "b"]),
        (pd.Series([7, NA, 5], dtype="Int64"), [5, 7]),
    ],
    ids=one_line,
)
def test_classes_to_come_are_sorted_and_markers_are_none(classes, known):
    assert check_classes(classes).tolist() == known


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([7, -1], r"classes=\[7, -1\] names 1 class; at least 2 .*classes that will ever come\.$"),
        (np.array([0.5, 1.0]), "Unknown label type: continuous"),
        (np.array([0, 1, 255], np.uint8), r"classes has dtype uint8, in which -1 becomes 255"),
    ],
)
def test_classes_to_come_that_cannot_be_used_are_errors(classes, message):
    with pytest.raises(InvalidInputError, match=message):
        check_classes(classes)
