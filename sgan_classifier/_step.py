"""One training step: its batches, its losses, and the updates of both networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import losses
from ._augment import affine_view, cutout_view, geometric_view, photometric_view
from ._batches import CyclingSampler, Rows
from ._device import Dial, exact_kernels
from ._learner import Learner

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet


@dataclass(frozen=True)
class Settings:
    """What a training run does; see `SGANClassifier` for the meaning of each."""

    batch_size: int
    learning_rate: float
    optimizer_params: dict
    ema_decay: float
    augment: tuple[str, ...] | Callable[[Tensor], Tensor]
    precision: str
    unlabeled_batch_size: int = 0
    fake_batch_sizes: tuple[int, int] = (0, 0)  # in the discriminator's and the generator's step
    generator_learning_rate: float = 0.0
    adversarial_weight: float = 0.0
    entropy_weight: float = 0.0
    pseudo_label_weight: float = 0.0
    balance_weight: float = 0.0
    ramp_steps: int = 0  # over which the pseudo-label weight rises from 0
    generator_loss: str = "feature_matching"


@dataclass
class TrainingData:
    """Rows of one training run.

    Attributes
    ----------
    labeled : Rows, length n
    codes : ndarray of int64, shape (n,)
        Class indices of the labelled rows.
    pool : Rows or None
        Rows used without labels; the labelled ones are among them.
    validation : Rows or None
        Labelled rows held out for early stopping.
    validation_codes : ndarray of int64 or None
    class_weight : ndarray of shape (K,) or None
    """

    labeled: Rows
    codes: np.ndarray
    pool: Rows | None = None
    validation: Rows | None = None
    validation_codes: np.ndarray | None = None
    class_weight: np.ndarray | None = None


class Batch(NamedTuple):
    """Rows of one step on the device, neither augmented nor scaled; None where there are none.

    Attributes
    ----------
    labeled : Tensor of shape (n, *input_shape) or None
    targets : Tensor of shape (n,), int64, or None
        Class indices.
    unlabeled : Tensor of shape (m, *input_shape) or None
    """

    labeled: Tensor | None
    targets: Tensor | None
    unlabeled: Tensor | None


class TrainingStep:
    """The steps of one training run on one set of data.

    Parameters
    ----------
    net : SemiSupervisedNet
        Holds the networks, optimisers, running averages and random streams.
    data : TrainingData
    """

    def __init__(self, net: "SemiSupervisedNet", data: TrainingData) -> None:
        self.net, self.settings, self.data = net, net.settings, data
        self.device = torch.device(net.device)
        self.rng = net.streams.noise
        self.discriminator = Learner(net.module_, net.average_, net.optimizer_)
        self.labeled_sampler = CyclingSampler(len(data.labeled), net.streams.labeled_index)
        self.class_weight: Tensor | None = None
        weight = data.class_weight
        if weight is not None and len(data.codes):
            # over the mean of all labelled rows: over that of a batch, a rare class would count for
            # little outside the few batches that hold it
            weight = weight / max(weight[data.codes].mean(), np.finfo(np.float32).tiny)
            self.class_weight = torch.as_tensor(weight, dtype=torch.float32).to(self.device)
        self.is_adversarial = self.settings.adversarial_weight > 0 and data.pool is not None
        if self.is_adversarial:
            self.generator = Learner(
                net.generator_, net.generator_average_, net.generator_optimizer_
            )
        # weighting the classes means to predict them in other proportions than those of the labels
        self.balance_weight = 0.0 if data.class_weight is not None else self.settings.balance_weight
        self.prior = torch.as_tensor(net.class_prior_, dtype=torch.float32).to(self.device)
        # of the pseudo-label weight, which rises from 0; of the class balance; of running averages
        self.ramp, self.fade, self.pace = (Dial(self.device) for _ in range(3))

    def __call__(self) -> dict[str, Tensor]:
        """Take one step.

        Returns
        -------
        dict of str to Tensor of shape ()
            The step's figures, detached and still on the device.
        """
        return self.update(self.draw())

    def draw(self) -> Batch:
        """Draw the rows of the next step, and set what changes from step to step."""
        labeled = targets = unlabeled = None
        if len(self.data.labeled):
            positions = self.labeled_sampler.draw(self.settings.batch_size)
            labeled = self.net.to_device(self.data.labeled.take(positions))
            targets = self.net.to_device(torch.from_numpy(self.data.codes[positions]))
        if self.data.pool is not None:
            size = self.settings.unlabeled_batch_size
            positions = self.net.streams.pool_index.integers(len(self.data.pool), size=size)
            unlabeled = self.net.to_device(self.data.pool.take(positions))
        n_steps = self.net.n_steps_ + 1
        self.ramp.set(min(1.0, n_steps / max(1, self.settings.ramp_steps)))
        self.fade.set(self.net.rate_factor_**2)
        # the running averages move fast at first, then by 1 - ema_decay
        self.pace.set(1.0 - min(self.settings.ema_decay, n_steps / (n_steps + 9.0)))
        return Batch(labeled, targets, unlabeled)

    def update(self, batch: Batch) -> dict[str, Tensor]:
        """Train both networks on a batch: work for the device alone, the same at every step."""
        with exact_kernels(self.device):
            rows, pseudo_labels, fake = {}, None, None
            if batch.labeled is not None:
                rows["labeled"] = batch.labeled
            if batch.unlabeled is not None:
                rows["strong"] = batch.unlabeled
                if self.settings.pseudo_label_weight > 0 or self.balance_weight > 0:
                    rows["weak"] = batch.unlabeled
            views = self._views(rows)
            if "weak" in views:
                pseudo_labels = self._pseudo_label(views.pop("weak"))
            batches = list(views.values())
            if self.is_adversarial:
                fake = self._generate(max(self.settings.fake_batch_sizes))
                batches.append(fake[: self.settings.fake_batch_sizes[0]].detach())

            figures, real_features = self._update_discriminator(
                batches, batch.targets, pseudo_labels
            )
            if fake is not None and real_features is not None:
                n_generator = self.settings.fake_batch_sizes[1]
                figures |= self._update_generator(fake[:n_generator], real_features)
            return figures

    # ------------------------------------------------------------------ the two updates

    def _update_discriminator(
        self,
        batches: list[Tensor],
        targets: Tensor | None,
        pseudo_labels: tuple[Tensor, Tensor] | None,
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """One pass over labelled, unlabelled and generated images, one update.

        Returns the figures, and the mean features (d,) of the unlabelled images, detached.
        """
        net, settings = self.net, self.settings
        logits, features = self._discriminate(torch.cat(batches))
        sizes = [len(batch) for batch in batches]
        logits_of, features_of = iter(logits.split(sizes)), iter(features.split(sizes))

        figures: dict[str, Tensor] = {}
        loss = logits.new_zeros(())
        if targets is not None:
            next(features_of)
            labeled_loss = losses.supervised_loss(
                next(logits_of), targets, self.class_weight, is_batch=True
            )
            figures["labeled_loss"] = labeled_loss
            loss = loss + labeled_loss
        real_features = None
        if self.data.pool is not None:
            unlabeled_logits = next(logits_of)
            real_features = next(features_of).detach().float().mean(dim=0)
            if settings.entropy_weight > 0:
                entropy = losses.conditional_entropy(unlabeled_logits)
                figures["entropy"] = entropy
                loss = loss + settings.entropy_weight * entropy
            if self.balance_weight > 0:
                share = net.threshold_.share
                balance = losses.class_balance(unlabeled_logits, self.prior, share)
                figures["class_balance"] = balance
                loss = loss + self.balance_weight * self.fade.value * balance
            if pseudo_labels is not None and settings.pseudo_label_weight > 0:
                pseudo_label_loss = losses.pseudo_label_loss(unlabeled_logits, *pseudo_labels)
                figures["pseudo_label_loss"] = pseudo_label_loss
                figures["pseudo_label_rate"] = pseudo_labels[1].float().mean()
                weight = settings.pseudo_label_weight * self.ramp.value
                loss = loss + weight * pseudo_label_loss
        if self.is_adversarial:
            real_z, fake_z = (losses.real_logit(f) for f in (unlabeled_logits, next(logits_of)))
            figures["realness_real"] = real_z.detach().sigmoid().mean()
            figures["realness_fake"] = fake_z.detach().sigmoid().mean()
            adversarial = losses.adversarial_loss_from_z(real_z, fake_z)
            figures["adversarial_loss"] = adversarial
            loss = loss + settings.adversarial_weight * adversarial
        figures["loss"] = loss
        if loss.requires_grad:  # not where there are neither labels nor an unsupervised loss
            figures["gradient_norm"] = self._descend(loss, self.discriminator)
        self.discriminator.follow(self.pace.value)
        return {name: value.detach() for name, value in figures.items()}, real_features

    def _update_generator(self, fake: Tensor, real_features: Tensor) -> dict[str, Tensor]:
        """One update of the generator, against the discriminator as just updated."""
        kind = self.settings.generator_loss
        with self.discriminator.frozen():
            fake_logits, fake_features = self._discriminate(fake)
            fake_features = fake_features.float()
            if kind == "non_saturating":
                loss = losses.non_saturating(fake_logits)
            else:
                loss = getattr(losses, kind)(fake_features, real_features)
            norm = self._descend(loss, self.generator)
        self.generator.follow(self.pace.value)
        if kind == "feature_matching":
            distance = loss
        else:
            distance = losses.feature_matching(fake_features.detach(), real_features)
        return {
            "generator_loss": loss.detach(),
            "generator_gradient_norm": norm,
            "feature_distance": distance.detach(),
        }

    def _descend(self, loss: Tensor, learner: Learner) -> Tensor:
        """Take a step down the gradient; return its norm, after any clipping by callbacks."""
        learner.forget_gradients()
        loss.backward()
        if self.net.callbacks_:
            named = list(learner.module.named_parameters())
            self.net.notify("on_grad_computed", named_parameters=named)
        learner.optimizer.step()
        return learner.gradient_norm()

    # ------------------------------------------------------------------ batches

    def _pseudo_label(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Let the running average label a view of the unlabelled images; see AdaptiveThreshold."""
        with torch.no_grad(), self.net.autocast():
            logits, _ = self.net.average_(x)
        probabilities = torch.softmax(logits.float(), dim=1)
        return self.net.threshold_(probabilities, self.prior, self.net.pseudo_label_threshold_)

    def _views(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        """Augment and scale the rows (b, *input_shape) of each kind of view, all in few passes.

        A "strong" view is one that the discriminator learns to label as the running average labels
        a "weak" view of the same image. Weak views are moved, mirrored and turned by right angles
        only. Only strong views are cut out, and generated images.
        """
        augment = self.settings.augment
        if callable(augment):
            return {kind: augment(self.net.scaler.transform(some)) for kind, some in rows.items()}
        together = torch.cat(list(rows.values()))
        if augment:
            together = geometric_view(together, augment, self.rng)
        parts = self.net.scaler.transform(together).split([len(some) for some in rows.values()])
        views = dict(zip(rows, parts, strict=True))
        for kind, x in views.items():
            if kind != "weak" and "affine" in augment:
                x = affine_view(x, self.rng)
            if kind != "weak" and "brightness" in augment:
                x = photometric_view(x, self.rng)
            if kind == "strong" and "cutout" in augment:
                x = cutout_view(x, self.rng)
            views[kind] = x
        return views

    # ------------------------------------------------------------------ passes

    def _generate(self, n: int) -> Tensor:
        """Return images of the generator, cut out where unlabelled ones are.

        Else the hidden square would tell the two apart, and the generator would learn to draw it
        (Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020).
        """
        z = self.net.generator_.sample_latent(n, self.rng)
        with self.net.autocast():
            fake = self.net.generator_(z, self.rng).float()
        augment = self.settings.augment
        if not callable(augment) and "cutout" in augment:
            return cutout_view(fake, self.rng)
        return fake

    def _discriminate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with self.net.autocast():
            logits, features = self.net.module_(x, self.rng)
        return logits.float(), features
