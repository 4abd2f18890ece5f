"""What estimators are given by `label_efficiency_curve`, and rows for it."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sgan_classifier.model_selection import label_efficiency_curve

RECEIVED = []


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what `fit` is given and what its parameters are."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, **others):
        RECEIVED.append({"X": X, "y": y, "seed": self.random_state, **others})
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def received(**arguments):
    RECEIVED.clear()
    label_efficiency_curve({"recorder": Recorder()}, **arguments)
    return list(RECEIVED)


def few_digits():
    """600 rows to train on and 300 to test on."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X[:900] / 16, y[:900], test_size=300, stratify=y[:900], random_state=0
    )
    return {"X": X, "y": y, "X_test": X_test, "y_test": y_test}
