"""Where a training run is: what it has summed up and drawn, beside the state of the net."""

import time
from dataclasses import dataclass, field

from torch import Tensor

from ._batches import CyclingSampler
from ._early_stopping import EarlyStopping


@dataclass
class Totals:
    """Sums of the figures of the steps since the last record, kept on the device."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    n_steps: int = 0

    def add(self, figures: dict[str, Tensor]) -> None:
        for name, value in figures.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.n_steps += 1

    def means(self) -> dict[str, float]:
        return {name: float(value) / self.n_steps for name, value in self.sums.items()}


@dataclass
class Run:
    """Where a training run is, beside the state of the net.

    Attributes
    ----------
    step : int
        Steps taken in this run.
    totals : Totals
    sampler : CyclingSampler
    early_stopping : EarlyStopping
    seconds_before : float
        Taken before the run went on from a checkpoint.
    """

    sampler: CyclingSampler
    early_stopping: EarlyStopping
    totals: Totals = field(default_factory=Totals)
    step: int = 0
    seconds_before: float = 0.0
    _started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self._started
