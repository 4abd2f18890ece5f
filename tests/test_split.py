import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from small_estimators import LabeledRowsSGD
from tiny import one_line

from sgan_classifier.model_selection import (
    RepeatedSemiSupervisedKFold,
    SemiSupervisedGroupKFold,
    SemiSupervisedKFold,
    SemiSupervisedShuffleSplit,
    UnlabeledPool,
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
        ([0, 0, 0, 0, 1, 1, 2, 2], "without class 0: .* hold it. Use fewer.* more groups[.]$"),
    ],
)
def test_too_few_scenes_raise_with_the_remedy(scene, message):
    y = [0, 0, 0, 0, 1, 1, 1, 1]
    with pytest.raises(ValueError, match=message):
        list(SemiSupervisedGroupKFold(3).split(y, y, scene))


def test_groups_reach_the_group_form_with_metadata_routing(digits):
    from sklearn import config_context

    X, y = digits
    groups = np.arange(len(y)) % 20
    cv = SemiSupervisedGroupKFold(3)
    plain = cross_val_score(LabelSpreading(), X, y, cv=cv, groups=groups)
    with config_context(enable_metadata_routing=True):
        routed = cross_val_score(LabelSpreading(), X, y, cv=cv, params={"groups": groups})
    np.testing.assert_array_equal(plain, routed)


# Everything in scikit-learn that takes cv=


def test_cross_validation_tells_the_truth_where_plain_folds_do_not():
    X, y = load_digits(return_X_y=True)
    few = mask_labels(y, 100, random_state=0)
    estimator = LabelSpreading(gamma=0.01, max_iter=100)
    truth = estimator.fit(X, few).score(X[few == -1], y[few == -1])
    honest = cross_val_score(estimator, X, few, cv=RepeatedSemiSupervisedKFold(5, n_repeats=2))
    plain = cross_val_score(estimator, X, few)
    assert truth > 0.9
    assert abs(honest.mean() - truth) < 0.04
    assert plain.mean() < 0.1


@pytest.mark.parametrize(
    "estimator",
    [LabelSpreading(gamma=3.0), SelfTrainingClassifier(KNeighborsClassifier(3)), LabeledRowsSGD()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_cross_validate_with_semi_supervised_estimators(estimator, digits):
    scoring = ["accuracy", "balanced_accuracy"]
    scores = cross_validate(estimator, *digits, cv=SemiSupervisedKFold(3), scoring=scoring)
    assert (scores["test_accuracy"] > 0.7).all()
    assert (scores["test_balanced_accuracy"] > 0.7).all()


@pytest.mark.parametrize(
    ("search", "parameters"), [(GridSearchCV, {}), (RandomizedSearchCV, {"n_iter": 2})]
)
def test_searches_rank_candidates_by_labelled_rows(search, parameters, digits):
    candidates = {"gamma": [1e-6, 3.0]}
    fitted = search(LabelSpreading(), candidates, cv=SemiSupervisedKFold(), **parameters)
    fitted.fit(*digits)
    assert fitted.best_params_ == {"gamma": 3.0}
    assert fitted.best_score_ > 0.8


@pytest.mark.parametrize(
    "cv",
    [
        SemiSupervisedKFold(2),
        RepeatedSemiSupervisedKFold(2, n_repeats=2),
        SemiSupervisedShuffleSplit(2),
        SemiSupervisedGroupKFold(2),
        SemiSupervisedGroupKFold(2, transductive=True),
    ],
    ids=one_line,
)
def test_every_splitter_goes_wherever_scikit_learn_takes_cv(cv, digits):
    X, y = digits
    estimator, grid = LabeledRowsSGD(), {"alpha": [1e-3, 10.0]}
    given = {"cv": cv, "error_score": "raise"}
    groups = {"groups": np.arange(len(y)) % 20} if isinstance(cv, SemiSupervisedGroupKFold) else {}
    scores = cross_val_score(estimator, X, y, **given, **groups)
    assert len(scores) == cv.get_n_splits()
    assert scores.min() > 0.6
    tested = cross_validate(estimator, X, y, **given, **groups)["test_score"]
    np.testing.assert_array_equal(tested, scores)
    searches = [
        GridSearchCV(estimator, grid, **given),
        RandomizedSearchCV(estimator, grid, n_iter=2, **given),
        HalvingGridSearchCV(
            estimator, grid, resource="max_iter", max_resources=20, factor=2, **given
        ),
    ]
    for search in searches:
        search.fit(X, y, **groups)
        assert search.best_params_["alpha"] == 1e-3
        assert search.best_score_ == scores.mean()
    _, curve = validation_curve(
        estimator, X, y, param_name="alpha", param_range=[1e-3], **given, **groups
    )
    np.testing.assert_array_equal(curve[0], scores)
    # Sizes count rows of the training folds, which differ in size where groups are held out.
    _, _, curve = learning_curve(estimator, X, y, train_sizes=[30], **given, **groups)
    assert np.isfinite(curve).all()
    score, _, _ = permutation_test_score(estimator, X, y, cv=cv, n_permutations=1, **groups)
    assert score == scores.mean()


def test_validation_curve(digits):
    train, test = validation_curve(
        LabelSpreading(),
        *digits,
        param_name="gamma",
        param_range=[0.1, 3.0],
        cv=SemiSupervisedKFold(3),
    )
    assert train.shape == test.shape == (2, 3)
    assert test[1].mean() > 0.8


def test_learning_curve_adds_labels_first_and_unlabelled_rows_after_them(digits):
    sizes, _, test = learning_curve(
        LabelSpreading(gamma=3.0), *digits, train_sizes=[20, 80, 1777], cv=SemiSupervisedKFold()
    )
    assert sizes.tolist() == [20, 80, 1777]
    few, all_labels, with_unlabelled = test.mean(axis=1)
    assert few < all_labels <= with_unlabelled + 0.02


def test_permutation_test_score_finds_labels_that_mean_something():
    X, y = load_iris(return_X_y=True)
    few = mask_labels(y, 30, random_state=0)
    score, permuted, p_value = permutation_test_score(
        LabelSpreading(), X, few, cv=SemiSupervisedKFold(3), n_permutations=9, random_state=0
    )
    assert score > 0.8 > permuted.max()
    assert p_value == 0.1


@pytest.mark.parametrize("resource", ["max_iter", "n_samples"])
def test_halving_over_iterations_with_unlabelled_rows_and_over_labels_with_a_pool(resource, digits):
    X, y = digits
    labeled = y != -1
    search = HalvingGridSearchCV(
        LabeledRowsSGD(),
        {"alpha": [1e-4, 1e-2, 10.0]},
        cv=SemiSupervisedKFold(2),
        resource=resource,
        max_resources=24 if resource == "max_iter" else "auto",
        factor=2,
        random_state=0,
    )
    if resource == "max_iter":
        search.fit(X, y)
    else:
        search.fit(X[labeled], y[labeled], X_unlabeled=UnlabeledPool(X))
        assert search.best_estimator_.n_pool_ == len(X) + 100
    assert search.best_estimator_.n_labeled_ == 100
    assert search.best_params_["alpha"] < 10
    assert search.n_iterations_ > 1


def test_cross_val_predict_needs_labelled_rows_alone_and_a_pool(digits):
    X, y = digits
    cv, labeled = SemiSupervisedKFold(), y != -1
    with pytest.raises(ValueError, match="only works for partitions"):
        cross_val_predict(LabeledRowsSGD(), X, y, cv=cv)
    predicted = cross_val_predict(
        LabeledRowsSGD(), X[labeled], y[labeled], cv=cv, params={"X_unlabeled": UnlabeledPool(X)}
    )
    assert np.mean(predicted == y[labeled]) > 0.7
