import pickle
from functools import partial

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.semi_supervised import LabelSpreading

from sgan_classifier._labels import is_unlabeled
from sgan_classifier.metrics import make_labeled_scorer
from sgan_classifier.model_selection import SemiSupervisedKFold, mask_labels

# A plain splitter whose test folds hold unlabelled rows too.
CV = KFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def data():
    X, y = load_iris(return_X_y=True)
    few = mask_labels(y, 60, random_state=0)
    return X, few, few != -1


@pytest.fixture(scope="module")
def classifier(data):
    X, y, labeled = data
    return LogisticRegression(C=0.01).fit(X[labeled], y[labeled])


@pytest.mark.parametrize(
    "scoring",
    ["accuracy", "neg_log_loss", "roc_auc_ovr", make_scorer(f1_score, average="macro")],
)
def test_scores_are_those_of_the_labelled_rows(data, classifier, scoring):
    X, y, labeled = data
    scorer = get_scorer(scoring)
    expected = scorer(classifier, X[labeled], y[labeled])
    assert make_labeled_scorer(scoring)(classifier, X, y) == expected


@pytest.mark.parametrize("marker", [None, np.nan, -1])
def test_object_labels_lose_their_markers_and_their_dtype(data, classifier, marker):
    X, y, labeled = data
    objects = np.where(labeled, y.astype(object), marker)
    expected = classifier.score(X[labeled], y[labeled])
    assert make_labeled_scorer()(classifier, X, objects) == expected


def test_a_callable_gets_labelled_rows_only(data, classifier):
    X, y, labeled = data

    def count(estimator, X, y):
        assert (y != -1).all()
        return len(X)

    assert make_labeled_scorer(count)(classifier, X, y) == labeled.sum()


@pytest.mark.parametrize(
    "scoring",
    [["accuracy", "neg_log_loss"], {"accuracy": "accuracy", "neg_log_loss": "neg_log_loss"}],
)
def test_several_scorers_in_cross_validate(data, scoring):
    X, y, _ = data
    scores = cross_validate(
        LabelSpreading(), X, y, cv=CV, scoring=make_labeled_scorer(scoring), error_score="raise"
    )
    for name in ("accuracy", "neg_log_loss"):
        alone = cross_validate(LabelSpreading(), X, y, cv=CV, scoring=make_labeled_scorer(name))
        np.testing.assert_array_equal(scores[f"test_{name}"], alone["test_score"])
    assert (scores["test_accuracy"] > 0.7).all()


def test_training_scores_leave_out_the_unlabelled_rows_of_training_folds(data):
    X, y, labeled = data
    cv = SemiSupervisedKFold(3)
    options = {"cv": cv, "return_train_score": True}
    plain = cross_validate(LabelSpreading(), X, y, **options)["train_score"]
    honest = cross_validate(
        LabelSpreading(), X, y, scoring=make_labeled_scorer("accuracy"), **options
    )["train_score"]
    for (train, _), score in zip(cv.split(X, y), honest, strict=True):
        known = train[labeled[train]]
        assert score == LabelSpreading().fit(X[train], y[train]).score(X[known], y[known])
    assert (plain < 0.4).all()


def test_integers_in_an_object_array_are_scored_in_cross_validation(data):
    X, y, labeled = data
    objects = np.where(labeled, y.astype(object), None)
    with pytest.raises(ValueError, match="unknown"):
        accuracy_score(objects[labeled], y[labeled])
    scores, expected = (
        cross_validate(
            SpreadingOnObjects(),
            X,
            labels,
            cv=SemiSupervisedKFold(3),
            scoring=make_labeled_scorer("f1_macro"),
            error_score="raise",
        )["test_score"]
        for labels in (objects, y)
    )
    np.testing.assert_array_equal(scores, expected)


class SpreadingOnObjects(LabelSpreading):
    def fit(self, X, y):
        return super().fit(X, np.where(is_unlabeled(y), -1, y).astype(int))


def test_a_search_ranks_by_the_scorer(data):
    X, y, _ = data
    search = GridSearchCV(
        LabelSpreading(), {"gamma": [1e-6, 20]}, cv=CV, scoring=make_labeled_scorer("accuracy")
    ).fit(X, y)
    assert search.best_params_ == {"gamma": 20}
    assert search.best_score_ > 0.8


def test_sample_weight_loses_the_unlabelled_rows_too(data, classifier):
    X, y, labeled = data
    weight = np.linspace(0, 1, len(y))
    expected = accuracy_score(
        y[labeled], classifier.predict(X[labeled]), sample_weight=weight[labeled]
    )
    scorer = make_labeled_scorer("accuracy")
    assert scorer(classifier, X, y, sample_weight=weight) == expected
    assert scorer(classifier, X, y, sample_weight=weight) != scorer(classifier, X, y)


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_reaches_the_scorer_of_a_search(data, routing):
    X, y, labeled = data
    y = np.where(labeled, y, 0)  # LogisticRegression takes no unlabelled rows in training
    weight = np.where(np.arange(len(y)) % 2, 1.0, 1e-9)
    unweighted = GridSearchCV(LogisticRegression(C=0.01), {}, cv=CV).fit(X, y, sample_weight=None)
    with config_context(enable_metadata_routing=routing):
        scorer = make_labeled_scorer("accuracy")
        estimator = LogisticRegression(C=0.01)
        if routing:
            scorer.set_score_request(sample_weight=True)
            estimator.set_fit_request(sample_weight=False)
            expected_scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        else:
            expected_scorer = "accuracy"
        scores = [
            GridSearchCV(estimator, {}, cv=CV, scoring=scoring)
            .fit(X, y, sample_weight=weight)
            .best_score_
            for scoring in (scorer, expected_scorer)
        ]
    assert scores[0] == scores[1] != unweighted.best_score_


def test_set_score_request_leaves_the_given_scorer_as_it_was():
    with config_context(enable_metadata_routing=True):
        given = make_scorer(accuracy_score)
        make_labeled_scorer(given).set_score_request(sample_weight=True)
        assert given.get_metadata_routing().score.requests.get("sample_weight") is None


def test_several_scorers_ask_for_metadata_themselves(data):
    X, y, labeled = data
    weight = np.where(np.arange(len(y)) % 2, 1.0, 1e-9)
    with config_context(enable_metadata_routing=True):
        with pytest.raises(TypeError, match=r"Give scorers that ask for it themselves"):
            make_labeled_scorer(["accuracy"]).set_score_request(sample_weight=True)
        several = {
            "weighted": get_scorer("accuracy").set_score_request(sample_weight=True),
            "plain": get_scorer("accuracy").set_score_request(sample_weight=False),
        }
        scores = cross_validate(
            LabelSpreading(),
            X,
            y,
            cv=CV,
            scoring=make_labeled_scorer(several),
            params={"sample_weight": weight},
        )
    for fold, (train, test) in enumerate(CV.split(X, y)):
        known = test[labeled[test]]
        predicted = LabelSpreading().fit(X[train], y[train]).predict(X[known])
        weighted = accuracy_score(y[known], predicted, sample_weight=weight[known])
        assert scores["test_weighted"][fold] == weighted
        assert scores["test_plain"][fold] == accuracy_score(y[known], predicted)


def test_wrapping_twice_is_wrapping_once_and_repr_and_pickle_work(data, classifier):
    X, y, _ = data
    scorer = make_labeled_scorer("accuracy")
    assert make_labeled_scorer(scorer) is scorer
    assert repr(scorer) == "make_labeled_scorer('accuracy')"
    assert pickle.loads(pickle.dumps(scorer))(classifier, X, y) == scorer(classifier, X, y)


@pytest.mark.parametrize(
    ("scoring", "error", "message"),
    [(None, TypeError, "names no scorer"), ("acuracy", ValueError, "acuracy")],
)
def test_what_is_no_scorer_raises(scoring, error, message):
    with pytest.raises(error, match=message):
        make_labeled_scorer(scoring)


def test_no_labelled_row_raises(data, classifier):
    X, y, _ = data
    with pytest.raises(ValueError, match="None of the 150 rows"):
        make_labeled_scorer()(classifier, X, np.full_like(y, -1))


def _half(estimator, X, y):
    return 0.5


def test_a_function_has_the_same_name_in_every_process():
    scorer = make_labeled_scorer(_half)
    assert repr(scorer) == "make_labeled_scorer(<function _half>)"
    assert pickle.loads(pickle.dumps(scorer))(None, [0], [1]) == 0.5
    assert "0x" not in repr(make_labeled_scorer(partial(_half)))
