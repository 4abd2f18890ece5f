"""Small real estimators for the tests of model selection."""

import os
import signal
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDClassifier
from sklearn.utils.validation import check_is_fitted


class LabeledRowsSGD(ClassifierMixin, BaseEstimator):
    """A linear classifier with ``max_iter``; unlabelled rows only shift and scale the features."""

    def __init__(self, max_iter=20, alpha=1e-3, random_state=0):
        self.max_iter = max_iter
        self.alpha = alpha
        self.random_state = random_state

    def fit(self, X, y, X_unlabeled=None):
        pool = X if X_unlabeled is None else np.concatenate([X, X_unlabeled.array])
        self.mean_, self.scale_ = pool.mean(0), pool.std(0) + 1e-9
        labeled = y != -1
        self.classes_, self.n_labeled_ = np.unique(y[labeled]), labeled.sum()
        self.n_pool_ = len(pool)
        self.sgd_ = SGDClassifier(
            max_iter=self.max_iter, tol=None, alpha=self.alpha, random_state=self.random_state
        ).fit((X[labeled] - self.mean_) / self.scale_, y[labeled])
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.sgd_.predict((X - self.mean_) / self.scale_)


class MemoryMeter(ClassifierMixin, BaseEstimator):
    """Reads a pool; its score is the private memory in MiB that doing so added to the process."""

    def __init__(self, copy=False):
        self.copy = copy

    def fit(self, X, y, X_unlabeled):
        self.classes_ = np.unique(y)
        before = _private_mib()
        rows = X_unlabeled.array.copy() if self.copy else X_unlabeled.array
        total = int(sum(row.sum(dtype=np.int64) for row in rows))
        assert total == rows.size
        self.added_ = _private_mib() - before
        return self

    def score(self, X, y):
        return self.added_


def _private_mib():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


class StopsAtThirdFit(LabeledRowsSGD):
    """Logs each fit as a letter in a file; the third is stopped as by Ctrl-C."""

    def __init__(self, log="", max_iter=20, alpha=1e-3, random_state=0):
        super().__init__(max_iter=max_iter, alpha=alpha, random_state=random_state)
        self.log = log

    def fit(self, X, y):
        with open(self.log, "a+") as log:
            log.write("f")
            log.seek(0)
            if len(log.read()) == 3:
                raise KeyboardInterrupt
        return super().fit(X, y)


class KillsItsWorker(LabeledRowsSGD):
    """Kills the process it is in, in the first fit with seed 10 of all; the file tells of it."""

    def __init__(self, killed="", max_iter=20, alpha=1e-3, random_state=0):
        super().__init__(max_iter=max_iter, alpha=alpha, random_state=random_state)
        self.killed = killed

    def fit(self, X, y):
        if self.random_state == 10 and not Path(self.killed).exists():
            Path(self.killed).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


class ThreadMeter(ClassifierMixin, BaseEstimator):
    """Keeps the number of threads that torch may use in `fit`."""

    def fit(self, X, y):
        import torch

        self.classes_ = np.unique(y)
        self.threads_ = torch.get_num_threads()
        return self
