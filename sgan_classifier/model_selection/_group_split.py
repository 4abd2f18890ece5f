"""The splitter that keeps the rows of one group, such as a scene, together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from .._labels import is_missing
from ._split import SemiSupervisedSplitter


class SemiSupervisedGroupKFold(SemiSupervisedSplitter):
    """K folds that keep the rows of one group, such as a scene, on one side of the split.

    Patches of one scene share its light and its ground. With patches of a scene on both sides of a
    split, the score tells how well the classifier knows that scene, not how well it does on the
    next one.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Labelled rows must come from at least as many groups.
    shuffle : bool, default=True
        Shuffle the groups before they are dealt to the folds.
    random_state : int, RandomState instance or None, default=0
        Makes the shuffle. With an int the folds are the same at every call.
    transductive : bool, default=False
        Train on the unlabelled rows of the test groups too. That answers another question: how well
        is a scene classified whose unlabelled patches were at hand in training?

    See Also
    --------
    SemiSupervisedKFold : Where rows are independent of each other.

    Examples
    --------
    >>> from sgan_classifier.model_selection import SemiSupervisedGroupKFold
    >>> y = [0, 1, -1, 0, 1, -1]
    >>> scene = ["a", "a", "a", "b", "b", "b"]
    >>> for train, test in SemiSupervisedGroupKFold(2).split(y, y, groups=scene):
    ...     print(train, test)
    [1 0 2] [3 4]
    [3 4 5] [0 1]
    """

    # With metadata routing, groups are asked for by default, as scikit-learn's group splitters do.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = 0,
        transductive: bool = False,
    ):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        self.transductive = transductive
        self._labeled_splitter()

    def _labeled_splitter(self) -> StratifiedGroupKFold:
        random_state = self.random_state if self.shuffle else None
        return StratifiedGroupKFold(self.n_splits, shuffle=self.shuffle, random_state=random_state)

    def _split_labeled(
        self, classes: NDArray, codes: NDArray, labeled: NDArray, groups: Any
    ) -> Iterator[tuple[NDArray, NDArray]]:
        if groups is None:
            raise ValueError(
                f"{type(self).__name__} needs groups: pass groups=, the scene of each row."
            )
        groups = known_groups(groups, labeled)
        n_groups = len(np.unique(groups))
        if n_groups < self.n_splits:
            fewer = f"Use n_splits={n_groups} or less, or label" if n_groups > 1 else "Label"
            raise ValueError(
                f"Labelled rows come from {n_groups} group(s), too few for "
                f"n_splits={self.n_splits}. {fewer} rows of more groups."
            )
        for train, test in self._labeled_splitter().split(codes, codes, groups):
            missing = np.setdiff1d(codes, codes[train])
            if len(missing) or not len(test):
                what = f"class {classes[missing[0]]}" if len(missing) else "test rows"
                raise ValueError(
                    f"{self!r} made a fold without {what}: labelled rows of too few groups hold "
                    "it. Use fewer splits or another random_state, or label more groups."
                )
            yield train, test

    def _allowed(self, unlabeled: NDArray, test: NDArray, groups: Any) -> NDArray:
        if self.transductive:
            return unlabeled
        tested = known_groups(groups, test)
        return unlabeled[~np.isin(known_groups(groups, unlabeled), tested)]


def known_groups(groups: ArrayLike, rows: NDArray) -> NDArray:
    """Return the groups of some rows.

    Parameters
    ----------
    groups : array-like of shape (n_samples,)
    rows : ndarray of int of shape (n,)

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    ValueError
        If `groups` is no single column, or one of the rows has no group: NaN, NaT, None or
        ``pandas.NA``.
    """
    array: NDArray = np.asarray(groups)
    if array.dtype.kind in "US" and not hasattr(groups, "dtype"):
        # of a list, as NumPy makes the word "nan" of a NaN among words
        array = np.asarray(groups, dtype=object)
    named = array[rows]
    if named.ndim != 1:
        raise ValueError(
            f"groups has rows of shape {named.shape[1:]}; expected (n_samples,). Pass one name or "
            "number for each row, such as a column of a table."
        )
    if named.dtype.kind in "fMOT":
        missing = np.fromiter(map(is_missing, named), bool, len(named))
        if missing.any():
            first = missing.argmax()
            raise ValueError(
                f"groups holds {named[first]} for row {rows[first]}, which may belong to a group "
                "that is held out. Name the group of every row, or leave out rows of none."
            )
    return named
