"""What both estimators can do once they are fitted."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ._batches import Rows
from ._labels import known_labels
from ._layout import Layout
from ._threads import check_threads
from ._validation import check_rows
from .exceptions import InvalidInputError

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet


class InferenceMixin:
    """predict, predict_proba, predict_log_proba, score and transform, batch by batch."""

    classes_: np.ndarray
    net_: "SemiSupervisedNet"
    network: Any
    _layout: Layout

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Columns in the order of `classes_`.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`, without its rounding to 0.

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Columns in the order of `classes_`.
        """
        parts = [torch.log_softmax(logits.double(), 1) for logits, _ in self._answers(X)]
        return torch.cat(parts).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.

        Returns
        -------
        ndarray of shape (n,)
            In the dtype of `classes_`.
        """
        best = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[best]

    def transform(self, X: Any) -> np.ndarray:
        """Return the features of the discriminator's trunk.

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.

        Returns
        -------
        ndarray of shape (n, n_features_out)
            float64 for float64 input, else float32.
        """
        parts = [features for _, features in self._answers(X)]
        dtype = np.float64 if np.asarray(X).dtype == np.float64 else np.float32
        return torch.cat(parts).numpy().astype(dtype, copy=False)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on the labelled rows; unlabelled rows are left out.

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.
        y : array-like of shape (n,)
            True classes; unlabelled rows marked as in `fit`.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float in [0, 1]
        """
        from sklearn.metrics import accuracy_score  # half of what importing this package would cost

        labels, labeled = known_labels(y)
        rows = np.flatnonzero(labeled)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)[rows]
        logits = torch.cat(
            [logits for logits, _ in self._answers(X, rows, n_expected=len(labeled))]
        )
        predicted = self.classes_[logits.argmax(dim=1).numpy()]
        return float(accuracy_score(labels, predicted, sample_weight=sample_weight))

    def _answers(
        self, X: Any, index: np.ndarray | None = None, n_expected: int | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (logits, features) of the running-average network, batch by batch."""
        check_is_fitted(self)
        check_threads()
        X = check_rows(self, X, reset=False)
        if n_expected is not None and len(X) != n_expected:
            raise InvalidInputError(f"X has {len(X)} rows, but y has {n_expected}.")
        # the MLP is small enough for float64, in which a row's answer does not depend, in any
        # digit that matters, on the rows predicted beside it
        in_double = not self._layout.is_image and not callable(self.network)
        dtype = torch.float64 if in_double and self.net_.device == "cpu" else torch.float32
        return self.net_.answers(Rows([X], self._layout, index), dtype=dtype)
