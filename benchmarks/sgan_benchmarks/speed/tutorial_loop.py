"""The tutorial loop: the same training as the published PyTorch and Keras tutorials would write it.

A map-style dataset that augments item by item, a `DataLoader` with its default workers, separate
passes for labelled, unlabelled and generated rows, torch's default Adam, and a generator's step
through a discriminator whose weight gradients are computed and thrown away. The rows are scaled
beforehand, the data are in memory, and nothing is slower than there: a reference, not a straw man.

References
----------
.. [1] N. Inkawhich, "DCGAN Tutorial", pytorch.org: the loop and what it prints.
.. [2] J. Brownlee, "How to Implement a Semi-Supervised GAN (SGAN) From Scratch in Keras", 2019:
       labelled, unlabelled and generated batches, each by itself.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from sgan_classifier._augment import shift_in_pixels
from sgan_classifier._engine import SemiSupervisedNet
from sgan_classifier._optimizers import SCHEDULES

from .clock import now
from .reference import (
    PseudoLabels,
    RunningAverage,
    discriminator_losses,
    generator_loss,
    needs_teacher,
    photometric,
)


class AugmentedRows(Dataset):
    """One row at a time, with its label or with a second view of it.

    Parameters
    ----------
    rows : Tensor of shape (n, *input_shape)
        Scaled.
    targets : Tensor of shape (n,) or None
        Labels to return beside the view.
    names : tuple of str
        Augmentations.
    two_views : bool, default=False
        Return a strong and a weak view.
    """

    def __init__(
        self, rows: Tensor, targets: Tensor | None, names: tuple[str, ...], two_views: bool = False
    ) -> None:
        self.rows, self.targets, self.names, self.two_views = rows, targets, names, two_views
        self.rng = torch.Generator().manual_seed(0)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> Any:
        if self.targets is not None:
            return self._view(self.rows[i], "labeled"), self.targets[i]
        if self.two_views:
            return self._view(self.rows[i], "strong"), self._view(self.rows[i], "weak")
        return self._view(self.rows[i], "strong")

    def _view(self, x: Tensor, kind: str) -> Tensor:
        """Return a view (c, h, w), by a padded random crop and mirrors as torchvision has them."""
        if not self.names:
            return x
        _, height, width = x.shape
        if "shift" in self.names:
            by = shift_in_pixels(height, width)
            padded = F.pad(x[None], (by, by, by, by), mode="reflect")[0]
            top, left = torch.randint(0, 2 * by + 1, (2,)).tolist()
            x = padded[:, top : top + height, left : left + width]
        if "flip" in self.names and torch.rand(1) < 0.5:
            x = x.flip(2)
        if "flip_vertical" in self.names and torch.rand(1) < 0.5:
            x = x.flip(1)
        if "rotate90" in self.names:
            turns = int(torch.randint(0, 4, (1,)))
            x = x.rot90(turns if height == width else 2 * (turns // 2), (1, 2))
        return photometric(x[None], self.names, self.rng, kind)[0]


class TutorialLoop:
    """Train copies of a net's networks; parameters as of `PlainLoop`."""

    def __init__(
        self,
        net: SemiSupervisedNet,
        X: np.ndarray,
        codes: np.ndarray,
        max_iter: int,
        schedule: str = "linear",
    ) -> None:
        s = self.settings = net.settings
        names = s.augment
        if callable(names):
            raise ValueError("The tutorial loop augments by name only.")
        self.names = names
        self.discriminator = copy.deepcopy(net.module_)
        self.generator = copy.deepcopy(net.generator_)
        self.teacher = copy.deepcopy(net.average_)
        self.average = RunningAverage(self.teacher, self.discriminator, s.ema_decay)
        self.generator_average = RunningAverage(
            copy.deepcopy(net.generator_average_), self.generator, s.ema_decay
        )
        options = {"betas": s.optimizer_params["betas"]}
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=s.learning_rate, **options
        )
        self.generator_optimizer = torch.optim.Adam(
            self.generator.parameters(), lr=s.generator_learning_rate, **options
        )
        factor = SCHEDULES[schedule]
        self.schedulers = [
            torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda step: factor(min(step, max_iter) / max_iter)
            )
            for optimizer in (self.optimizer, self.generator_optimizer)
        ]
        self.pseudo_labels = PseudoLabels(net.n_classes)
        rows = net.scaler.transform(torch.from_numpy(X))
        labeled = np.flatnonzero(codes >= 0)
        targets = torch.from_numpy(codes[labeled])
        counts = np.bincount(codes[labeled], minlength=net.n_classes) + 1.0
        self.prior = torch.tensor(counts / counts.sum(), dtype=torch.float32)
        self.labeled = _endless(
            AugmentedRows(rows[torch.from_numpy(labeled)], targets, names), s.batch_size
        )
        self.unlabeled = _endless(
            AugmentedRows(rows, None, names, two_views=needs_teacher(s)),
            s.unlabeled_batch_size,
        )
        self.rng = torch.Generator().manual_seed(0)
        self.step = 0

    def run(self, n_steps: int) -> float:
        """Take steps; return the seconds that they took."""
        start = now()
        for _ in range(n_steps):
            self.update()
        return now() - start

    def update(self) -> dict[str, float]:
        """Take one step; return the losses, as tutorials print them."""
        s = self.settings
        self.step += 1
        x, targets = next(self.labeled)
        pseudo_labels = None
        unlabeled = next(self.unlabeled)
        if needs_teacher(s):
            unlabeled, weak = unlabeled
            with torch.no_grad():
                pseudo_labels = self.pseudo_labels(self.teacher(weak)[0], self.prior)
        z = self.generator.sample_latent(max(s.fake_batch_sizes), self.rng)
        fake = photometric(self.generator(z), self.names, self.rng, "generated")

        self.optimizer.zero_grad()
        labeled_logits, _ = self.discriminator(x, self.rng)
        unlabeled_logits, _ = self.discriminator(unlabeled, self.rng)
        fake_logits, _ = self.discriminator(fake[: s.fake_batch_sizes[0]].detach(), self.rng)
        terms = discriminator_losses(
            s,
            labeled_logits,
            targets,
            unlabeled_logits,
            fake_logits,
            pseudo_labels,
            self.prior,
            self.pseudo_labels.share,
            self.step,
            self.optimizer.param_groups[0]["lr"] / s.learning_rate,
        )
        terms["loss"].backward()
        self.optimizer.step()
        self.average.follow(self.step)

        self.generator_optimizer.zero_grad()
        logits, features = self.discriminator(fake[: s.fake_batch_sizes[1]], self.rng)
        real_features = features.new_zeros(())
        if s.generator_loss != "non_saturating":
            with torch.no_grad():
                real_features = self.discriminator(unlabeled, self.rng)[1].mean(dim=0)
        terms["generator_loss"] = generator_loss(s, logits, features, real_features)
        terms["generator_loss"].backward()
        self.generator_optimizer.step()
        self.generator_average.follow(self.step)
        for scheduler in self.schedulers:
            scheduler.step()
        return {name: term.item() for name, term in terms.items()}


def _endless(dataset: AugmentedRows, batch_size: int) -> Iterator[Any]:
    """Yield batches for ever; rows are drawn with replacement, as few labels must be."""
    sampler = RandomSampler(dataset, replacement=True, num_samples=1000 * batch_size)
    loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler)
    while True:
        yield from loader
