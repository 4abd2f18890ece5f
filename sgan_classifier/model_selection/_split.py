"""Cross-validation splitters for data of which only some rows are labelled.

Each one hands the labelled rows to the splitter of scikit-learn that it is named after, and adds
the unlabelled rows to the training folds.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import (
    BaseCrossValidator,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)
from sklearn.utils import check_random_state, indexable

from .._labels import known_labels


class SemiSupervisedSplitter(BaseCrossValidator):
    """What the splitters share: labelled rows are split, unlabelled rows are for training."""

    n_splits: int
    random_state: int | np.random.RandomState | None
    _tests_each_row_once = True  # within a repetition

    @abstractmethod
    def _labeled_splitter(self) -> Any:
        """Return the splitter of scikit-learn for the labelled rows."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Ignored; they exist for compatibility.

        Returns
        -------
        n_splits : int
            The number of splits.
        """
        return self._labeled_splitter().get_n_splits()

    def split(
        self, X: Any, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray, NDArray]]:
        """Generate indices of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length is used.
        y : array-like of shape (n_samples,)
            Labels; -1, NaN or None marks an unlabelled row.
        groups : array-like of shape (n_samples,), default=None
            The group, such as the scene, of each row. Only the group form uses it.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Labelled rows first, then unlabelled rows. The labelled rows are in an order in which
            each leading part holds every class in proportion, because ``learning_curve`` trains on
            leading parts.
        test : ndarray of shape (n_test,)
            Labelled rows only.

        Raises
        ------
        ValueError
            If a class has too few labelled rows, or too few groups, to be split.
        """
        X, y, groups = indexable(X, y, groups)
        if y is None:
            raise ValueError(f"{type(self).__name__} needs y, with -1 for unlabelled rows.")
        labels, is_labeled = known_labels(y)
        labeled, unlabeled = np.flatnonzero(is_labeled), np.flatnonzero(~is_labeled)
        classes, codes = np.unique(labels, return_inverse=True)
        self._check_class_sizes(classes, np.bincount(codes))
        rng = check_random_state(self.random_state)
        for train, test in self._split_labeled(classes, codes, labeled, groups):
            if getattr(self, "shuffle", True):
                train = rng.permutation(train)
            train = labeled[train[_interleave(codes[train])]]
            test = labeled[test]
            yield np.concatenate([train, self._allowed(unlabeled, test, groups)]), test

    def _split_labeled(
        self, classes: NDArray, codes: NDArray, labeled: NDArray, groups: Any
    ) -> Iterator[tuple[NDArray, NDArray]]:
        """Split positions among the labelled rows, 0 to ``len(labeled) - 1``."""
        if groups is not None:
            warnings.warn(
                f"{type(self).__name__} ignores groups: rows of one group are on both sides of a "
                "split. Use SemiSupervisedGroupKFold to keep them together.",
                UserWarning,
                stacklevel=3,
            )
        return self._labeled_splitter().split(codes, codes)

    def _allowed(self, unlabeled: NDArray, test: NDArray, groups: Any) -> NDArray:
        """Return the unlabelled rows that may be trained on where `test` is the test fold."""
        return unlabeled

    def _check_class_sizes(self, classes: NDArray, sizes: NDArray) -> None:
        if len(classes) < 2:
            raise ValueError(
                f"y has one labelled class ({classes[0]}); at least 2 are needed. Label rows of "
                "another class, or check that -1 means unlabelled."
            )
        least, needed = sizes.min(), self.n_splits if self._tests_each_row_once else 2
        if least >= needed:
            return
        if least == 1:
            remedy = "Label at least 2 rows of each class: each test fold hides some of them."
        else:
            remedy = f"Use n_splits={least} or less, or label more rows of that class."
        raise ValueError(
            f"Class {classes[sizes.argmin()]} has {least} labelled row{'s' * bool(least > 1)}, too "
            f"few for {self!r}, which needs {needed} of each class. {remedy}"
        )


def _interleave(codes: NDArray) -> NDArray:
    """Order rows so that every leading part holds the classes in proportion."""
    counts = np.bincount(codes)
    by_class = np.argsort(codes, kind="stable")
    rank_in_class = np.empty(len(codes))
    rank_in_class[by_class] = np.concatenate([np.arange(count) for count in counts])
    return np.argsort((rank_in_class + 0.5) / counts[codes], kind="stable")


class SemiSupervisedKFold(SemiSupervisedSplitter):
    """K folds over the labelled rows; unlabelled rows are in every training fold and no test fold.

    Plain ``KFold`` puts unlabelled rows into the test folds, where each one counts as a mistake.
    This splitter stratifies the labelled rows as ``StratifiedKFold`` does. Give it as ``cv=`` to
    ``cross_val_score``, ``GridSearchCV`` and the rest of ``sklearn.model_selection``.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Each class needs at least as many labelled rows.
    shuffle : bool, default=True
        Shuffle the rows of each class before they are dealt to the folds.
    random_state : int, RandomState instance or None, default=0
        Makes the shuffle. With an int the folds are the same at every call.

    See Also
    --------
    SemiSupervisedGroupKFold : Keeps the rows of a group on one side of the split.
    RepeatedSemiSupervisedKFold : Repeats this with other folds, which few labels call for.
    sgan_classifier.metrics.make_labeled_scorer : For test folds that do hold unlabelled rows.

    Notes
    -----
    ``cross_val_predict`` asks for test folds that cover every row, so it refuses an `X` with
    unlabelled rows. ``HalvingGridSearchCV`` with ``resource="n_samples"`` draws training rows
    without looking at `y`, and would drop the few labelled ones; use another resource, such as
    ``max_iter``. Both work if `X` holds the labelled rows alone, and the unlabelled rows travel as
    ``fit(X, y, X_unlabeled=UnlabeledPool(array))``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.semi_supervised import LabelSpreading
    >>> from sgan_classifier.model_selection import SemiSupervisedKFold, mask_labels
    >>> X, y = load_iris(return_X_y=True)
    >>> y_few = mask_labels(y, 30, random_state=0)
    >>> # Plain folds test on unlabelled rows, each of which counts as a mistake.
    >>> cross_val_score(LabelSpreading(), X, y_few).mean().round(2)
    np.float64(0.17)
    >>> cross_val_score(LabelSpreading(), X, y_few, cv=SemiSupervisedKFold()).mean().round(2)
    np.float64(0.9)
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = 0,
    ):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        self._labeled_splitter()  # scikit-learn checks the parameters

    def _labeled_splitter(self) -> StratifiedKFold:
        random_state = self.random_state if self.shuffle else None
        return StratifiedKFold(self.n_splits, shuffle=self.shuffle, random_state=random_state)


class RepeatedSemiSupervisedKFold(SemiSupervisedSplitter):
    """`SemiSupervisedKFold` repeated with other folds each time.

    One labelled row in a test fold of four moves the score of the fold by 0.25; repeating averages
    that out.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Each class needs at least as many labelled rows.
    n_repeats : int, default=10
        How often the folds are drawn anew.
    random_state : int, RandomState instance or None, default=0
        Makes the shuffles. With an int the folds are the same at every call.

    See Also
    --------
    SemiSupervisedKFold : The folds that are repeated.

    Examples
    --------
    >>> from sgan_classifier.model_selection import RepeatedSemiSupervisedKFold
    >>> y = [0, 0, 0, 1, 1, 1, -1, -1]
    >>> for train, test in RepeatedSemiSupervisedKFold(3, n_repeats=2).split(y, y):
    ...     print(train, test)
    [3 1 5 0 6 7] [2 4]
    [0 3 2 4 6 7] [1 5]
    [5 1 4 2 6 7] [0 3]
    [2 3 1 5 6 7] [0 4]
    [1 3 4 0 6 7] [2 5]
    [0 5 4 2 6 7] [1 3]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        n_repeats: int = 10,
        random_state: int | np.random.RandomState | None = 0,
    ):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state
        self._labeled_splitter()

    def _labeled_splitter(self) -> RepeatedStratifiedKFold:
        return RepeatedStratifiedKFold(
            n_splits=self.n_splits, n_repeats=self.n_repeats, random_state=self.random_state
        )
