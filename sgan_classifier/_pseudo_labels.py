"""Which predictions on unlabelled images to trust as labels."""

import torch
from torch import Tensor, nn

MEMORY = 0.99  # decay of the running means, a batch


class AdaptiveThreshold(nn.Module):
    """A threshold for confidence that follows the teacher's own (FreeMatch, Wang et al. 2023).

    A row is accepted where the teacher's largest probability reaches the running mean of that
    largest probability, lowered for classes that the teacher predicts more seldom than they are:
    equations 5 to 7, which there hold for classes of equal size. It must reach a fixed threshold,
    too, if there is one (FixMatch, Sohn et al. 2020).

    Parameters
    ----------
    n_classes : int

    References
    ----------
    .. [1] Wang et al., "FreeMatch: Self-adaptive Thresholding for Semi-supervised Learning",
           ICLR 2023.
    .. [2] Sohn et al., "FixMatch: Simplifying Semi-Supervised Learning with Consistency and
           Confidence", NeurIPS 2020.
    """

    confidence: Tensor
    share: Tensor

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.register_buffer("confidence", torch.tensor(1.0 / n_classes, dtype=torch.float32))
        self.register_buffer("share", self.confidence.repeat(n_classes))

    def start_at(self, prior: Tensor) -> None:
        """Begin the running shares (K,) at those of the classes: nothing is out of balance yet."""
        self.share.copy_(prior)

    @torch.no_grad()
    def forward(
        self, probabilities: Tensor, prior: Tensor, least: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Take a batch into account, and judge it.

        Parameters
        ----------
        probabilities : Tensor of shape (n, K)
            The teacher's.
        prior : Tensor of shape (K,)
            Share of each class among the rows; positive.
        least : float
            No row below it is accepted.

        Returns
        -------
        labels : Tensor of shape (n,), int64
        accepted : Tensor of shape (n,), bool
        """
        largest, labels = probabilities.max(dim=1)
        self.confidence.lerp_(largest.mean(), 1.0 - MEMORY)
        self.share.lerp_(probabilities.mean(dim=0), 1.0 - MEMORY)
        frequency = self.share / prior
        threshold = self.confidence * frequency / frequency.max()
        return labels, largest >= threshold[labels].clamp(min=least)
