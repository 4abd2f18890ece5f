import numpy as np
import pytest
from curve_recorder import RECEIVED, few_digits, received
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from sgan_classifier.model_selection import (
    SemiSupervisedShuffleSplit,
    label_efficiency_curve,
    mask_labels,
)


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def test_held_out_groups_are_neither_trained_on_nor_tested_unlabelled(digits):
    y = mask_labels(digits["y"], 300, random_state=0)
    scene = np.arange(len(y)) % 10
    rows = np.arange(len(y), dtype=float)[:, None]
    entries = received(X=rows, y=y, groups=scene, n_labels=[30, "all"], n_draws=3)
    assert len(entries) == 6
    seen = [set(scene[entry["X"][:, 0].astype(int)]) for entry in entries]
    assert all(len(scenes) == 8 for scenes in seen)
    held_out = [set(range(10)) - scenes for scenes in seen[:3]]
    assert not set.intersection(held_out[0], held_out[1])
    assert not set.intersection(*held_out[1:])
    for entry in entries:
        known = entry["y"] != -1
        np.testing.assert_array_equal(entry["y"][known], y[entry["X"][known, 0].astype(int)])
    assert [(entry["y"] != -1).sum() for entry in entries[:3]] == [30, 30, 30]


def test_draws_take_the_splits_of_cv_in_turn(digits):
    y = mask_labels(digits["y"], 300, random_state=0)
    rows = np.arange(len(y), dtype=float)[:, None]
    cv = SemiSupervisedShuffleSplit(2, test_size=50, random_state=0)
    expected = [np.sort(train) for train, _ in cv.split(rows, y)]
    positions = np.arange(len(y))
    masks = [tuple(np.isin(positions, part) for part in split) for split in cv.split(rows, y)]
    given = {"splitter": cv, "splits": list(cv.split(rows, y)), "masks": masks}
    for splits in given.values():
        entries = received(X=rows, y=y, cv=splits, n_labels=[30, "all"], n_draws=3, random_state=4)
        seen = [entry["X"][:, 0].astype(int) for entry in entries]
        for drawn, rows_of_split in zip(seen, [*expected, expected[0]] * 2, strict=True):
            np.testing.assert_array_equal(drawn, rows_of_split)
        assert [(entry["y"] != -1).sum() for entry in entries] == [30] * 3 + [250] * 3
        assert [entry["seed"] for entry in entries] == [4, 5, 6] * 2


def test_splits_of_cv_are_tested_on_their_own_rows(digits):
    X, y = digits["X"], digits["y"]
    cv = SemiSupervisedShuffleSplit(2, random_state=0)
    bayes = {"bayes": GaussianNB()}
    curve = label_efficiency_curve(bayes, X, y, cv=cv, n_labels=["all"], n_draws=2)
    for draw, (train, test) in enumerate(cv.split(X, y)):
        train = np.sort(train)
        by_hand = GaussianNB().fit(X[train], y[train])
        assert curve.test_scores["bayes"][0, draw] == by_hand.score(X[test], y[test])


def rows_trained_on(y, cv, groups):
    """The rows of each of four draws."""
    rows = np.arange(len(y))[:, None]
    entries = received(X=rows, y=y, groups=groups, cv=cv, n_labels=[30], n_draws=4)
    return [{*entry["X"][:, 0].tolist()} for entry in entries]


SCENE = np.arange(600) % 10


@pytest.mark.parametrize("groups", [None, SCENE])
def test_folds_are_made_anew_once_all_have_been_taken(digits, groups):
    assert len({*map(frozenset, rows_trained_on(digits["y"], 2, groups))}) == 4


@pytest.mark.parametrize("groups", [None, SCENE])
def test_a_whole_number_as_cv_is_a_number_of_folds(digits, groups):
    every = set(range(len(digits["y"])))
    held_out = [every - rows for rows in rows_trained_on(digits["y"], 4, groups)]
    assert sum(map(len, held_out)) == len(set.union(*held_out)) == len(every)
    if groups is not None:
        for test in held_out:
            assert not {*groups[[*test]]} & {*groups[[*(every - test)]]}


def test_a_split_without_a_labelled_test_row_is_refused_before_the_first_fit(digits):
    X, y = digits["X"], digits["y"].copy()
    scene = np.arange(len(y)) // 100
    y[scene == 5] = -1
    given = {"X": X, "y": y, "groups": scene, "cv": LeaveOneGroupOut(), "n_labels": [30]}
    with pytest.raises(ValueError, match="Split 5 of cv has no labelled row among its 100 test"):
        received(**given, n_draws=6)
    assert not RECEIVED
    assert len(received(**given, n_draws=5)) == 5  # which do not come to that split
