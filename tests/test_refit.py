"""Fitting again: changed parameters count, and a failed fit leaves nothing behind."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.exceptions import DivergenceError, InvalidInputError


@pytest.fixture
def images_and_labels():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    y = np.where(np.arange(60) < 20, np.arange(60) % 2, -1)
    return X, y


def test_warm_start_takes_changed_parameters(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    model.set_params(learning_rate=0.5, batch_size=7, ema_decay=0.0).fit(X, y)
    assert model.n_iter_ == 6
    settings = model.net_.settings
    assert (settings.learning_rate, settings.batch_size, settings.ema_decay) == (0.5, 7, 0.0)


def test_divergence_leaves_nothing_fitted(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    model.set_params(learning_rate=1e30, max_iter=50)
    with pytest.raises(DivergenceError, match="Lower learning_rate"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_passes_without_labels_keep_the_class_frequencies(images_and_labels):
    X, y = images_and_labels
    y = np.where(np.arange(60) < 20, np.arange(60) < 3, -1).astype(int)
    model = SGANClassifier(width=4, random_state=0).partial_fit(X, y)
    model.partial_fit(X[20:], y[20:])
    np.testing.assert_array_equal(model.net_.label_counts_, [17, 3])


def test_callbacks_that_are_none_are_named(images_and_labels):
    X, y = images_and_labels
    with pytest.raises(InvalidInputError, match="'checkpoint', which is no skorch callback"):
        CNNClassifier(callbacks=["checkpoint"]).fit(X, y)
