"""A budget in epochs, where the estimators count steps."""

import math
from typing import Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from sgan_classifier._labels import is_unlabeled


class EpochBudget(ClassifierMixin, BaseEstimator):
    """Train an estimator for a number of passes over the labelled rows.

    The study trained its CNN for 5 epochs in batches of 32, so that fewer labels meant fewer
    steps. This sets `max_iter` and `batch_size` of a copy of `estimator` accordingly.

    Parameters
    ----------
    estimator : CNNClassifier or SGANClassifier
    epochs : int, default=5
    batch_size : int, default=32
        Labelled rows a step; all of them where there are fewer.
    random_state : int, RandomState or None, default=None
        Passed on to the copy.

    Attributes
    ----------
    estimator_ : the fitted copy
    classes_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from sgan_classifier import CNNClassifier
    >>> from sgan_benchmarks.epochs import EpochBudget
    >>> from sgan_classifier.benchmarking import load_benchmark_data
    >>> data = load_benchmark_data("digits")
    >>> budget = EpochBudget(CNNClassifier(), epochs=2, batch_size=32, random_state=0)
    >>> budget.fit(data.X_train[:100], data.y_train[:100]).estimator_.max_iter
    8
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        epochs: int = 5,
        batch_size: int = 32,
        random_state: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit a copy for `epochs` passes over the rows of `y` (n_samples,) that have a label."""
        n_labeled = int((~is_unlabeled(y)).sum())
        batch_size = max(1, min(self.batch_size, n_labeled))
        self.estimator_ = clone(self.estimator).set_params(
            max_iter=self.epochs * math.ceil(n_labeled / batch_size),
            batch_size=batch_size,
            random_state=self.random_state,
        )
        self.estimator_.fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the classes of `X`, shape (n_samples,)."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict the probability of each class, shape (n_samples, n_classes)."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)
