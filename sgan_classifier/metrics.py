"""Scorers that leave out unlabelled rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import MetadataRequest, MetadataRouter, get_routing_for_object

from ._labels import known_labels

__all__ = ["make_labeled_scorer"]


def make_labeled_scorer(
    scoring: str | Callable | list | tuple | set | dict = "accuracy",
) -> LabeledScorer:
    """Make a scorer that leaves out unlabelled rows.

    A scorer of scikit-learn counts each row with -1 as a mistake. The one made here drops those
    rows from `X`, `y` and every argument as long as `y`, such as ``sample_weight``, and hands the
    rest to the scorer of scikit-learn.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set or dict, default="accuracy"
        A name of a scorer, a scorer ``(estimator, X, y) -> float``, or several of them as in
        ``cross_validate``. With several, the result is a dictionary of scores.

    Returns
    -------
    scorer : LabeledScorer
        For ``scoring=`` of everything in ``sklearn.model_selection`` but
        ``TunedThresholdClassifierCV``, which takes labelled rows alone, or to be called as
        ``scorer(estimator, X, y)``.

    See Also
    --------
    sgan_classifier.model_selection.SemiSupervisedKFold : Makes test folds without unlabelled rows,
        which need no such scorer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.semi_supervised import LabelSpreading
    >>> from sgan_classifier.metrics import make_labeled_scorer
    >>> from sgan_classifier.model_selection import mask_labels
    >>> X, y = load_iris(return_X_y=True)
    >>> y_few = mask_labels(y, 30, random_state=0)
    >>> classifier = LabelSpreading().fit(X, y_few)
    >>> round(classifier.score(X, y_few), 3)
    0.2
    >>> make_labeled_scorer("accuracy")(classifier, X, y_few)
    1.0
    """
    if scoring is None:
        raise TypeError(
            "scoring=None names no scorer. Pass a name such as 'accuracy', a scorer, or several."
        )
    if isinstance(scoring, LabeledScorer):
        return scoring
    # without a function's place in memory, which differs from process to process
    name = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(scoring))
    return LabeledScorer(check_scoring(scoring=scoring), name)


class LabeledScorer:
    """Scorer on the labelled rows alone; made by `make_labeled_scorer`."""

    def __init__(self, scorer: Callable, name: str):
        self._scorer: Any = scorer
        self._name = name
        self.__name__ = name.strip("'")  # which scikit-learn's displays put beside an axis

    def __call__(self, estimator: Any, X: Any, y: Any, **params: Any) -> Any:
        """Score an estimator on the labelled rows.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        X : array-like of shape (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,)
            Labels; -1, NaN or None marks an unlabelled row.
        **params : dict
            Passed on; what is as long as `y` loses the unlabelled rows too.

        Returns
        -------
        score : float or dict of str to float
            What the scorer says of the labelled rows.

        Raises
        ------
        ValueError
            If no row is labelled.
        """
        labels, labeled = known_labels(y)
        if not labeled.all():
            rows = np.flatnonzero(labeled)
            X = _safe_indexing(X, rows)
            params = {
                name: _safe_indexing(value, rows)
                if hasattr(value, "__len__") and len(value) == len(labeled)
                else value
                for name, value in params.items()
            }
        return self._scorer(estimator, X, labels, **params)

    def set_score_request(self, **requests: Any) -> LabeledScorer:
        """Ask for metadata, as ``set_score_request`` of scikit-learn's scorers does.

        Parameters
        ----------
        **requests : dict
            Such as ``sample_weight=True``.

        Returns
        -------
        self : LabeledScorer
            The scorer itself. The scorer that it was made of is left as it was.

        Raises
        ------
        TypeError
            If it was made of several scorers or a function: let the scorers given ask.
        """
        if not hasattr(self._scorer, "set_score_request"):
            raise TypeError(
                f"{self!r} cannot ask for metadata: several scorers and plain functions have no "
                "set_score_request. Give scorers that ask for it themselves, such as "
                "get_scorer('accuracy').set_score_request(sample_weight=True)."
            )
        scorer = deepcopy(self._scorer)
        scorer.set_score_request(**requests)
        self._scorer = scorer
        return self

    def get_metadata_routing(self) -> MetadataRequest | MetadataRouter:
        """Tell which metadata the scorer asks for.

        Returns
        -------
        routing : MetadataRequest or MetadataRouter
            Those of the scorer that this one was made of.
        """
        return get_routing_for_object(self._scorer)

    def _accept_sample_weight(self) -> bool:
        # scikit-learn's searches ask this of scorers while metadata routing is off.
        accepts = getattr(self._scorer, "_accept_sample_weight", None)
        return accepts is not None and accepts()

    def __repr__(self) -> str:
        return f"make_labeled_scorer({self._name})"
