"""The splitter that draws as many random splits as are asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from ._split import SemiSupervisedSplitter


class SemiSupervisedShuffleSplit(SemiSupervisedSplitter):
    """Random stratified splits of the labelled rows; unlabelled rows are always for training.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.
    test_size : float or int, default=0.2
        Part or number of the labelled rows in each test set.
    train_size : float, int or None, default=None
        Part or number of the labelled rows in each training set; None takes all that are not for
        testing. Labelled rows in neither are left out.
    random_state : int, RandomState instance or None, default=0
        Makes the splits. With an int they are the same at every call.

    See Also
    --------
    SemiSupervisedKFold : Tests each labelled row exactly once.

    Examples
    --------
    >>> from sgan_classifier.model_selection import SemiSupervisedShuffleSplit
    >>> y = [0, 0, 1, 1, -1, -1]
    >>> for train, test in SemiSupervisedShuffleSplit(2, test_size=2).split(y, y):
    ...     print(train, test)
    [2 1 4 5] [3 0]
    [0 2 4 5] [1 3]
    """

    _tests_each_row_once = False

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | None = 0.2,
        train_size: float | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ):
        self.n_splits = n_splits
        self.test_size = test_size
        self.train_size = train_size
        self.random_state = random_state

    def _labeled_splitter(self) -> StratifiedShuffleSplit:
        return StratifiedShuffleSplit(
            self.n_splits,
            test_size=self.test_size,
            train_size=self.train_size,
            random_state=self.random_state,
        )

    def _check_class_sizes(self, classes: NDArray, sizes: NDArray) -> None:
        super()._check_class_sizes(classes, sizes)
        codes, n_classes = np.repeat(np.arange(len(sizes)), sizes), len(sizes)
        # scikit-learn checks the sizes of both sides when it makes a split. This one is made of a
        # seed of its own, so that a RandomState instance is left for the real ones.
        trial = StratifiedShuffleSplit(
            1, test_size=self.test_size, train_size=self.train_size, random_state=0
        )
        try:
            next(trial.split(codes, codes))
        except ValueError as error:
            raise ValueError(
                f"{self!r} cannot split {len(codes)} labelled rows of {n_classes} classes: "
                f"{error}. Both sides need at least one labelled row a class: use another "
                f"test_size, such as {n_classes}, or label more rows."
            ) from error
