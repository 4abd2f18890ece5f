"""Callbacks for training, beside those of skorch: ``SGANClassifier(callbacks=[...])``."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.callbacks import Callback

from ._forward import generate
from ._random import draw_seed
from .exceptions import InvalidInputError

__all__ = ["SampleRecorder"]


class SampleRecorder(Callback):
    """Keep what the generator makes of the same noise as training goes on.

    Parameters
    ----------
    steps : sequence of int, default=(1, 10, 30, 100, 300, 1000)
        After which optimiser steps to draw, counted since the weights were drawn; 0 is before the
        first. Steps that training does not reach are left out.
    n_samples : int, default=8
        How many images.
    random_state : int, RandomState or None, default=0
        Of the noise. It touches no other stream: training gives the same weights without it.

    Attributes
    ----------
    steps_ : list of int
        The steps drawn at. Set when training begins, as what follows; a fit from the beginning
        starts anew, `warm_start` and `partial_fit` go on.
    images_ : list of ndarray of shape (n_samples, h, w, c), float32
        The images at each step, in the units of `X`.

    See Also
    --------
    sgan_classifier.plotting.SamplesDisplay.from_recorder : Draws them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier import SGANClassifier
    >>> from sgan_classifier.callbacks import SampleRecorder
    >>> X, y = load_digits().images, load_digits().target
    >>> y = np.where(np.arange(len(y)) < 50, y, -1)
    >>> recorder = SampleRecorder(steps=(0, 5, 10), n_samples=4)
    >>> model = SGANClassifier(max_iter=10, width=8, callbacks=[recorder], random_state=0).fit(X, y)
    >>> recorder.steps_, recorder.images_[0].shape
    ([0, 5, 10], (4, 8, 8, 1))
    """

    def __init__(
        self,
        steps: Sequence[int] = (1, 10, 30, 100, 300, 1000),
        *,
        n_samples: int = 8,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.steps = steps
        self.n_samples = n_samples
        self.random_state = random_state

    def initialize(self) -> SampleRecorder:
        """Forget what was recorded; skorch calls this when weights are drawn."""
        self.steps_: list[int] = []
        self.images_: list[NDArray[np.float32]] = []
        self.seed_ = draw_seed(self.random_state)  # skorch takes names without _ for parameters
        return self

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Check that there is a generator of images, and draw at step 0."""
        if not net.has_generator or net.settings.adversarial_weight == 0:
            raise InvalidInputError(
                "SampleRecorder needs a generator that is trained: use it with SGANClassifier and "
                "adversarial_weight above 0."
            )
        # a generator would be used up by looking at it
        is_sequence = np.iterable(self.steps) and hasattr(self.steps, "__len__")
        if not is_sequence or not all(isinstance(step, Integral) for step in self.steps):
            raise InvalidInputError(
                f"steps={self.steps!r} are no numbers of steps. Pass a tuple or list of whole "
                "numbers, as (1, 10)."
            )
        if not isinstance(self.n_samples, Integral) or self.n_samples < 1:
            raise InvalidInputError(f"n_samples={self.n_samples!r} is not a positive integer.")
        images = self._draw(net)
        if images.ndim != 4:
            raise InvalidInputError(
                f"SampleRecorder is for images, but X is a table of {images.shape[1]} features. "
                "Pass image_shape to SGANClassifier if the rows are flat images."
            )
        if net.n_steps_ == 0 and 0 in self.steps:
            self._keep(0, images)

    def on_batch_end(
        self, net: Any, batch: Any = None, training: bool = True, **kwargs: Any
    ) -> None:
        """Draw where the step is one of `steps`; skorch calls this after each."""
        if net.n_steps_ in self.steps:
            self._keep(net.n_steps_, self._draw(net))

    def _draw(self, net: Any) -> NDArray[np.float32]:
        rng = torch.Generator(net.device).manual_seed(self.seed_)
        return net.scaler.inverse(generate(net, self.n_samples, rng)).numpy()

    def _keep(self, step: int, images: NDArray[np.float32]) -> None:
        self.steps_.append(step)
        self.images_.append(np.moveaxis(images, 1, -1).astype(np.float32))
