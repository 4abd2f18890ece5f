"""The plain loop: what a careful author would write by hand for this one experiment, in fp32.

All rows are scaled once and lie in one tensor; batches are taken by random indices and augmented
whole; labelled, unlabelled and generated rows go through the discriminator in one pass; its weights
are frozen in the generator's step. There is no monitoring, no callback and no check.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from sgan_classifier._augment import geometric_view
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


class PlainLoop:
    """Train copies of a net's networks.

    Parameters
    ----------
    net : SemiSupervisedNet
        Of an SGANClassifier: network, weights, optimisers and settings are taken from it as they
        are, and it is left alone.
    X : ndarray of shape (n, *row_shape)
        Float rows in the networks' layout, or uint8 images (n, c, h, w).
    codes : ndarray of int64, shape (n,)
        Class indices; -1 where unlabelled.
    max_iter : int
        Steps that the schedule of the learning rates spans.
    schedule : str
    """

    def __init__(
        self,
        net: SemiSupervisedNet,
        X: np.ndarray,
        codes: np.ndarray,
        max_iter: int,
        schedule: str = "linear",
    ) -> None:
        self.settings = net.settings
        self.device = torch.device(net.device)
        self.discriminator = copy.deepcopy(net.module_)
        self.generator = copy.deepcopy(net.generator_)
        self.teacher = copy.deepcopy(net.average_)
        decay = net.settings.ema_decay
        self.average = RunningAverage(self.teacher, self.discriminator, decay)
        self.generator_average = RunningAverage(
            copy.deepcopy(net.generator_average_), self.generator, decay
        )
        self.weights = list(self.discriminator.parameters())
        self.optimizer = self._adam(self.discriminator, net.optimizer_)
        self.generator_optimizer = self._adam(self.generator, net.generator_optimizer_)
        self.pseudo_labels = PseudoLabels(net.n_classes)
        self.pseudo_labels.confidence = net.threshold_.confidence.clone()
        self.pseudo_labels.share = net.threshold_.share.clone()

        rows = net.scaler.transform(torch.from_numpy(X).to(self.device))
        labeled = np.flatnonzero(codes >= 0)
        self.labeled, self.pool = rows[torch.from_numpy(labeled)], rows
        self.targets = torch.from_numpy(codes[labeled]).to(self.device)
        counts = np.bincount(codes[labeled], minlength=net.n_classes) + 1.0
        self.prior = torch.tensor(counts / counts.sum(), dtype=torch.float32, device=self.device)
        self.rng = torch.Generator(self.device).manual_seed(0)
        self.step, self.max_iter, self.factor = net.n_steps_, max_iter, SCHEDULES[schedule]

    def run(self, n_steps: int) -> float:
        """Take steps; return the seconds that they took."""
        start = now()
        total = torch.zeros((), device=self.device)
        for i in range(n_steps):
            self._set_learning_rates(i / self.max_iter)
            labeled = self._draw(len(self.labeled), self.settings.batch_size)
            unlabeled = self._draw(len(self.pool), self.settings.unlabeled_batch_size)
            total += self.update(labeled, unlabeled)["loss"]
        float(total)  # waits for the device
        return now() - start

    def update(self, labeled: Tensor, unlabeled: Tensor) -> dict[str, Tensor]:
        """Take one step on rows at the given positions; return the losses."""
        s = self.settings
        self.step += 1
        targets = self.targets[labeled]
        rows = {"labeled": self.labeled[labeled], "strong": self.pool[unlabeled]}
        if needs_teacher(s):
            rows["weak"] = rows["strong"]
        views = self._views(rows)
        pseudo_labels = None
        if needs_teacher(s):
            with torch.no_grad():
                pseudo_labels = self.pseudo_labels(self.teacher(views.pop("weak"))[0], self.prior)
        batches = list(views.values())
        z = self.generator.sample_latent(max(s.fake_batch_sizes), self.rng)
        fake = self.generator(z, self.rng)
        if not callable(s.augment):
            fake = photometric(fake, s.augment, self.rng, "generated")
        batches.append(fake[: s.fake_batch_sizes[0]].detach())

        sizes = [len(batch) for batch in batches]
        logits, features = self.discriminator(torch.cat(batches), self.rng)
        labeled_logits, unlabeled_logits, fake_logits = logits.split(sizes)
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
        self.optimizer.zero_grad()
        terms["loss"].backward()
        self.optimizer.step()
        self.average.follow(self.step)

        self._train_discriminator(False)
        logits, fake_features = self.discriminator(fake[: s.fake_batch_sizes[1]], self.rng)
        real_features = features.split(sizes)[1].detach().mean(dim=0)
        terms["generator_loss"] = generator_loss(s, logits, fake_features, real_features)
        self.generator_optimizer.zero_grad()
        terms["generator_loss"].backward()
        self.generator_optimizer.step()
        self._train_discriminator(True)
        self.generator_average.follow(self.step)
        return {name: term.detach() for name, term in terms.items()}

    def _views(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        names = self.settings.augment
        if callable(names):
            return {kind: names(x) for kind, x in rows.items()}
        if not names:
            return rows
        together = geometric_view(torch.cat(list(rows.values())), names, self.rng)
        parts = together.split([len(x) for x in rows.values()])
        return {
            kind: photometric(x, names, self.rng, kind) for kind, x in zip(rows, parts, strict=True)
        }

    def _train_discriminator(self, trained: bool) -> None:
        for weight in self.weights:
            weight.requires_grad_(trained)

    def _draw(self, n: int, size: int) -> Tensor:
        return torch.randint(n, (size,), generator=self.rng, device=self.device)

    def _set_learning_rates(self, progress: float) -> None:
        factor = self.factor(progress)
        self.optimizer.param_groups[0]["lr"] = self.settings.learning_rate * factor
        rate = self.settings.generator_learning_rate * factor
        self.generator_optimizer.param_groups[0]["lr"] = rate

    def _adam(self, module: nn.Module, like: torch.optim.Optimizer) -> torch.optim.Optimizer:
        optimizer = torch.optim.AdamW(module.parameters(), fused=True)
        optimizer.load_state_dict(copy.deepcopy(like.state_dict()))
        return optimizer
