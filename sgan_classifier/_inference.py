"""What both estimators can do once they are fitted."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d
from torch import Tensor

from ._batches import Rows
from ._forward import answers
from ._labels import known_labels
from ._layout import Layout
from ._scale_checks import warn_of_other_scale
from ._threads import check_threads
from ._validation import check_rows
from .exceptions import InvalidInputError

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet


class InferenceMixin(TransformerMixin):
    """predict, predict_proba, predict_log_proba, score and transform, batch by batch."""

    classes_: np.ndarray
    net_: "SemiSupervisedNet"
    _built_with: dict[str, Any]
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
        return self._probabilities(self._rows(X))

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
        return self._collected(self._rows(X), _log_probabilities)

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
        best = self._collected(self._rows(X), _most_probable)
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
        rows = self._rows(X, stacklevel=5)  # one for the wrapper of scikit-learn's set_output
        dtype = torch.float64 if rows.dtype.type is np.float64 else torch.float32
        return self._collected(rows, lambda _, features: features.cpu().to(dtype))

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
        index = np.flatnonzero(labeled)
        if sample_weight is not None:
            sample_weight = column_or_1d(sample_weight, input_name="sample_weight")
            check_consistent_length(labeled, sample_weight)
            sample_weight = sample_weight[index]
        rows = self._rows(X, index, n_expected=len(labeled))
        best = self._collected(rows, _most_probable)
        predicted = self.classes_[best]
        return float(accuracy_score(labels, predicted, sample_weight=sample_weight))

    def _probabilities(self, rows: Rows) -> np.ndarray:
        return np.exp(self._collected(rows, _log_probabilities))

    def _collected(self, rows: Rows, answer: Callable[[Tensor, Tensor], Tensor]) -> np.ndarray:
        """Return `answer(logits, features)` of all rows in one array.

        The array is made at the first batch. Pieces kept from every batch would come to lie between
        the freed activations of the batches, which then could not be used again: 1.6 GB after a
        million rows of 8x8.
        """
        # the MLP is small enough for float64, in which a row's answer does not depend, in any
        # digit that matters, on the rows predicted beside it
        in_double = not self._layout.is_image and not callable(self._built_with["network"])
        on_cpu = torch.device(self.net_.device).type == "cpu"
        dtype = torch.float64 if in_double and on_cpu else torch.float32
        collected, end = np.empty(0), 0
        for batch in answers(self.net_, rows, answer, dtype=dtype):
            piece = batch.numpy()
            if end == 0:
                collected = np.empty((len(rows), *piece.shape[1:]), piece.dtype)
            collected[end : end + len(piece)] = piece
            end += len(piece)
        return collected

    def _rows(
        self,
        X: Any,
        index: np.ndarray | None = None,
        n_expected: int | None = None,
        stacklevel: int | None = 4,
    ) -> Rows:
        """Check X, and return its rows, or those at `index`. To be called by what users call.

        With a `stacklevel` of None, nothing is said of another scale than that of `fit`.
        """
        check_is_fitted(self)
        check_threads()
        X = check_rows(self, X, reset=False)
        if n_expected is not None and len(X) != n_expected:
            raise InvalidInputError(f"X has {len(X)} rows, but y has {n_expected}.")
        rows = Rows([X], self._layout, index)
        if stacklevel is not None:
            # a model file of an early version does not know the dtype
            fit_dtype = getattr(self, "_fit_dtype", None)
            warn_of_other_scale(rows, self.net_.scaler, fit_dtype, stacklevel)
        return rows


def _log_probabilities(logits: Tensor, features: Tensor) -> Tensor:
    return torch.log_softmax(logits.double(), dim=1)


def _most_probable(logits: Tensor, features: Tensor) -> Tensor:
    return logits.argmax(dim=1)
