"""What both reference loops compute, written out: losses, pseudo-labels, views, running average.

Nothing here calls the library's own losses or its engine. The networks are the library's, and so
are the rarer augmentations: a reference loop differs in how it trains, not in what.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sgan_classifier._augment import affine_view, cutout_view, photometric_view
from sgan_classifier._step import Settings

#: the settings that the loops know: a new one must be built into them
KNOWN_SETTINGS = {
    "batch_size",
    "unlabeled_batch_size",
    "fake_batch_sizes",
    "learning_rate",
    "generator_learning_rate",
    "optimizer_params",
    "ema_decay",
    "augment",
    "precision",  # always fp32 here
    "adversarial_weight",
    "entropy_weight",
    "pseudo_label_weight",
    "balance_weight",
    "ramp_steps",
    "generator_loss",
}


class PseudoLabels:
    """Labels by the running average where it is as sure as it usually is (FreeMatch, 2023)."""

    def __init__(self, n_classes: int) -> None:
        self.confidence = torch.tensor(1.0 / n_classes)
        self.share = torch.full((n_classes,), 1.0 / n_classes)

    def __call__(self, logits: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
        """Return labels (n,) and which of them to trust (n,) for the teacher's logits (n, K)."""
        probabilities = logits.softmax(dim=1)
        largest, labels = probabilities.max(dim=1)
        self.confidence = 0.99 * self.confidence + 0.01 * largest.mean()
        self.share = 0.99 * self.share + 0.01 * probabilities.mean(dim=0)
        frequency = self.share / prior
        threshold = self.confidence * frequency / frequency.max()
        return labels, largest >= threshold[labels]


def discriminator_losses(
    settings: Settings,
    labeled_logits: Tensor,
    targets: Tensor,
    unlabeled_logits: Tensor,
    fake_logits: Tensor,
    pseudo_labels: tuple[Tensor, Tensor] | None,
    prior: Tensor,
    share: Tensor,
    step: int,
    rate_factor: float,
) -> dict[str, Tensor]:
    """Return the terms of the discriminator's loss by name, and their weighted sum as "loss".

    Parameters
    ----------
    settings : Settings
    labeled_logits, unlabeled_logits, fake_logits : Tensor of shape (n_i, K)
    targets : Tensor of shape (n_0,), int64
    pseudo_labels : (Tensor of shape (n_1,), Tensor of shape (n_1,)) or None
        Labels of the unlabelled rows, and which to trust.
    prior, share : Tensor of shape (K,)
        Expected class frequencies, and the teacher's running mean of them.
    step : int
        From 1.
    rate_factor : float
        The learning rate of this step by the first.
    """
    terms = {"labeled_loss": F.cross_entropy(labeled_logits, targets)}
    loss = terms["labeled_loss"]
    if settings.entropy_weight > 0:
        log_p = unlabeled_logits.log_softmax(dim=1)
        terms["entropy"] = -(log_p.exp() * log_p).sum(dim=1).mean()
        loss = loss + settings.entropy_weight * terms["entropy"]
    if settings.balance_weight > 0:
        mean = unlabeled_logits.softmax(dim=1).mean(dim=0)
        terms["class_balance"] = (mean * (share.clamp_min(1e-6) / prior).log()).sum()
        loss = loss + settings.balance_weight * rate_factor**2 * terms["class_balance"]
    if pseudo_labels is not None and settings.pseudo_label_weight > 0:
        labels, trusted = pseudo_labels
        each = F.cross_entropy(unlabeled_logits, labels, reduction="none")
        terms["pseudo_label_loss"] = (each * trusted).mean()
        ramp = min(1.0, step / max(1, settings.ramp_steps))
        loss = loss + settings.pseudo_label_weight * ramp * terms["pseudo_label_loss"]
    real = F.softplus(-unlabeled_logits.logsumexp(dim=1)).mean()
    fake = F.softplus(fake_logits.logsumexp(dim=1)).mean()
    terms["adversarial_loss"] = 0.5 * (real + fake)
    terms["loss"] = loss + settings.adversarial_weight * terms["adversarial_loss"]
    return terms


def generator_loss(
    settings: Settings, logits: Tensor, features: Tensor, real_features: Tensor
) -> Tensor:
    """Return the generator's loss.

    Parameters
    ----------
    settings : Settings
    logits, features : Tensor of shape (n, K) and (n, d)
        The discriminator's, on generated rows.
    real_features : Tensor of shape (d,)
        Mean features of real rows, detached.
    """
    if settings.generator_loss == "non_saturating":
        return F.softplus(-logits.logsumexp(dim=1)).mean()
    difference = features.mean(dim=0) - real_features
    if settings.generator_loss == "feature_matching_squared":
        return difference.square().mean()
    return difference.abs().mean()


def needs_teacher(settings: Settings) -> bool:
    """Tell whether the running average looks at the unlabelled rows of a step."""
    return settings.pseudo_label_weight > 0 or settings.balance_weight > 0


def photometric(x: Tensor, names: Iterable[str], rng: torch.Generator, kind: str) -> Tensor:
    """Return a view (n, c, h, w) by the augmentations of scaled pixels.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
    names : iterable of str
    rng : torch.Generator
    kind : {"labeled", "strong", "weak", "generated"}
        Only the first two are turned and brightened, and only "strong" and "generated" are cut out.
    """
    if kind in ("labeled", "strong"):
        if "affine" in names:
            x = affine_view(x, rng)
        if "brightness" in names:
            x = photometric_view(x, rng)
    if kind in ("strong", "generated") and "cutout" in names:
        x = cutout_view(x, rng)
    return x


class RunningAverage:
    """Move the weights of one network towards those of another; the lists are made once."""

    def __init__(self, average: nn.Module, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.mine: list[Tensor] = list(average.parameters())
        self.theirs: list[Tensor] = list(module.parameters())
        self.buffers = list(zip(average.buffers(), module.buffers(), strict=True))

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Take a step, counted from 1: fast at first, then by 1 - decay."""
        decay = min(self.decay, step / (step + 9.0))
        torch._foreach_lerp_(self.mine, self.theirs, 1.0 - decay)
        for mine, current in self.buffers:
            mine.copy_(current)
