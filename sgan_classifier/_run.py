"""Where a training run is: what it has summed up and drawn, beside the state of the net."""

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ._batches import CyclingSampler
from ._early_stopping import EarlyStopping


@dataclass
class Totals:
    """Sums of the figures of the steps since the last record, kept on the device.

    Attributes
    ----------
    names : list of str
        Of the figures; empty before the first step.
    values : Tensor of shape (n_figures,) or None
        Their sums, in one tensor: one addition a step, whatever their number.
    n_steps : int
    """

    names: list[str] = field(default_factory=list)
    values: Tensor | None = None
    n_steps: int = 0

    @classmethod
    def of(cls, sums: dict[str, Tensor], n_steps: int) -> "Totals":
        """Go on from what `sums` returned after so many steps."""
        return cls(list(sums), torch.stack([*sums.values()]) if sums else None, n_steps)

    def add(self, figures: dict[str, Tensor]) -> None:
        self.names = self.names or list(figures)
        values = torch.stack([figures[name] for name in self.names])
        self.values = values if self.values is None else self.values + values
        self.n_steps += 1

    @property
    def sums(self) -> dict[str, Tensor]:
        return {} if self.values is None else dict(zip(self.names, self.values, strict=True))

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
