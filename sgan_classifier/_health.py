"""Watch that training goes well: stop where it diverged, warn where it went wrong quietly.

A fit is judged by its last `WINDOW` records, a fifth of it, so that a passing swing raises no
alarm; and from `MIN_STEPS` steps on, because a shorter fit is a trial that no one expects to learn.
"""

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import losses
from ._batches import Rows, evenly_spaced
from ._forward import answers, generate
from ._step import TrainingData
from .exceptions import (
    ChanceLevelWarning,
    DiscriminatorOverfitWarning,
    DiscriminatorWinsWarning,
    DivergenceError,
    GeneratorCollapseWarning,
    TrainingHealthWarning,
)

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

CHECK_EVERY = 50  # steps between two looks at what the device noted: each look waits for it
MIN_STEPS = 100
WINDOW = 10
N_LOOK = 256  # rows of a look at what the networks do
N_FAKE = 64  # generated rows of one: enough for a spread, and there are up to 50 looks a fit

# Of Adam's squares in float32, those of a norm above 1.8e19 overflow, and never move a weight
# again. The norm is a sum of the same squares: it is infinite exactly then.
WATCHED = ("loss", "gradient_norm", "generator_loss", "generator_gradient_norm")

# Real rows have 1. The least of healthy default fits was 0.2, in passing.
COLLAPSED_SPREAD = 0.02
DEAD_GRADIENT = 1e-6  # norm over all of its weights; healthy ones have about 1
# D_u is within about 0.3 % of right on either side, where default fits have a loss of 0.3 to 0.7,
# and the feature matching of Salimans et al. 2016 can bring it down to 0.03. The gradient of the
# adversarial loss on a logit is no greater than the loss: what is left teaches nothing.
WON_LOSS = 0.003
# Of the way from D_u on the rows it was trained on to D_u on generated ones, the part at which held
# out rows lie: 0 without overfitting, 1 where D knows its training rows by heart (Karras et al.,
# "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020, r_v in section 3).
OVERFIT_PART = 0.5
OVERFIT_GAP = 0.3  # below this between real and generated rows the ratio is noise
# Times the loss of guessing, ln K, on the classifier's own training rows. Guessing is always open
# to it: only steps that are too long lead so far away.
DIVERGED_LOSS = 10.0
# Times the same, from which on the classifier is no good however many of those rows it gets right:
# one wrong row in twenty with logits some 10^5 apart.
HOPELESS_LOSS = 1e4
# With this much of the weight on one class, always to name that class is a fair answer.
NEARLY_ALL = 0.99


class Health:
    """The watch over one call of `SemiSupervisedNet.train`.

    Parameters
    ----------
    net : SemiSupervisedNet
    data : TrainingData
    records : list of dict
        Of this call so far, where it goes on from a checkpoint.
    """

    def __init__(self, net: "SemiSupervisedNet", data: TrainingData, records: list[dict]) -> None:
        self.net, self.data = net, data
        self.n_steps = 0
        self.records = records[-WINDOW:]
        self._unseen: list[tuple[int, str, Tensor]] = []  # step, name and figure
        self._warned: set[type] = set()
        self._first_loss = records[0].get("labeled_loss", 0.0) if records else 0.0
        self._real_spread = 0.0
        if net.settings.adversarial_weight > 0 and data.pool is not None:
            some = data.pool.take(evenly_spaced(len(data.pool), N_LOOK))
            self._real_spread = _spread(net.scaler.transform(some))

    # ------------------------------------------------------------------ every step

    def watch(self, figures: dict[str, Tensor], n_steps: int) -> None:
        """Keep the figures of a step, and look now and then whether all are finite.

        Parameters
        ----------
        figures : dict of str to Tensor of shape ()
        n_steps : int
            Steps of this call, those before a checkpoint that it went on from among them.

        Raises
        ------
        DivergenceError
            If one has not been finite at this step or the last few.
        """
        self.n_steps = n_steps
        step = self.net.n_steps_
        self._unseen += [(step, name, figures[name]) for name in WATCHED if name in figures]
        if self.n_steps % CHECK_EVERY == 0:
            self.raise_if_diverged()

    def raise_if_diverged(self) -> None:
        """Raise DivergenceError if a watched figure was not finite at any step so far."""
        if not self._unseen:
            return
        unseen, self._unseen = self._unseen, []
        is_finite = torch.isfinite(torch.stack([value for _, _, value in unseen]))
        for (step, name, _), finite in zip(unseen, is_finite.tolist(), strict=True):
            if not finite:
                raise self._divergence(f"{name} became infinite or NaN at step {step}")

    # ------------------------------------------------------------------ every record

    def look(self) -> dict[str, float]:
        """Return the figures of a record that only a look at the networks tells."""
        figures = {}
        if self._real_spread > 0:
            # noise of its own: what is looked at does not change what is learnt
            rng = torch.Generator(self.net.device).manual_seed(0)
            figures["generated_spread"] = (
                _spread(generate(self.net, N_FAKE, rng)) / self._real_spread
            )
            if self.data.validation is not None:
                logits = self._logits(self.data.labeled)
                figures["labeled_realness"] = float(losses.real_logit(logits).sigmoid().mean())
        return figures

    def judge(self, record: dict) -> None:
        """Warn, once of each, if the last records tell of trouble."""
        if not self.records:
            self._first_loss = record.get("labeled_loss", 0.0)
        self.records = [*self.records, record][-WINDOW:]
        if self.n_steps < MIN_STEPS or len(self.records) < WINDOW:
            return
        mean = {
            name: sum(row[name] for row in self.records) / WINDOW
            for name in record
            if all(name in row for row in self.records)
        }
        if all(row.get("generator_gradient_norm", 1.0) < DEAD_GRADIENT for row in self.records):
            self._warn(
                GeneratorCollapseWarning,
                "The generator is dead: no gradient reaches its weights, so that it learns nothing "
                "more. Lower generator_learning_rate, or pass adversarial_weight=0 to do without "
                "it.",
            )
        elif all(row.get("generated_spread", 1.0) < COLLAPSED_SPREAD for row in self.records):
            self._warn(
                GeneratorCollapseWarning,
                f"The generated rows are all alike: they differ by {mean['generated_spread']:.2g} "
                "of what real rows differ by. The generator teaches the classifier nothing. "
                "Lower generator_learning_rate or adversarial_weight, or pass "
                "adversarial_weight=0 to do without it.",
            )
        if mean.get("adversarial_loss", 1.0) < WON_LOSS:
            self._warn(
                DiscriminatorWinsWarning,
                "The discriminator tells every real row from every generated one (D_u is "
                f"{mean['realness_real']:.4f} on real and {mean['realness_fake']:.2g} on "
                "generated rows), so that the adversarial loss teaches nothing more. Lower "
                "learning_rate or adversarial_weight, or raise generator_learning_rate.",
            )
        if "valid_realness" in mean and "labeled_realness" in mean:
            gap = mean["labeled_realness"] - mean["realness_fake"]
            part = (mean["labeled_realness"] - mean["valid_realness"]) / max(gap, OVERFIT_GAP)
            if part > OVERFIT_PART:
                self._warn(
                    DiscriminatorOverfitWarning,
                    "The discriminator knows its training rows by heart: D_u is "
                    f"{mean['labeled_realness']:.2f} on labelled rows it was trained on, "
                    f"{mean['valid_realness']:.2f} on rows held out and "
                    f"{mean['realness_fake']:.2f} on generated ones. Add unlabelled rows or "
                    "augment, or lower adversarial_weight, width or max_iter.",
                )

    # ------------------------------------------------------------------ the end

    def conclude(self) -> None:
        """Judge the classifier that training leaves by what it answers on training rows.

        Raises
        ------
        DivergenceError
            If answers are not finite, or far worse than guessing on the rows learnt from.
        """
        self.raise_if_diverged()
        self._judge_last_losses()
        if len(self.data.labeled):
            self._judge_labeled()
        if self.data.pool is not None:
            self._judge_pool(self.data.pool)

    def _judge_last_losses(self) -> None:
        """The running average may be right on labelled rows, by chance, where steps are far off."""
        if self.n_steps < MIN_STEPS or len(self.records) < WINDOW:
            return
        last = sum(record.get("labeled_loss", 0.0) for record in self.records) / WINDOW
        guess_loss = math.log(self.net.n_classes)
        if last > HOPELESS_LOSS * guess_loss:
            raise self._divergence(
                f"the loss on the labelled rows is still {last:.3g} at step {self.net.n_steps_}, "
                f"and guessing has {guess_loss:.3g}"
            )

    def _judge_labeled(self) -> None:
        codes = self.data.codes[evenly_spaced(len(self.data.codes), N_LOOK)]
        logits = self._finite_logits(self.data.labeled)
        weight = self.data.class_weight
        weights = np.ones(len(codes)) if weight is None else weight[codes]
        shares = np.bincount(codes, weights, minlength=self.net.n_classes)
        if shares.sum() == 0.0:  # rows of classes of weight 0 alone, as partial_fit may bring
            return
        guessed = float(shares.max() / shares.sum())
        if guessed > NEARLY_ALL:
            return
        is_right = logits.argmax(dim=1).numpy() == codes
        accuracy = float(np.average(is_right, weights=weights))
        class_weight = None if weight is None else torch.from_numpy(weight).float()
        loss = float(losses.supervised_loss(logits, torch.from_numpy(codes), class_weight))
        guess_loss = math.log(self.net.n_classes)
        # rows unlike those before, as partial_fit may bring, begin above guessing: let them
        bound = guess_loss if self.n_steps >= MIN_STEPS else max(guess_loss, self._first_loss)
        is_poor = accuracy < 0.5 * (1.0 + guessed)
        if loss > (DIVERGED_LOSS if is_poor else HOPELESS_LOSS) * bound:
            raise self._divergence(
                f"the loss on the labelled rows rose to {loss:.3g} by step {self.net.n_steps_}, "
                f"and guessing has {guess_loss:.3g}"
            )
        if accuracy <= guessed and self.n_steps >= MIN_STEPS:
            self._warn(
                ChanceLevelWarning,
                f"After {self.net.n_steps_} steps the classifier is right on {accuracy:.0%} of "
                f"the labelled rows it learnt from; naming one class always is on {guessed:.0%}. "
                "It has learnt nothing: raise max_iter, change learning_rate, keep "
                "scaling='auto', or check that the labels belong to the rows.",
                stacklevel=8,
            )

    def _judge_pool(self, pool: Rows) -> None:
        predicted = self._finite_logits(pool).argmax(dim=1)
        counts = np.bincount(self.data.codes, minlength=self.net.n_classes)
        shares = counts / max(1, counts.sum())
        is_constant = len(predicted) == N_LOOK and len(predicted.unique()) == 1
        # where nearly all labels are of one class, so may all rows be
        if is_constant and 0.0 < shares.max() < 0.9 and self.n_steps >= MIN_STEPS:
            self._warn(
                ChanceLevelWarning,
                f"All of {len(predicted)} rows looked at are given the same class, which "
                f"{shares[int(predicted[0])]:.0%} of the labelled rows have. Check that labelled "
                "and unlabelled rows are of one kind, lower learning_rate, or raise "
                "balance_weight.",
                stacklevel=8,
            )

    # ------------------------------------------------------------------ looking

    def _finite_logits(self, rows: Rows) -> Tensor:
        logits = self._logits(rows)
        if not torch.isfinite(logits).all():
            raise self._divergence(
                f"the classifier's answers became infinite or NaN by step {self.net.n_steps_}"
            )
        return logits

    def _logits(self, rows: Rows) -> Tensor:
        """Of evenly spaced rows, (min(n, N_LOOK), K), by the running average, on the CPU."""
        some = rows.subset(evenly_spaced(len(rows), N_LOOK))
        return torch.cat(list(answers(self.net, some)))

    def _divergence(self, what: str) -> DivergenceError:
        rate = self.net.settings.learning_rate
        return DivergenceError(
            f"Training diverged: {what}. Lower learning_rate (now {rate:g}), keep scaling='auto', "
            "and look for extreme values in X."
        )

    def _warn(
        self, category: type[TrainingHealthWarning], message: str, stacklevel: int = 7
    ) -> None:
        """Warn once of each; the default is the line that called fit, as seen from `judge`."""
        if category not in self._warned:
            self._warned.add(category)
            warnings.warn(message, category, stacklevel=stacklevel)


def _spread(x: Tensor) -> float:
    """Mean deviation of each value over the rows (n, *input_shape)."""
    return float(x.std(dim=0, correction=0).mean())
