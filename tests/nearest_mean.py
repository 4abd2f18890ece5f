"""A small classifier that takes its input through the library's checks, and rows for it."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sgan_classifier._layout import infer_layout
from sgan_classifier._targets import check_class_weight, encode_labels
from sgan_classifier._validation import check_rows


class NearestMean(ClassifierMixin, BaseEstimator):
    """The simplest classifier that takes its input through the functions under test."""

    def __init__(self, *, image_shape=None, class_weight=None):
        self.image_shape = image_shape
        self.class_weight = class_weight

    def fit(self, X, y):
        rows = check_rows(self, X, reset=True)
        self._layout = infer_layout(rows.shape, self.image_shape)
        self.classes_, codes = encode_labels(y, len(rows), estimator_name="NearestMean")
        weights = check_class_weight(self.class_weight, self.classes_, codes)
        self.weights_ = np.ones(len(self.classes_)) if weights is None else weights
        inputs = self._inputs(rows)
        self.means_ = np.stack([inputs[codes == k].mean(axis=0) for k in range(self.n_classes)])
        return self

    @property
    def n_classes(self):
        return len(self.classes_)

    def _inputs(self, rows):
        inputs = self._layout.to_channels_first(rows)
        return inputs.reshape(len(rows), -1).astype(np.float64)

    def predict(self, X):
        check_is_fitted(self)
        inputs = self._inputs(check_rows(self, X, reset=False))
        distances = ((inputs[:, np.newaxis] - self.means_) ** 2).sum(axis=2)
        return self.classes_[(distances / self.weights_).argmin(axis=1)]


def fitted(X, image_shape=None):
    """An estimator that has seen ``X`` in fit."""
    estimator = NearestMean(image_shape=image_shape)
    rows = check_rows(estimator, X, reset=True)
    estimator._layout = infer_layout(rows.shape, image_shape)
    return estimator


def pixels(*shape, dtype=np.float32):
    return np.random.default_rng(0).integers(0, 200, size=shape).astype(dtype)


SHAPES = [(5, 7), (5, 8, 6), (5, 8, 6, 3), (5, 3, 8, 6)]
