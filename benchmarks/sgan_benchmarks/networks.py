"""The study's CNN with one part changed, for the comparison of its parts."""

from functools import partial
from typing import Literal

from torch import Tensor, nn

from sgan_classifier.networks._crater2021 import SIDE, class_logits, n_outputs, resize

Pooling = Literal["average", "max", "none"]


class CraterCNNVariant(nn.Module):
    """The study's CNN baseline in plain torch layers, with the parts it was tried with.

    Images of other sizes are resized to the study's 32x32.

    Parameters
    ----------
    input_shape : (n_channels, height, width)
    n_classes : int
    first_pooling : {"average", "max", "none"}, default="average"
        What follows the first convolution. The study averages, "to smooth out smaller craters".
    dropout : float, default=0.0
        Dropout before the last layer.
    batch_norm : bool, default=False
        Batch normalisation after every convolution.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        n_classes: int,
        *,
        first_pooling: Pooling = "average",
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        n_channels, side = input_shape[0], SIDE
        poolings = (_pooling(first_pooling), nn.MaxPool2d(2), nn.Identity())
        layers: list[nn.Module] = []
        for n_in, n_out, pooling in zip((n_channels, 32, 64), (32, 64, 64), poolings, strict=True):
            layers.append(nn.Conv2d(n_in, n_out, 3))
            if batch_norm:
                layers.append(nn.BatchNorm2d(n_out))
            layers += [nn.ReLU(), pooling]
            factor = 1 if isinstance(pooling, nn.Identity) else 2
            side = (side - 2) // factor
        layers += [nn.Flatten(), nn.Linear(64 * side**2, 64), nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(64, n_outputs(n_classes)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (n, n_channels, height, width) to logits (n, n_classes) and features (n, 64)."""
        features = self.trunk(resize(x, SIDE, SIDE))
        return class_logits(self.head(features)), features


def crater_cnn(
    *, first_pooling: Pooling = "average", dropout: float = 0.0, batch_norm: bool = False
) -> partial[CraterCNNVariant]:
    """Return a callable (input_shape, n_classes) -> network, to pass as ``network=``."""
    return partial(
        CraterCNNVariant, first_pooling=first_pooling, dropout=dropout, batch_norm=batch_norm
    )


def _pooling(name: Pooling) -> nn.Module:
    choices = {"average": nn.AvgPool2d(2), "max": nn.MaxPool2d(2), "none": nn.Identity()}
    return choices[name]
