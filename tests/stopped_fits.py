"""Fits that are stopped on the way, and the rows they are fitted to."""

import pytest
from skorch.callbacks import Callback
from tiny import few_labels, noise_images

from sgan_classifier.exceptions import TrainingInterruptedWarning

X, Y = noise_images(40), few_labels(40, n_labeled=16)


class StopAt(Callback):
    """Raises once, at the end of a step; by default as Ctrl-C does."""

    def __init__(self, step, error=KeyboardInterrupt):
        self.step, self.error, self.raised = step, error, False

    def on_batch_end(self, net, **kwargs):
        if net.n_steps_ == self.step and not self.raised:
            self.raised = True
            raise self.error


def stopped(estimator):
    """Fit up to step 12."""
    with pytest.warns(TrainingInterruptedWarning, match=r"after 12 steps.*Call fit again to go on"):
        estimator.set_params(callbacks=[StopAt(12)]).fit(X, Y)
    return estimator.set_params(callbacks=None)
