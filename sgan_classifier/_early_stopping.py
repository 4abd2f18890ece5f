"""Stop when the held-out labelled rows no longer gain, and go back to the best weights."""

import copy
from typing import TYPE_CHECKING

import torch

from . import losses
from ._forward import answers
from ._step import TrainingData

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

PATIENCE = 0.2  # part of a fit without a lower validation loss before training stops


class EarlyStopping:
    """Follow the loss of the running average on the validation rows; idle where there are none.

    Parameters
    ----------
    net : SemiSupervisedNet
    data : TrainingData
    n_records : int
        How often `check` will be called in a whole fit.
    """

    def __init__(self, net: "SemiSupervisedNet", data: TrainingData, n_records: int) -> None:
        self.net, self.data = net, data
        self.patience = max(1, round(PATIENCE * n_records))
        self.best_loss = float("inf")
        self.best_weights: dict | None = None
        self.records_since_best = 0
        weight = data.class_weight
        self.class_weight = None if weight is None else torch.from_numpy(weight).float()

    def check(self) -> dict[str, float]:
        """Return the figures of a record, or nothing without validation rows."""
        if self.data.validation is None:
            return {}
        logits = torch.cat(list(answers(self.net, self.data.validation)))
        targets = torch.from_numpy(self.data.validation_codes)
        loss = float(losses.supervised_loss(logits, targets, self.class_weight))
        if loss < self.best_loss:
            self.best_loss, self.records_since_best = loss, 0
            self.best_weights = copy.deepcopy(self.net.average_.state_dict())
        else:
            self.records_since_best += 1
        accuracy = float((logits.argmax(dim=1) == targets).float().mean())
        figures = {"valid_loss": loss, "valid_accuracy": accuracy}
        if self.net.settings.adversarial_weight > 0:
            figures["valid_realness"] = float(losses.real_logit(logits).sigmoid().mean())
        return figures

    @property
    def is_due(self) -> bool:
        return self.records_since_best >= self.patience

    def restore_best(self) -> None:
        """Go back to the discriminator's best weights, also in training: it may be trained on."""
        if self.best_weights is not None:
            self.net.average_.load_state_dict(self.best_weights)
            self.net.module_.load_state_dict(self.best_weights)
