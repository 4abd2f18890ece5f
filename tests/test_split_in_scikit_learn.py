"""The splitters as the `cv` of everything in scikit-learn that takes one."""

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


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, mask_labels(y, 100, random_state=0)


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
