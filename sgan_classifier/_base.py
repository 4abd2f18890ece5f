"""What both estimators share: parameters, `fit` and `partial_fit`."""

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    _fit_context,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._tags import Tags

from . import networks
from ._augment import AUGMENTATIONS
from ._batches import Rows
from ._device import PRECISIONS
from ._inference import InferenceMixin
from ._layout import Layout, infer_layout
from ._pool import warn_if_cut
from ._random import draw_seed
from ._scale_checks import check_pool_scale, warn_of_mixed_scales, warn_of_other_scale
from ._scaling import SCALINGS
from ._targets import check_classes, codes_among, encode_labels
from ._threads import check_threads
from ._training import TrainableEstimator
from ._validation import check_pool, check_rows
from .exceptions import DivergenceError, InvalidInputError, NoUnlabeledRowsWarning

# of the net, by `fit` and `partial_fit`: put back where training does not begin
_SET_BEFORE_TRAINING = (
    "n_steps_",
    "label_counts_",
    "class_prior_",
    "found_prior_",
    "pseudo_label_threshold_",
    "settings",
)


class BaseImageClassifier(
    InferenceMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TrainableEstimator,
):
    """Base of `SGANClassifier` and `CNNClassifier`; not for use by itself.

    A subclass has an `__init__` that takes at least the parameters checked below, and says what is
    trained, as `TrainableEstimator` asks.
    """

    _parameter_constraints: ClassVar[dict] = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "optimizer_params": [dict, None],
        "learning_rate_schedule": [
            StrOptions({"constant", "linear", "linear_last_third", "cosine"})
        ],
        "network": [StrOptions({"auto", *networks.NETWORKS}), callable],
        "width": [Interval(Integral, 1, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
        "augment": [StrOptions({"auto", *AUGMENTATIONS}), tuple, list, callable, None],
        "scaling": [StrOptions(set(SCALINGS)), None],
        "image_shape": [tuple, list, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "device": [str, torch.device],
        "precision": [StrOptions({"auto", *PRECISIONS})],
        "compile": ["boolean"],
        "callbacks": [list, None],
        "verbose": ["verbose"],
        "checkpoint_dir": [str, os.PathLike, None],
        "checkpoint_every": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    # ------------------------------------------------------------------ training

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, X_unlabeled: Any = None) -> "BaseImageClassifier":
        """Train.

        Parameters
        ----------
        X : array-like of shape (n, h, w), (n, h, w, c), (n, c, h, w) or (n, n_features)
            Images or feature rows, labelled and unlabelled. Flat images need `image_shape`.
        y : array-like of shape (n,)
            Labels. Unlabelled rows hold -1; in object arrays also None, NaN or pandas.NA; in float
            arrays also NaN.
        X_unlabeled : array-like of shape (m, ...) or UnlabeledPool, optional
            Further unlabelled rows, of the row shape of `X`.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            If the data or the network cannot be used; nothing has been trained then, and an
            estimator that was fitted stays as it was.
        DivergenceError
            If a loss or a gradient becomes NaN or infinite, or the loss on the labelled rows rises
            far above that of guessing.
        CheckpointError
            If `checkpoint_dir` holds the checkpoint of another fit, or another one uses it.
        CheckpointWriteError
            If a checkpoint cannot be written; the estimator is fitted with what it has learnt.

        Warns
        -----
        TrainingHealthWarning
            If a fit of at least 100 steps went wrong in another way; each has a category of its own
            in `sgan_classifier.exceptions`.
        """
        with self._kept_until_training():
            continues = self.warm_start and hasattr(self, "net_")
            X, pool, layout = self._check_arrays(X, X_unlabeled, reset=not continues)
            classes, codes = encode_labels(y, len(X), estimator_name=type(self).__name__)
            if self._learns_from_pool:
                if pool is None and (codes >= 0).all():
                    self._warn_no_unlabeled()
                warn_of_mixed_scales(X, codes >= 0)
            if continues and not np.array_equal(classes, self.classes_):
                raise InvalidInputError(
                    f"warm_start=True goes on with the classes {self.classes_.tolist()}, but y "
                    f"has {classes.tolist()}. Use the same classes, or warm_start=False to start "
                    "anew."
                )
            self._check_parameters(classes, continues=continues)
            # a warm start holds out the rows that it held out before, and few others
            seed = self._seed if continues else draw_seed(self.random_state)
            with self._checkpoint(X, codes, classes, pool, continues, seed) as checkpoint:
                n_before = self.net_.n_steps_ if continues else 0
                if checkpoint is not None:
                    seed, n_before = checkpoint.seed, checkpoint.start_step
                data = self._training_data(X, codes, pool, layout, classes, seed)
                with self._isolated_state(seed, n_before, continues):
                    if not continues:
                        self._start(data, classes, layout, seed)
                    self.net_.label_counts_ = np.bincount(data.codes, minlength=len(classes))
                    return self._train(
                        data,
                        self.max_iter,
                        self.learning_rate_schedule,
                        checkpoint,
                        probe_seed=seed,
                    )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, *, X_unlabeled: Any = None
    ) -> "BaseImageClassifier":
        """Train for one pass over the given rows, going on from the present weights.

        A pass takes as many steps as it needs for every labelled and, where they are used, every
        unlabelled row to be drawn once on average. The learning rate is constant, and
        `early_stopping` does not apply. The scale of the pixels is that of the first call's rows.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            As in `fit`.
        y : array-like of shape (n,)
            As in `fit`. After the first call, it may hold no label at all, save with
            ``class_weight="balanced"``.
        classes : array-like of shape (n_classes,), optional
            All classes that will ever come; on the first call, by default those in `y`.
        X_unlabeled : array-like of shape (m, ...) or UnlabeledPool, optional
            As in `fit`.

        Returns
        -------
        self
        """
        with self._kept_until_training():
            first = not hasattr(self, "net_")
            X, pool, layout = self._check_arrays(X, X_unlabeled, reset=first)
            if first and classes is None:
                known, codes = encode_labels(y, len(X), estimator_name=type(self).__name__)
            else:
                known = check_classes(classes) if first else self.classes_
                codes = codes_among(known, y, len(X), may_be_empty=not first)
                if classes is not None and not np.array_equal(check_classes(classes), known):
                    raise InvalidInputError(
                        f"classes={classes!r} differs from the classes of the first call, "
                        f"{known.tolist()}. Leave it out, or fit a new estimator."
                    )
            self._check_parameters(known, continues=not first, hold_out_rows=False)
            seed = draw_seed(self.random_state) if first else self._seed
            data = self._training_data(X, codes, pool, layout, known, seed, hold_out_rows=False)
            n_before = 0 if first else self.net_.n_steps_
            with self._isolated_state(seed, n_before, continues=not first):
                if first:
                    self._start(data, known, layout, seed)
                counts = np.bincount(data.codes, minlength=len(known))
                self.net_.label_counts_ = self.net_.label_counts_ + counts  # it may be read-only
                n_steps = math.ceil(len(data.labeled) / self.batch_size)
                if data.pool is not None:
                    batch = self._pool_settings(layout)["unlabeled_batch_size"]
                    n_steps = max(n_steps, math.ceil(len(data.pool) / batch))
                return self._train(data, n_steps, "constant")

    @contextmanager
    def _kept_until_training(self) -> Iterator[None]:
        """On an error before the first step, leave the estimator as it was."""
        before = self.__dict__.copy()
        net = before.get("net_")
        state = {} if net is None else {name: getattr(net, name) for name in _SET_BEFORE_TRAINING}
        n_epochs = 0 if net is None else len(net.history)
        try:
            yield
        except BaseException as error:
            now = self.__dict__.get("net_")
            first = state.get("n_steps_", 0) if now is net else 0
            has_trained = now is not None and now.n_steps_ > first
            if not has_trained and not isinstance(error, DivergenceError):
                self.__dict__.update(before)
                for name in self.__dict__.keys() - before.keys():
                    del self.__dict__[name]
                for name, value in state.items():
                    setattr(net, name, value)
                if net is not None:
                    del net.history[n_epochs:]
            raise

    def _check_arrays(
        self, X: Any, X_unlabeled: Any, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray | None, Layout]:
        check_threads()
        X = check_rows(self, X, reset=reset)
        layout = infer_layout(X.shape, self.image_shape) if reset else self._layout
        if not reset:
            fit_dtype = getattr(self, "_fit_dtype", None)
            warn_of_other_scale(Rows([X], layout), self.net_.scaler, fit_dtype, stacklevel=5)
        if not self._learns_from_pool:
            return X, None, layout
        pool = check_pool(self, X_unlabeled, layout)
        if pool is not None:
            warn_if_cut(X, X_unlabeled)
            check_pool_scale(X, pool)
        return X, pool, layout

    def _warn_no_unlabeled(self) -> None:
        warnings.warn(
            "No row is unlabelled: every entry of y is a class and X_unlabeled is empty. Training "
            "goes on with the labelled rows alone; mark unlabelled rows with -1, among strings "
            "with None, to learn from them. Inside a voting, bagging or calibrating estimator of "
            "scikit-learn, which numbers the labels anew, pass them as X_unlabeled.",
            NoUnlabeledRowsWarning,
            stacklevel=4,
        )

    @property
    def _n_features_out(self) -> int:
        return self.net_.n_features

    def __sklearn_clone__(self) -> "BaseImageClassifier":
        copy = super().__sklearn_clone__()
        copy._is_clone = True
        return copy

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if hasattr(self, "net_"):  # a net saved on a GPU may have come back on the CPU
            self.device_ = self.net_.device

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
