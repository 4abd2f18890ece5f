"""Training steps on CUDA, recorded once and repeated.

A step of the default networks launches hundreds of kernels that take a few microseconds each: less
than Python takes to launch them. A CUDA graph launches all of them at once.
"""

import threading
from collections.abc import Callable

import torch
from torch import Tensor

from . import networks
from ._step import Batch, TrainingStep
from .networks._layers import LocalRandomModule

WARM_UP = 3  # steps before the one that is recorded, in which libraries choose their kernels

_recording = threading.Lock()  # torch can record one graph at a time in a process
_own = threading.local()  # a thread's streams: their memory outlasts a fit


def repeatable(step: TrainingStep, n_steps: int) -> Callable[[], dict[str, Tensor]]:
    """Return the step itself, or where it can be recorded on CUDA, a `CapturedStep` of it.

    Parameters
    ----------
    step : TrainingStep
    n_steps : int
        How often it will be taken.
    """
    pays = n_steps > WARM_UP + 1
    return CapturedStep(step) if step.device.type == "cuda" and pays and is_ours(step) else step


def is_ours(step: TrainingStep) -> bool:
    """Return whether nothing but the library's own code takes part in a step.

    Code of a user (networks, augmentations, callbacks) may look at the step from outside, or do
    something else at every step. So does torch where it looks for anomalies.
    """
    net = step.net
    built = [net.module_] + ([net.generator_] if net.has_generator else [])
    foreign_networks = not all(
        isinstance(network, LocalRandomModule)
        and type(network).__module__.startswith(networks.__name__)
        for network in built
    )
    foreign = foreign_networks or callable(step.settings.augment) or bool(net.callbacks_)
    return not foreign and not torch.is_anomaly_enabled()


class CapturedStep:
    """A step whose work on the device is recorded after `WARM_UP` steps.

    The results are those of the step itself: the same kernels on the same random numbers.

    Parameters
    ----------
    step : TrainingStep
        On CUDA.

    Attributes
    ----------
    n_calls : int
        Steps taken.
    batch : Batch
        Where the recorded work finds the rows of a step.
    graph : torch.cuda.CUDAGraph
    names : list of str
        Of the figures of a step.
    values : Tensor of shape (n_figures,)
        Where the recorded work leaves them.
    """

    batch: Batch
    graph: torch.cuda.CUDAGraph
    names: list[str]
    values: Tensor

    def __init__(self, step: TrainingStep) -> None:
        self.step = step
        self.stream = _stream_aside(step.device)
        self.n_calls = 0

    def __call__(self) -> dict[str, Tensor]:
        """Take one step; see `TrainingStep`."""
        batch = self.step.draw()
        self.n_calls += 1
        if self.n_calls <= WARM_UP:
            return self._update_aside(batch)
        if self.n_calls == WARM_UP + 1:
            with torch.cuda.device(self.step.device), _recording:
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
        self._set_capturable(True)
        # other threads may go on allocating memory
        mode = "thread_local"
        try:
            with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode=mode):
                figures = self.step.update(batch)
                self.names, self.values = list(figures), torch.stack([*figures.values()])
        finally:
            self._set_capturable(False)

    def _set_capturable(self, capturable: bool) -> None:
        """Tell the optimisers whether a step is being recorded.

        Torch wants to hear it, though the state of fused optimisers is on the device anyway.
        """
        net = self.step.net
        optimizers = [net.optimizer_] + ([net.generator_optimizer_] if net.has_generator else [])
        for optimizer in optimizers:
            optimizer.param_groups[0]["capturable"] = capturable


def _stream_aside(device: torch.device) -> torch.cuda.Stream:
    """Return the calling thread's second stream on a device."""
    streams = _own.__dict__.setdefault("streams", {})
    if device not in streams:
        streams[device] = torch.cuda.Stream(device)
    return streams[device]
