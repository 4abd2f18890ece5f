"""scikit-learn's own checks, and the estimators inside its tools."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny import (
    SETTINGS,
    both,
    cnn,
    digits,
    few_labels,
    noise_images,
    same_state,
    sgan,
    weights,
)

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.exceptions import NoUnlabeledRowsWarning
from sgan_classifier.model_selection import SemiSupervisedKFold

X, Y = noise_images(), few_labels()

#: name of a check -> why it cannot pass
EXPECTED_FAILURES = {
    "check_classifiers_classes": (
        "its binary problem has the classes -1 and 1, and -1 marks an unlabelled row here, as in "
        "scikit-learn's own sklearn.semi_supervised"
    ),
}

# the checks' tables are small: enough training for their accuracy, and no more
CHECKED = [
    SGANClassifier(max_iter=25, batch_size=16, width=4, latent_dim=4, learning_rate=5e-3),
    CNNClassifier(max_iter=25, batch_size=16, width=4, learning_rate=5e-3),
]


@pytest.mark.filterwarnings(
    f"ignore::{NoUnlabeledRowsWarning.__module__}.{NoUnlabeledRowsWarning.__name__}"
)
@parametrize_with_checks(
    CHECKED, expected_failed_checks=lambda estimator: EXPECTED_FAILURES, xfail_strict=True
)
def test_estimator_passes_scikit_learn_s_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------ copies


@both
def test_clone_has_the_parameters_and_nothing_learnt(make):
    estimator = make(callbacks=None, optimizer_params={"eps": 1e-7}).fit(X, Y)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert not hasattr(copy, "net_")
    assert not hasattr(copy, "classes_")
    np.testing.assert_array_equal(copy.fit(X, Y).predict_proba(X), estimator.predict_proba(X))


@both
@pytest.mark.parametrize("as_table", [False, True], ids=["images", "table"])
def test_pickle_answers_as_the_original_and_goes_on_training_as_it_would(make, as_table):
    rows = X.reshape(len(X), -1) if as_table else X
    estimator = make(warm_start=True).fit(rows, Y)
    copy = pickle.loads(pickle.dumps(estimator))
    for method in ("predict", "predict_proba", "transform"):
        np.testing.assert_array_equal(getattr(copy, method)(rows), getattr(estimator, method)(rows))
    assert same_state(weights(estimator.fit(rows, Y)), weights(copy.fit(rows, Y)))


@both
def test_joblib_file_answers_as_the_original(make, tmp_path):
    estimator = make().fit(X, Y)
    joblib.dump(estimator, tmp_path / "estimator.joblib", compress=3)
    copy = joblib.load(tmp_path / "estimator.joblib")
    np.testing.assert_array_equal(copy.predict_proba(X), estimator.predict_proba(X))
    assert copy.device_ == "cpu"


def test_pickled_sgan_still_samples_and_judges():
    estimator = sgan().fit(X, Y)
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(
        copy.sample(3, random_state=0), estimator.sample(3, random_state=0)
    )
    np.testing.assert_array_equal(copy.realness(X), estimator.realness(X))


# ------------------------------------------------------------------ searches


@both
def test_grid_search_runs_over_flat_parameters_in_two_processes(make):
    images, _, masked = digits(100)
    rows = np.r_[np.flatnonzero(masked != -1), np.flatnonzero(masked == -1)[:50]]
    search = GridSearchCV(
        make(max_iter=20, batch_size=32),
        {"learning_rate": [1e-5, 5e-3], "augment": [None]},
        cv=SemiSupervisedKFold(2),
        n_jobs=2,
        error_score="raise",
    )
    search.fit(images[rows], masked[rows])
    assert search.best_params_["learning_rate"] == 5e-3
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(images[:3]).shape == (3,)


def test_grid_search_over_parameters_of_the_generator():
    search = GridSearchCV(
        sgan(),
        {
            "generator_loss": ["non_saturating", "feature_matching"],
            "adversarial_weight": [0.0, 1.0],
        },
        cv=SemiSupervisedKFold(2),
        error_score="raise",
    )
    search.fit(X, Y)
    assert len(search.cv_results_["params"]) == 4


@both
def test_two_processes_give_the_scores_of_one(make):
    scores = [
        cross_val_score(make(), X, Y, cv=SemiSupervisedKFold(2), n_jobs=n, error_score="raise")
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)


@pytest.mark.filterwarnings("ignore::sgan_classifier.exceptions.NoUnlabeledRowsWarning")
def test_cross_validation_without_unlabelled_rows_needs_no_special_folds():
    images, true, _ = digits(100)
    images, true = images[:120], true[:120]
    scores = cross_val_score(
        cnn(max_iter=40, batch_size=32, learning_rate=5e-3), images, true, cv=3, error_score="raise"
    )
    assert scores.mean() > 0.3  # chance is 0.1
    assert cross_val_predict(cnn(), images, true, cv=2).shape == (120,)


# ------------------------------------------------------------------ pipelines


class Crop(TransformerMixin, BaseEstimator):
    """Cut the border off each image, (n, h, w) to (n, h - 2 * border, w - 2 * border)."""

    def __init__(self, border=1):
        self.border = border

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, self.border : -self.border, self.border : -self.border]


def halve(images):
    """Rescale, (n, h, w) to (n, h / 2, w / 2), by the mean of 2 x 2 pixels."""
    n, height, width = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


@both
@pytest.mark.parametrize(
    ("first", "input_shape"),
    [(Crop(2), (1, 12, 12)), (FunctionTransformer(halve), (1, 8, 8))],
    ids=["crop", "rescale"],
)
def test_pipeline_s_first_step_may_change_images(make, first, input_shape):
    images = noise_images(height=16, width=16)
    pipeline = make_pipeline(first, make()).fit(images, Y)
    assert pipeline[-1].input_shape_ == input_shape
    assert pipeline.predict_proba(images).shape == (len(images), 2)
    assert 0 <= pipeline.score(images, Y) <= 1
    np.testing.assert_array_equal(
        clone(pipeline).fit(images, Y).predict_proba(images), pipeline.predict_proba(images)
    )


def test_search_over_a_pipeline_sets_the_crop_and_the_classifier():
    pipeline = make_pipeline(Crop(), sgan())
    search = GridSearchCV(
        pipeline,
        {"crop__border": [1, 2], "sganclassifier__width": [4, 6]},
        cv=SemiSupervisedKFold(2),
        error_score="raise",
        n_jobs=2,
    ).fit(noise_images(height=16, width=16), Y)
    border = search.best_params_["crop__border"]
    assert search.best_estimator_[-1].input_shape_ == (1, 16 - 2 * border, 16 - 2 * border)


@both
def test_pipeline_over_a_table(make):
    table = X.reshape(len(X), -1)
    pipeline = make_pipeline(StandardScaler(), make()).fit(table, Y)
    assert pipeline.predict(table).shape == (len(X),)


@both
def test_trunk_features_feed_another_estimator(make):
    labeled = Y != -1
    features = make().fit(X, Y)
    assert features.transform(X).shape == (len(X), len(features.get_feature_names_out()))
    linear = LogisticRegression(max_iter=1000).fit(features.transform(X[labeled]), Y[labeled])
    assert linear.score(features.transform(X[labeled]), Y[labeled]) > 0.9


@both
def test_set_output_holds_for_transform(make):
    table = pd.DataFrame(np.random.default_rng(0).random((24, 5)), columns=list("abcde"))
    estimator = make().set_output(transform="pandas")
    for features in (estimator.fit_transform(table, few_labels()), estimator.transform(table)):
        assert isinstance(features, pd.DataFrame)
        assert features.columns.tolist() == estimator.get_feature_names_out().tolist()


@both
@pytest.mark.parametrize("weight", [np.ones(30), np.ones(20), 2.0])
def test_weights_of_a_score_are_one_a_row(make, weight):
    images, y = noise_images(), few_labels()
    with pytest.raises(ValueError, match=r"inconsistent|1d array"):
        make().fit(images, y).score(images, y, sample_weight=weight)


@both
def test_labels_that_fit_takes_score_takes_too(make):
    images, y = noise_images(), [float("nan") if k < 0 else "ab"[k] for k in few_labels()]
    estimator = make().fit(images, y)
    assert 0 <= estimator.score(images, y) <= 1
    assert len(list(SemiSupervisedKFold(2).split(images, y))) == 2


@both
def test_parameters_are_the_documented_keywords(make):
    estimator = make()
    assert set(SETTINGS) <= set(estimator.get_params())
    with pytest.raises(TypeError, match="positional"):
        type(estimator)(100)
    with pytest.raises(ValueError, match="Invalid parameter 'max_iters'"):
        estimator.set_params(max_iters=3)


def test_baseline_takes_every_parameter_it_shares_with_the_sgan():
    of_sgan, of_cnn = SGANClassifier().get_params(), CNNClassifier().get_params()
    assert set(of_cnn) < set(of_sgan)
    assert of_cnn == {name: of_sgan[name] for name in of_cnn}


def test_encoded_labels_round_trip():
    names = np.array(["crater", "plain"], dtype=object)
    encoder = LabelEncoder().fit(names)
    y = np.where(Y == -1, None, names[Y])
    assert list(sgan().fit(X, y).classes_) == list(encoder.classes_)
