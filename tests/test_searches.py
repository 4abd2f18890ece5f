"""SGANClassifier and CNNClassifier in scikit-learn's searches and in label efficiency curves."""

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.metrics import make_labeled_scorer
from sgan_classifier.model_selection import (
    SemiSupervisedKFold,
    UnlabeledPool,
    label_efficiency_curve,
    mask_labels,
)

TINY = {"width": 4, "latent_dim": 8, "batch_size": 10, "precision": "fp32", "random_state": 0}
CV = SemiSupervisedKFold(2)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as in joblib's workers
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits():
    digits = load_digits()
    return digits.images[:300].astype(np.float32) / 16, digits.target[:300]


@pytest.fixture(scope="module")
def labelled(digits):
    X, y = digits
    rows = mask_labels(y, 40, random_state=0) != -1
    return X[rows], y[rows]


def tiny(**parameters):
    return SGANClassifier(max_iter=3, **{**TINY, **parameters})


@pytest.mark.parametrize("kind", ["as long as X", "longer", "memory map"])
@pytest.mark.parametrize("routing", [False, True])
def test_every_fit_of_a_search_gets_the_whole_pool(digits, labelled, tmp_path, kind, routing):
    X, y = labelled
    pool = digits[0][: len(X)] if kind == "as long as X" else digits[0]
    if kind == "memory map":
        np.save(tmp_path / "pool.npy", pool)
        pool = np.load(tmp_path / "pool.npy", mmap_mode="r")
    with config_context(enable_metadata_routing=routing):
        estimator = tiny().set_fit_request(X_unlabeled=True) if routing else tiny()
        search = GridSearchCV(estimator, {"max_iter": [2, 3]}, cv=CV)
        search.fit(X, y, X_unlabeled=UnlabeledPool(pool))
    for max_iter, scores in zip([2, 3], split_scores(search), strict=True):
        for (train, test), score in zip(CV.split(X, y), scores, strict=True):
            by_hand = tiny().set_params(max_iter=max_iter)
            by_hand.fit(X[train], y[train], X_unlabeled=UnlabeledPool(np.asarray(pool)))
            assert by_hand.score(X[test], y[test]) == score
    by_hand = (
        tiny()
        .set_params(**search.best_params_)
        .fit(X, y, X_unlabeled=UnlabeledPool(np.asarray(pool)))
    )
    np.testing.assert_array_equal(search.predict_proba(X), by_hand.predict_proba(X))


def split_scores(search):
    results = search.cv_results_
    splits = [results[f"split{i}_test_score"] for i in range(search.n_splits_)]
    return np.transpose(splits)


def test_two_jobs_with_a_pool_give_the_scores_of_one(digits, labelled):
    pool = UnlabeledPool(np.resize(digits[0], (5000, 8, 8)))  # large enough to be memory-mapped
    one, two = (
        GridSearchCV(tiny(), {"adversarial_weight": [0.0, 0.3]}, cv=CV, n_jobs=n_jobs).fit(
            *labelled, X_unlabeled=pool
        )
        for n_jobs in (None, 2)
    )
    np.testing.assert_array_equal(split_scores(one), split_scores(two))
    np.testing.assert_array_equal(one.predict_proba(digits[0]), two.predict_proba(digits[0]))


def test_rows_marked_unlabelled_in_a_search(digits):
    X, y = digits
    few = mask_labels(y, 100, random_state=0)
    search = GridSearchCV(
        SGANClassifier(**{**TINY, "width": 8}, learning_rate=3e-3),
        {"max_iter": [1, 150]},
        cv=SemiSupervisedKFold(3),
    ).fit(X, few)
    assert search.best_params_ == {"max_iter": 150}
    assert search.best_score_ > 0.5


def test_score_and_labeled_scorers_leave_out_unlabelled_rows(digits):
    X, y = digits
    few = mask_labels(y, 50, random_state=0)
    model = tiny().fit(X, few)
    expected = np.mean(model.predict(X[few != -1]) == few[few != -1])
    assert model.score(X, few) == expected
    assert make_labeled_scorer("accuracy")(model, X, few) == expected


def test_halving_over_max_iter(digits):
    X, y = digits
    search = HalvingGridSearchCV(
        SGANClassifier(**TINY),
        {"learning_rate": [1e-6, 1e-3, 3e-3]},
        cv=CV,
        resource="max_iter",
        min_resources=5,
        max_resources=15,
        random_state=0,
    ).fit(X, mask_labels(y, 40, random_state=0))
    assert search.n_iterations_ == 2
    assert search.best_estimator_.n_iter_ == 15


def test_halving_over_labels_and_cross_val_predict_with_a_pool(digits, labelled):
    pool = UnlabeledPool(digits[0])
    search = HalvingGridSearchCV(
        tiny(), {"learning_rate": [1e-6, 1e-3]}, cv=CV, factor=2, min_resources=20
    ).fit(*labelled, X_unlabeled=pool)
    assert search.n_resources_ == [20, 40]
    predicted = cross_val_predict(tiny(), *labelled, cv=CV, params={"X_unlabeled": pool})
    assert predicted.shape == labelled[1].shape


def test_a_pipeline_transforms_the_pool_as_it_transforms_x(digits, labelled):
    X, y = labelled[0].reshape(-1, 64), labelled[1]
    pool = digits[0].reshape(-1, 64)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler(),
            tiny().set_fit_request(X_unlabeled=True),
            transform_input=["X_unlabeled"],
        ).fit(X, y, X_unlabeled=pool)
    scaler = StandardScaler().fit(X)
    by_hand = tiny().fit(scaler.transform(X), y, X_unlabeled=scaler.transform(pool))
    np.testing.assert_array_equal(
        pipeline.predict_proba(pool), by_hand.predict_proba(scaler.transform(pool))
    )


def test_a_pipeline_that_transforms_x_but_not_the_pool_raises(labelled):
    X = labelled[0].reshape(-1, 64)
    images = (16 * X).astype(np.uint8)
    pipeline = make_pipeline(StandardScaler(), tiny())
    with pytest.raises(InvalidInputError, match="uint8"):
        pipeline.fit(images, labelled[1], sganclassifier__X_unlabeled=UnlabeledPool(images))


def test_a_pipeline_in_a_search_transforms_stacked_unlabelled_rows(digits):
    X, y = digits
    pipeline = make_pipeline(StandardScaler(), tiny())
    few = mask_labels(y, 40, random_state=0)
    assert np.isfinite(cross_val_score(pipeline, X.reshape(-1, 64), few, cv=CV)).all()


def test_a_label_efficiency_curve_of_both_estimators(digits):
    X, y = digits
    estimators = {
        "sgan": SGANClassifier(max_iter=3, **TINY),
        "cnn": CNNClassifier(max_iter=3, width=4, batch_size=10, precision="fp32"),
    }
    options = {"X_test": X[200:], "y_test": y[200:], "n_labels": [20, 50], "n_draws": 2}
    curve, again = (
        label_efficiency_curve(estimators, X[:200], y[:200], **options) for _ in range(2)
    )
    masked = mask_labels(y[:200], 50, random_state=1)
    for name, estimator in estimators.items():
        by_hand = clone(estimator).set_params(random_state=1).fit(X[:200], masked)
        assert curve.test_scores[name][1, 1] == by_hand.score(X[200:], y[200:])
        np.testing.assert_array_equal(curve.test_scores[name], again.test_scores[name])
