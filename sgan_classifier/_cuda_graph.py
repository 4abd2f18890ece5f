"""Training steps on CUDA, recorded once and repeated.

A step of the default networks launches hundreds of kernels that take a few microseconds each: less
than Python takes to launch them. A CUDA graph launches all of them at once.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ._step import Batch, TrainingStep
from .networks._layers import LocalRandomModule

WARM_UP = 3  # steps before the one that is recorded, in which libraries choose their kernels


def repeatable(step: TrainingStep) -> Callable[[], dict[str, Tensor]]:
    """Return the step itself, or where it can be recorded, a `CapturedStep` of it.

    It can on CUDA, with the library's own networks and augmentations, and without callbacks: code
    of a user may look at the step from outside, or do something else at every step.
    """
    net = step.net
    networks = [net.module_] + ([net.generator_] if net.has_generator else [])
    is_ours = all(isinstance(network, LocalRandomModule) for network in networks)
    has_foreign_code = not is_ours or callable(step.settings.augment) or net.callbacks_
    return step if step.device.type != "cuda" or has_foreign_code else CapturedStep(step)


class CapturedStep:
    """A step whose work on the device is recorded after `WARM_UP` steps.

    The results are those of the step itself: the same kernels on the same random numbers.

    Parameters
    ----------
    step : TrainingStep
        On CUDA.
    """

    def __init__(self, step: TrainingStep) -> None:
        self.step = step
        self.stream = torch.cuda.Stream(step.device)
        self.n_calls = 0

    def __call__(self) -> dict[str, Tensor]:
        """Take one step; see `TrainingStep`."""
        batch = self.step.draw()
        self.n_calls += 1
        if self.n_calls <= WARM_UP:
            return self._update_aside(batch)
        if self.n_calls == WARM_UP + 1:
            self._capture(batch)
        for static, rows in zip(self.batch, batch, strict=True):
            if static is not None and rows is not None:
                static.copy_(rows)
        self.graph.replay()
        return dict(zip(self.names, self.values.clone(), strict=True))

    def _update_aside(self, batch: Batch) -> dict[str, Tensor]:
        """Take a step on the stream that records later, so that nothing is tied to another one."""
        current = torch.cuda.current_stream(self.step.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            figures = self.step.update(batch)
        current.wait_stream(self.stream)
        return figures

    def _capture(self, batch: Batch) -> None:
        """Record what a step does with `batch`, without doing it."""
        self.batch = batch
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.step.rng)
        self._let_optimizers_be_captured(True)
        # fits in other threads are no error
        mode = "thread_local"
        try:
            with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode=mode):
                figures = self.step.update(batch)
                self.names, self.values = list(figures), torch.stack([*figures.values()])
        finally:
            self._let_optimizers_be_captured(False)

    def _let_optimizers_be_captured(self, capturable: bool) -> None:
        """Say to torch that their state is on the device, as that of fused ones always is."""
        net = self.step.net
        optimizers = [net.optimizer_] + ([net.generator_optimizer_] if net.has_generator else [])
        for optimizer in optimizers:
            optimizer.param_groups[0]["capturable"] = capturable
