"""No hidden label leaks: permuted where they are out of sight, they change no weight.

What is checked is a function that asserts; each is also run on what leaks on purpose.
"""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from tiny import cnn, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier import SGANClassifier
from sgan_classifier.metrics import make_labeled_scorer
from sgan_classifier.model_selection import SemiSupervisedKFold, _curve, mask_labels

X, Y = noise_images(40), few_labels(40)
HIDDEN = Y == -1


def nullable(y, shown):
    """A column whose hidden labels are missing, though they still lie in memory under its mask."""
    return pd.Series(pd.arrays.IntegerArray(y, ~shown))


def fitted(estimator, y):
    return weights(estimator.fit(X, y))


def fitted_after_a_draw(estimator, y):
    return fitted(estimator, mask_labels(y, 6, random_state=0))


def searched(estimator, y):
    grid = {"learning_rate": [1e-3, 5e-3]}
    search = GridSearchCV(estimator, grid, cv=SemiSupervisedKFold(2), error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    return {**weights(search.best_estimator_), "scores": torch.tensor(scores)}


def assert_no_leak(run, n_classes=2):
    """Permuting the labels of the hidden rows changes nothing of what `run` returns."""
    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=len(X))
    shown = mask_labels(y, 4 * n_classes, random_state=0) != -1
    permuted = y.copy()
    permuted[~shown] = rng.permutation(y[~shown])
    assert not np.array_equal(y, permuted)
    assert same_state(run(y, shown), run(permuted, shown))


@pytest.mark.parametrize(
    ("train", "params"),
    [
        (fitted, {}),
        (fitted, {"class_weight": "balanced"}),
        (fitted, {"early_stopping": True, "validation_fraction": 0.5}),
        (fitted_after_a_draw, {}),
        (searched, {}),
    ],
)
@pytest.mark.parametrize("make", [sgan, cnn])
def test_labels_under_the_mask_of_a_column_change_no_weight(make, train, params):
    assert_no_leak(lambda y, shown: train(make(**params), nullable(y, shown)))


@pytest.mark.parametrize("make", [sgan, cnn])
def test_leak_check_fails_on_one_shown_label_too_many(make):
    def leaks(y, shown):
        shown = shown.copy()
        shown[np.flatnonzero(~shown)[:4]] = True
        return weights(make().fit(X, np.where(shown, y, -1)))

    with pytest.raises(AssertionError):
        assert_no_leak(leaks)


@pytest.mark.parametrize("make", [sgan, cnn])
def test_leak_check_fails_on_class_weights_counted_on_all_rows(make):
    def leaks(y, shown):
        share = 1.0 + y[~shown][:10].mean()  # "the class balance is known", they said
        return weights(make(class_weight={0: share}).fit(X, np.where(shown, y, -1)))

    with pytest.raises(AssertionError):
        assert_no_leak(leaks)


class Recording(SGANClassifier):
    """Keeps the weights that every clone of it ends with, where a curve throws them away."""

    ended_with: ClassVar[list] = []

    def fit(self, X, y, *, X_unlabeled=None):
        super().fit(X, y, X_unlabeled=X_unlabeled)
        Recording.ended_with.append(weights(self))
        return self


def curve_fits(y_test_seed=0, permute=False, leak=False):
    """Weights after each fit of a curve; labels are permuted between the draw and the fit."""
    rng = np.random.default_rng(0)
    draw, labels = _curve._draw, np.arange(len(X)) % 2
    pristine = labels.copy()

    def draw_then_permute(y, *arguments):
        masked = draw(pristine, *arguments)
        hidden = masked == -1
        if permute:
            y[hidden] = rng.permutation(y[hidden])
        if leak:
            masked[np.flatnonzero(hidden)[:8]] = y[np.flatnonzero(hidden)[:8]]
        return masked

    Recording.ended_with = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_curve, "_draw", draw_then_permute)
        _curve.label_efficiency_curve(
            {"sgan": Recording(**{**sgan().get_params(), "max_iter": 2})},
            X,
            labels,
            X_test=X[:10],
            y_test=np.random.default_rng(y_test_seed).integers(2, size=10),
            n_labels=[4, 8],
            n_draws=2,
        )
    assert len(Recording.ended_with) == 4
    return Recording.ended_with


def all_same(fits, others):
    return all(same_state(a, b) for a, b in zip(fits, others, strict=True))


def assert_curve_does_not_leak(leak=False):
    assert all_same(curve_fits(leak=leak), curve_fits(leak=leak, permute=True))


def test_label_efficiency_curve_never_trains_on_test_labels():
    assert all_same(curve_fits(y_test_seed=0), curve_fits(y_test_seed=1))


def test_label_efficiency_curve_never_looks_at_hidden_labels():
    assert_curve_does_not_leak()


def test_curve_leak_check_fails_on_a_leaking_draw():
    with pytest.raises(AssertionError):
        assert_curve_does_not_leak(leak=True)


def test_labelled_scorer_and_score_ignore_unlabelled_rows():
    estimator = sgan().fit(X, Y)
    known = estimator.score(X[~HIDDEN], Y[~HIDDEN])
    assert estimator.score(X, Y) == known
    assert make_labeled_scorer("accuracy")(estimator, X, Y) == known
