"""Which rows to label next."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from tiny import few_labels, noise_images, sgan

from sgan_classifier.active import STRATEGIES, suggest
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.model_selection import mask_labels

IN_FEATURES = ("core_set", "badge", "weighted_kmeans")


class Oracle(ClassifierMixin, BaseEstimator):
    """Reads its answers off the rows: column 0 is the probability of class 1, the rest features."""

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def transform(self, X):
        return X[:, 1:]


def rows_of(probability, *features):
    return np.column_stack([probability, *features]).astype(float)


def pairwise(X):
    return ((X[:, None] - X[None]) ** 2).sum(axis=-1)


# ---------------------------------------------------------------------- what every strategy keeps


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_are_unlabelled_and_none_comes_twice(strategy):
    X, y = noise_images(), few_labels()
    model = sgan().fit(X, y)
    for n in (1, 5, 16):  # 16 are all that there are
        rows = suggest(model, X, n, y=y, strategy=strategy, random_state=0)
        assert rows.shape == (n,)
        assert rows.dtype == np.int64
        assert len(set(rows)) == n
        assert (y[rows] == -1).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_seeds_give_equal_rows_and_leave_the_global_state(strategy, global_random_state_kept):
    X = np.random.default_rng(0).random((60, 4))
    first, second, other = (
        suggest(Oracle(), X, 6, strategy=strategy, random_state=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    if strategy == "badge":
        assert set(first) != set(other)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_that_are_all_alike_are_still_told_apart(strategy):
    X = np.full((8, 3), 0.5)
    assert len(set(suggest(Oracle(), X, 7, strategy=strategy, random_state=0))) == 7


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_beyond_doubt_are_suggested_where_no_others_are_left(strategy):
    X = rows_of([0.0, 1.0, 0.0, 1.0], [0, 1, 2, 3])
    assert set(suggest(Oracle(), X, 4, strategy=strategy, random_state=0)) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, -1, -1, 1]),
        np.array([0.0, np.nan, -1.0, 1.0]),
        np.array(["plain", None, None, "crater"], dtype=object),
        pd.Series(["plain", pd.NA, pd.NA, "crater"], dtype="string"),
    ],
    ids=["integers", "floats", "objects", "pandas"],
)
def test_every_mark_of_an_unlabelled_row_is_understood(y):
    X = rows_of([0.5, 0.6, 0.9, 0.5], [0, 1, 2, 3])
    assert suggest(Oracle(), X, 2, y=y).tolist() == [1, 2]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_few_rows_are_in_memory_at_once(strategy, monkeypatch):
    sizes = []

    class Sizes(Oracle):
        def predict_proba(self, X):
            sizes.append(len(X))
            return super().predict_proba(X)

        def transform(self, X):
            sizes.append(len(X))
            return super().transform(X)

    X, y = np.random.default_rng(0).random((60, 4)), np.where(np.arange(60) % 5 == 0, 1, -1)
    at_once = suggest(Sizes(), X, 4, y=y, strategy=strategy, random_state=0)
    assert max(sizes) == 48
    sizes.clear()
    monkeypatch.setattr("sgan_classifier.active.ROWS_AT_ONCE", 7)
    in_parts = suggest(Sizes(), X, 4, y=y, strategy=strategy, random_state=0)
    assert max(sizes) == 7
    np.testing.assert_array_equal(in_parts, at_once)


def test_without_y_every_row_may_be_suggested():
    X = rows_of([0.9, 0.8, 0.5], [0, 1, 2])
    assert suggest(Oracle(), X, 3).tolist() == [2, 1, 0]


def test_tables_of_any_classifier_are_understood(digits):
    X = pd.DataFrame(digits.X_train.reshape(len(digits.X_train), -1)[:200]).add_prefix("pixel")
    y = mask_labels(digits.y_train[:200], 20, random_state=0)
    model = LogisticRegression(max_iter=1000).fit(X[y != -1], y[y != -1])
    rows = suggest(model, X, 5, y=y)
    p = np.sort(model.predict_proba(X), axis=1)
    margin = np.where(y == -1, p[:, -1] - p[:, -2], np.inf)
    assert set(rows) == set(np.argsort(margin)[:5])


# ---------------------------------------------------------------------- what tells them apart


@pytest.mark.parametrize("strategy", ["margin", "entropy"])
def test_uncertain_rows_come_first_and_the_least_certain_before_all(strategy):
    X = rows_of([0.99, 0.45, 0.7, 0.5, 0.02], np.arange(5))
    assert suggest(Oracle(), X, 3, strategy=strategy).tolist() == [3, 1, 2]


def test_margin_and_entropy_differ_with_three_classes():
    class ThreeClasses(Oracle):
        def predict_proba(self, X):
            return X

    X = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0]])
    assert suggest(ThreeClasses(), X, 1, strategy="margin").tolist() == [0]
    assert suggest(ThreeClasses(), X, 1, strategy="entropy").tolist() == [1]


def test_ties_are_broken_at_random():
    X = rows_of(np.full(50, 0.5), np.arange(50))
    draws = {tuple(suggest(Oracle(), X, 3, random_state=seed)) for seed in range(5)}
    assert len(draws) == 5


def test_core_set_is_the_greedy_k_centre_of_a_slow_reference():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = np.full(40, -1)
    y[[3, 17]] = 0, 1
    distances = pairwise(X[:, 1:])
    chosen = [3, 17]
    for _ in range(6):
        nearest = distances[:, chosen].min(axis=1)
        chosen.append(int(nearest.argmax()))
    assert suggest(Oracle(), X, 6, y=y, strategy="core_set").tolist() == chosen[2:]


def test_badge_draws_as_k_means_plus_plus_on_the_gradients_themselves():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(30), rng.normal(size=(30, 4))])
    p = Oracle().predict_proba(X)
    error = p - np.eye(2)[p.argmax(axis=1)]
    gradients = (error[:, :, None] * X[:, None, 1:]).reshape(30, -1)

    def reference(seed, sees_chosen_rows):
        chosen, generator = [], np.random.default_rng(seed)
        for _ in range(8):
            centers = [np.zeros(8), *gradients[chosen if sees_chosen_rows else []]]
            near = ((gradients[:, None] - np.array(centers)) ** 2).sum(axis=-1).min(axis=1)
            near[chosen] = 0.0
            chosen.append(int(generator.choice(30, p=near / near.sum())))
        return chosen

    n_others = 0
    for seed in range(10):
        rows = suggest(Oracle(), X, 8, strategy="badge", random_state=seed).tolist()
        assert rows == reference(seed, sees_chosen_rows=True)
        n_others += rows != reference(seed, sees_chosen_rows=False)
    assert n_others > 5, "by their lengths alone, most draws are others"


def test_weighted_kmeans_takes_an_uncertain_row_of_each_cluster():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(4), 25)
    in_doubt = np.arange(100) % 5 == 0  # five of each group, on one side of it
    X = rows_of(
        np.where(in_doubt, 0.5, 0.999),
        100 * groups + rng.normal(size=100),
        10 * in_doubt + rng.normal(size=100),
    )
    rows = suggest(Oracle(), X, 4, strategy="weighted_kmeans", random_state=0)
    assert sorted(groups[rows]) == [0, 1, 2, 3]
    assert in_doubt[rows].all()


def test_labels_by_margin_teach_more_than_as_many_drawn_at_random(digits):
    X = digits.X_train.reshape(len(digits.X_train), -1)
    X_test = digits.X_test.reshape(len(digits.X_test), -1)
    gains = []
    for seed in range(5):
        y = mask_labels(digits.y_train, 20, random_state=seed)
        drawn = mask_labels(digits.y_train, 100, random_state=seed)
        while (y != -1).sum() < 100:
            model = LogisticRegression(max_iter=1000).fit(X[y != -1], y[y != -1])
            rows = suggest(model, X, 10, y=y, random_state=seed)
            y[rows] = digits.y_train[rows]
        scores = [
            LogisticRegression(max_iter=1000)
            .fit(X[labels != -1], labels[labels != -1])
            .score(X_test, digits.y_test)
            for labels in (y, drawn)
        ]
        gains.append(scores[0] - scores[1])
    assert np.mean(gains) > 0.01


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_n_that_is_no_positive_integer_is_refused(n):
    with pytest.raises(InvalidInputError, match="is no positive integer"):
        suggest(Oracle(), rows_of([0.5, 0.5], [0, 1]), n)


def test_more_rows_than_are_unlabelled_are_refused():
    with pytest.raises(InvalidInputError, match="n=3 is more than the 2 unlabelled rows"):
        suggest(Oracle(), rows_of([0.5] * 3, [0, 1, 2]), 3, y=[0, -1, -1])


def test_labels_of_another_length_are_refused():
    with pytest.raises(InvalidInputError, match=r"y has shape \(2,\), but X has 3 rows"):
        suggest(Oracle(), rows_of([0.5] * 3, [0, 1, 2]), 1, y=[0, -1])


def test_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"'guess' is unknown.*'margin', 'entropy'"):
        suggest(Oracle(), rows_of([0.5], [0]), 1, strategy="guess")


def test_several_strategies_are_refused():
    with pytest.raises(InvalidInputError, match=r"strategy=\['margin'\] is unknown"):
        suggest(Oracle(), rows_of([0.5], [0]), 1, strategy=["margin"])


@pytest.mark.parametrize("X", [(row for row in rows_of([0.5], [0])), np.array(5.0), None])
def test_what_has_no_rows_is_refused(X):
    with pytest.raises(InvalidInputError, match=r"has no rows\. Pass an array"):
        suggest(Oracle(), X, 1)


def test_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError):
        suggest(sgan(), noise_images(), 1)


@pytest.mark.parametrize("strategy", IN_FEATURES)
def test_estimator_without_features_is_refused_where_they_are_needed(strategy):
    X = np.random.default_rng(0).random((10, 3))
    model = LogisticRegression().fit(X, np.arange(10) % 2)
    with pytest.raises(InvalidInputError, match="LogisticRegression has no transform"):
        suggest(model, X, 2, strategy=strategy)


def test_answers_that_are_not_finite_are_refused():
    with pytest.raises(InvalidInputError, match=r"2 values that are not finite.*Look for NaN in X"):
        suggest(Oracle(), rows_of([0.5, np.nan], [0, 1]), 1)


def test_estimator_of_one_class_is_refused():
    class OneClass(Oracle):
        def predict_proba(self, X):
            return np.ones((len(X), 1))

    with pytest.raises(InvalidInputError, match="one class only"):
        suggest(OneClass(), rows_of([0.5, 0.5], [0, 1]), 1)
