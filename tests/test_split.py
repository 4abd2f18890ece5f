"""Which rows the splitters hold out and train on, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    cross_val_score,
)
from sklearn.semi_supervised import LabelSpreading
from tiny import one_line

from sgan_classifier.model_selection import (
    RepeatedSemiSupervisedKFold,
    SemiSupervisedGroupKFold,
    SemiSupervisedKFold,
    SemiSupervisedShuffleSplit,
    mask_labels,
)

SPLITTERS = [
    SemiSupervisedKFold(5),
    SemiSupervisedKFold(5, shuffle=False),
    RepeatedSemiSupervisedKFold(5, n_repeats=2),
    SemiSupervisedShuffleSplit(4),
]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, mask_labels(y, 100, random_state=0)


@pytest.mark.parametrize(
    ("kind", "defaults", "others"),
    [
        (
            SemiSupervisedKFold,
            {"n_splits": 5, "shuffle": True, "random_state": 0},
            {"n_splits": 3, "shuffle": False, "random_state": None},
        ),
        (
            RepeatedSemiSupervisedKFold,
            {"n_splits": 5, "n_repeats": 10, "random_state": 0},
            {"n_splits": 3, "n_repeats": 2, "random_state": 7},
        ),
        (
            SemiSupervisedGroupKFold,
            {"n_splits": 5, "shuffle": True, "random_state": 0, "transductive": False},
            {"n_splits": 3, "shuffle": False, "random_state": None, "transductive": True},
        ),
        (
            SemiSupervisedShuffleSplit,
            {"n_splits": 10, "test_size": 0.2, "train_size": None, "random_state": 0},
            {"n_splits": 3, "test_size": 4, "train_size": 6, "random_state": 7},
        ),
    ],
)
def test_parameters_are_kept_under_their_names(kind, defaults, others):
    for given, expected in (({}, defaults), (others, others)):
        text = ", ".join(f"{name}={expected[name]}" for name in sorted(expected))
        assert " ".join(repr(kind(**given)).split()) == f"{kind.__name__}({text})"


@pytest.mark.parametrize("cv", SPLITTERS, ids=one_line)
def test_unlabelled_rows_are_in_every_training_fold_and_in_no_test_fold(cv, digits):
    X, y = digits
    unlabeled = np.flatnonzero(y == -1)
    folds = list(cv.split(X, y))
    assert len(folds) == cv.get_n_splits(X, y)
    for train, test in folds:
        n_labeled = len(train) - len(unlabeled)
        np.testing.assert_array_equal(train[n_labeled:], unlabeled)
        assert (y[train[:n_labeled]] != -1).all()
        assert (y[test] != -1).all()
        assert len(np.unique(np.r_[train, test])) == len(train) + len(test) == len(y)
        np.testing.assert_array_equal(np.bincount(y[test]), np.full(10, 2))


@pytest.mark.parametrize(
    ("cv", "times"), list(zip(SPLITTERS[:3], [1, 1, 2], strict=True)), ids=one_line
)
def test_labelled_rows_are_covered_the_same_number_of_times_by_test_folds(cv, times, digits):
    X, y = digits
    tested = np.concatenate([test for _, test in cv.split(X, y)])
    np.testing.assert_array_equal(np.bincount(tested, minlength=len(y)), times * (y != -1))


@pytest.mark.parametrize("cv", SPLITTERS, ids=one_line)
def test_folds_are_the_same_at_every_call_by_default(cv, digits):
    for (a, b), (c, d) in zip(cv.split(*digits), cv.split(*digits), strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)


def test_sizes_and_numbers_of_splits_are_those_asked_for(digits):
    X, y = digits
    folds = list(SemiSupervisedShuffleSplit(3, test_size=20, train_size=30).split(X, y))
    assert [np.count_nonzero(y[train] != -1) for train, _ in folds] == [30] * 3
    assert [len(test) for _, test in folds] == [20] * 3
    repeated = list(RepeatedSemiSupervisedKFold(4, n_repeats=2).split(X, y))
    assert [len(test) for _, test in repeated] == [25] * 8


def test_two_rows_a_class_can_be_split_where_the_test_size_lets_them():
    y = np.array([0, 0, 1, 1, -1])
    for train, test in SemiSupervisedShuffleSplit(4, test_size=2).split(y, y):
        assert sorted(y[test]) == [0, 1]
        assert sorted(y[train]) == [-1, 0, 1]


@pytest.mark.parametrize(
    ("cv", "mixed"), list(zip(SPLITTERS, [True, False, True, True], strict=True)), ids=one_line
)
def test_rows_of_a_class_keep_their_order_without_shuffle_alone(cv, mixed, digits):
    X, y = digits
    train, _ = next(cv.split(X, y))
    for k in range(10):
        assert (np.diff(train[y[train] == k]) < 0).any() == mixed


def test_random_state_none_draws_other_folds(digits):
    cv = SemiSupervisedKFold(random_state=None)
    first, second = ([test for _, test in cv.split(*digits)] for _ in range(2))
    assert any((a != b).any() for a, b in zip(first, second, strict=True))


def test_leading_labelled_rows_hold_every_class_in_proportion():
    y = np.repeat([0, 1, -1], [40, 10, 50])
    for train, _ in SemiSupervisedKFold(5).split(y, y):
        for m in range(5, 41, 5):
            np.testing.assert_array_equal(np.bincount(y[train[:m]]), [m * 4 // 5, m // 5])


def test_ten_labels_among_twenty_thousand_rows():
    y = np.full(20_000, -1)
    y[::2000] = np.tile([0, 1], 5)
    for train, test in SemiSupervisedKFold().split(np.zeros(len(y)), y):
        assert len(train) == 19_998
        assert sorted(y[test]) == [0, 1]


@pytest.mark.parametrize(
    "y",
    [
        np.array([0.0, 1.0, np.nan, 0.0, 1.0]),
        np.array(["a", "b", None, "a", "b"], dtype=object),
        np.array([0, 1, -1, 0, 1]),
        [0, 1, None, 0, 1],
    ],
)
def test_every_marker_of_unlabelled_rows_gives_the_same_folds(y):
    tests = [test.tolist() for _, test in SemiSupervisedKFold(2, shuffle=False).split(y, y)]
    assert tests == [[0, 1], [3, 4]]


def test_without_unlabelled_rows_the_tests_are_those_of_scikit_learn():
    from sklearn.model_selection import StratifiedKFold

    X, y = load_iris(return_X_y=True)
    expected = StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    for (_, test), (_, other) in zip(SemiSupervisedKFold().split(X, y), expected, strict=True):
        np.testing.assert_array_equal(test, other)


@pytest.mark.parametrize(
    ("cv", "y", "message"),
    [
        (SemiSupervisedKFold(), [0] * 5 + [1] * 3 + [-1], r"Class 1 has 3 .* Use n_splits=3"),
        (SemiSupervisedKFold(2), [0, 0, 1, -1], "Label at least 2 rows of each class"),
        (SemiSupervisedShuffleSplit(), [0, 0, 1, -1], "Label at least 2 rows of each class"),
        (SemiSupervisedShuffleSplit(), [0, 0, 1, 1, -1], "use another test_size, such as 2"),
        (SemiSupervisedShuffleSplit(test_size=3), [0, 0, 1, 1, -1], "at least one labelled row"),
        (SemiSupervisedShuffleSplit(train_size=1), [0] * 5 + [1] * 5, "Both sides need at least"),
        (SemiSupervisedKFold(), [0, 0, -1], "one labelled class"),
        (SemiSupervisedKFold(), [-1, -1], "None of the 2 rows"),
        (SemiSupervisedKFold(), None, "needs y, with -1"),
        (SemiSupervisedGroupKFold(2), [0, 0, 1, 1], "SemiSupervisedGroupKFold needs groups"),
    ],
)
def test_what_cannot_be_split_raises_with_the_remedy(cv, y, message):
    with pytest.raises(ValueError, match=message):
        next(cv.split(np.zeros(9 if y is None else len(y)), y))


def test_scikit_learn_checks_the_parameters_at_construction():
    with pytest.raises(ValueError, match="k-fold cross-validation requires at least one"):
        SemiSupervisedKFold(1)


def test_groups_given_to_a_splitter_that_ignores_them_warn(digits):
    X, y = digits
    ignored = (
        "^SemiSupervisedKFold ignores groups.*a split. Use SemiSupervisedGroupKFold to keep them "
    )
    with pytest.warns(UserWarning, match=ignored) as caught:
        next(SemiSupervisedKFold().split(X, y, groups=np.zeros(len(y))))
    assert caught[0].filename == __file__


# The group form


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.RandomState(0)
    scene = np.repeat(np.arange(12), 50)
    y = mask_labels(rng.randint(2, size=600), 100, random_state=0)
    y[scene == 11] = -1  # a scene that nobody labelled
    return y, scene


@pytest.mark.parametrize("transductive", [False, True])
def test_a_scene_is_on_one_side_of_the_split(scenes, transductive):
    y, scene = scenes
    tested = []
    for train, test in SemiSupervisedGroupKFold(4, transductive=transductive).split(y, y, scene):
        held_out = np.isin(scene, scene[test])
        allowed = ~held_out | (y == -1) if transductive else ~held_out
        np.testing.assert_array_equal(np.sort(train), np.flatnonzero(allowed))
        np.testing.assert_array_equal(test, np.flatnonzero(held_out & (y != -1)))
        assert (y[train[: np.count_nonzero(y[train] != -1)]] != -1).all()
        tested.append(test)
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.flatnonzero(y != -1))


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        ([0, 0, 0, 0, 1, 1, 1, 1], "come from 2 group.* Use n_splits=2"),
        ([0] * 8, r"come from 1 group.* n_splits=3[.] Label rows of more groups[.]$"),
        ([0, 0, 0, 0, 1, 1, 2, 2], "without class 0: .* hold it. Use fewer.* more groups[.]$"),
    ],
)
def test_too_few_scenes_raise_with_the_remedy(scene, message):
    y = [0, 0, 0, 0, 1, 1, 1, 1]
    with pytest.raises(ValueError, match=message):
        list(SemiSupervisedGroupKFold(3).split(y, y, scene))


@pytest.mark.parametrize("missing", [np.nan, None])
@pytest.mark.parametrize("row", [0, 7])
def test_a_row_without_a_group_is_refused(missing, row):
    # else an unlabelled row of NaN would be trained on where labelled rows of NaN are held out
    y = [0, 1, 0, 1, 0, 1, -1, -1]
    groups = np.array(list("aabbccab"), dtype=object)
    groups[row] = missing
    with pytest.raises(ValueError, match=f"groups holds {missing} for row {row}, .* of every row"):
        list(SemiSupervisedGroupKFold(2).split(y, y, groups))
    if row == 7:  # an unlabelled row
        splits = SemiSupervisedGroupKFold(2, transductive=True).split(y, y, groups)
        assert all(row in train for train, _ in splits)


def test_groups_without_a_name_in_a_list_of_names_are_refused():
    y = [0, 1, -1, 0, 1, -1, -1]
    groups = ["a", "a", "a", "b", "b", "b", float("nan")]
    with pytest.raises(ValueError, match="groups holds nan for row 6"):
        list(SemiSupervisedGroupKFold(2).split(y, y, groups=groups))


@pytest.mark.parametrize("dtype", ["M8[D]", object])
def test_a_row_without_a_date_is_refused_where_dates_are_groups(dtype):
    y = [0, 1, 0, 1, 0, 1, -1, -1]
    days = np.array(["2026-01-01"] * 2 + ["2026-01-02"] * 2 + ["NaT"] * 4, dtype="M8[D]")
    days = days if dtype == "M8[D]" else pd.Series(days).astype(object)
    with pytest.raises(ValueError, match="groups holds NaT for row 4"):
        list(SemiSupervisedGroupKFold(2).split(y, y, days))


def test_groups_of_two_columns_are_refused():
    y = [0, 1, 0, 1, -1, -1]
    with pytest.raises(ValueError, match=r"rows of shape \(2,\); expected \(n_samples,\)"):
        list(SemiSupervisedGroupKFold(2).split(y, y, np.zeros((6, 2))))


def test_groups_reach_the_group_form_with_metadata_routing(digits):
    from sklearn import config_context

    X, y = digits
    groups = np.arange(len(y)) % 20
    cv = SemiSupervisedGroupKFold(3)
    plain = cross_val_score(LabelSpreading(), X, y, cv=cv, groups=groups)
    with config_context(enable_metadata_routing=True):
        routed = cross_val_score(LabelSpreading(), X, y, cv=cv, params={"groups": groups})
    np.testing.assert_array_equal(plain, routed)
