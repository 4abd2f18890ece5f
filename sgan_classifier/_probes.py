"""Classifiers that learn from the labels alone, in a few steps, before training begins.

What they make of the unlabelled rows says in which proportions the classes stand there, and how far
labels that a classifier gives itself can be trusted.
"""

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ._batches import Rows, evenly_spaced
from ._forward import answers
from ._random import Streams, derived_seed
from ._step import TrainingData, TrainingStep

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

PROBE_STEPS, PROBE_PART = 200, 0.2  # the second of all steps, at most
PROBE_ROWS = 2048  # that are asked about
FIXED_THRESHOLD = 0.95  # FixMatch's (Sohn et al. 2020)
LEAST_KAPPA = 0.8  # of two probes that agree
FEWEST_THRESHOLD_STEPS = 100  # of a probe that is asked for a threshold


class Probes:
    """Copies of the discriminator, each trained on the labels alone when it is first asked.

    Parameters
    ----------
    net : SemiSupervisedNet
        About to be trained; it is left as it is.
    data : TrainingData
    n_steps : int
        Of the training to come.
    seed : int or None
        None trains no probe.

    Attributes
    ----------
    n_steps : int
        Of a probe; 0 where there is none, or no pool to ask it about.
    n_labeled : int
    """

    def __init__(
        self, net: "SemiSupervisedNet", data: TrainingData, n_steps: int, seed: int | None
    ) -> None:
        self._net, self._data, self._seed = net, data, seed
        is_asked = seed is not None and data.pool is not None
        self.n_steps = min(PROBE_STEPS, int(PROBE_PART * n_steps)) if is_asked else 0
        self.n_labeled = len(data.labeled)
        self._probes: dict[int, SemiSupervisedNet] = {}
        self._of_pool: dict[int, NDArray[np.float64]] = {}

    def sureness(self) -> float:
        """Return the mean probability of the first probe for the right class of labelled rows."""
        positions = evenly_spaced(self.n_labeled, PROBE_ROWS)
        probabilities = _probabilities(self._probe(0), self._data.labeled.subset(positions))
        codes = self._data.codes[positions]
        return float(probabilities[np.arange(len(codes)), codes].mean())

    def of_pool(self, which: int) -> NDArray[np.float64]:
        """Return the probabilities (n, K) of one probe for rows spread over the pool."""
        if which not in self._of_pool:
            pool = self._data.pool
            assert pool is not None
            rows = pool.subset(evenly_spaced(len(pool), PROBE_ROWS))
            self._of_pool[which] = _probabilities(self._probe(which), rows)
        return self._of_pool[which]

    def disagreement(self) -> float:
        """Return the part of these rows that two probes put into different classes.

        Where two classifiers disagree, one of them at least is wrong (see Jiang et al., "Assessing
        Generalization of SGD via Disagreement", ICLR 2022). The reverse does not hold: these two
        share their labels and their first weights, and so many of their mistakes.
        """
        one, other = (self.of_pool(which).argmax(axis=1) for which in (0, 1))
        return float(np.mean(one != other))

    def _probe(self, which: int) -> "SemiSupervisedNet":
        if which not in self._probes:
            assert self._seed is not None
            probe = train_probe(self._net, self._data, self.n_steps, self._seed, which)
            self._probes[which] = probe
        return self._probes[which]


def find_pseudo_label_threshold(probes: Probes) -> float:
    """Return how sure a teacher must be at least: not at all, unless two probes often disagree.

    Two that often disagree are often wrong: see `Probes.disagreement`. A threshold that follows a
    teacher's own confidence accepts the surer of its labels, however often those are wrong, and
    training would confirm them.

    Parameters
    ----------
    probes : Probes
        Of too few steps, nothing is asked.

    Returns
    -------
    float
        0, or `FIXED_THRESHOLD` where their agreement beyond chance, kappa for classes of equal
        chance (Brennan and Prediger 1981), is below `LEAST_KAPPA`.
    """
    if probes.n_steps < FEWEST_THRESHOLD_STEPS:
        return 0.0
    n_classes = probes.of_pool(0).shape[1]
    kappa = 1.0 - probes.disagreement() / (1.0 - 1.0 / n_classes)
    return 0.0 if kappa >= LEAST_KAPPA else FIXED_THRESHOLD


def train_probe(
    net: "SemiSupervisedNet", data: TrainingData, n_steps: int, seed: int, which: int = 0
) -> "SemiSupervisedNet":
    """Train a copy of the discriminator on the labels alone.

    Parameters
    ----------
    net : SemiSupervisedNet
        It is left as it is.
    data : TrainingData
    n_steps : int
    seed : int
    which : int
        Number of the probe: each has its own batches, views and dropout.

    Returns
    -------
    SemiSupervisedNet
        The copy, trained.
    """
    settings = replace(
        net.settings,
        adversarial_weight=0.0,
        entropy_weight=0.0,
        pseudo_label_weight=0.0,
        balance_weight=0.0,
    )
    streams = Streams.from_seed(derived_seed(seed, which + 1), torch.device(net.device))
    discriminator = copy.deepcopy(net.module_)
    probe = type(net)(
        discriminator,
        None,
        net.n_classes,
        settings,
        net.scaler,
        streams,
        device=net.device,
        verbose=net.verbose,
    )
    probe.initialize()
    probe.train_steps(TrainingStep(probe, replace(data, pool=None)), n_steps)
    return probe


def _probabilities(net: "SemiSupervisedNet", rows: Rows) -> NDArray[np.float64]:
    """Return the probability of each class, (n, K)."""
    batches = [torch.softmax(logits.double(), dim=1) for logits in answers(net, rows)]
    return torch.cat(batches).numpy()
