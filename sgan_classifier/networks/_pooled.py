"""The default networks for images from 8x8 to 128x128 pixels, grey or colour."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import LEAK, Conv2d, Linear, LocalRandomModule, dropout, flatten
from ._strided import StridedGenerator

SMALL = 16  # below this side, convolutions pad: there is no edge to spare


def n_poolings(height: int, width: int) -> int:
    """Return how often an image is halved to bring its shorter side to about 8 pixels.

    Examples
    --------
    >>> [n_poolings(side, side) for side in (8, 16, 28, 32, 64, 128)]
    [1, 1, 2, 2, 3, 4]
    """
    return max(1, round(math.log2(min(height, width) / 8)))


class PooledDiscriminator(LocalRandomModule):
    """Weight-normalised 3x3 convolutions with poolings between, and a flattened head.

    The trunk of the baseline of the 2021 lunar crater study: at 32x32 pixels, convolution 32,
    average pooling, convolution 64, maximum pooling, convolution 64, none of them padded. The
    head sees where a feature is (global pooling would not): a crater off the centre belongs to
    another class. Larger images are pooled more often; there are at least three convolutions.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width).
    n_classes : int
    width : int
        Channels of the first convolution; all further ones have twice as many.
    dropout_rate : float
        Dropout on the flattened features in training.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        n_classes: int,
        *,
        width: int,
        dropout_rate: float = 0.4,
    ) -> None:
        super().__init__()
        n_in, height, size = input_shape
        padding = 1 if min(height, size) < SMALL else 0
        n_pooled = n_poolings(height, size)
        n_layers = max(3, n_pooled + 1)
        # in small images the first convolution is not pooled: all of their pixels count
        first = 1 if padding else 0
        self.pooled = range(first, first + n_pooled) if min(height, size) > 1 else range(0)
        self.convolutions = nn.ModuleList()
        for i in range(n_layers):
            n_out = width if i == 0 else 2 * width
            self.convolutions.append(Conv2d(n_in, n_out, 3, padding=padding))
            height, size = (side + 2 * padding - 2 for side in (height, size))
            if i in self.pooled:
                height, size = height // 2, size // 2
            n_in = n_out
        self.n_features = n_in * height * size
        self.head = Linear(self.n_features, n_classes, gain=1.0)
        self.dropout_rate = dropout_rate

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        for i, convolution in enumerate(self.convolutions):
            x = F.leaky_relu(convolution(x), LEAK)
            if i in self.pooled:
                x = F.avg_pool2d(x, 2) if i == 0 else F.max_pool2d(x, 2)
        features = flatten(x)
        return self.head(dropout(features, self.dropout_rate, rng)), features


def build(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    width: int,
    latent_dim: int,
    amplitude: float | None,
) -> tuple[nn.Module, nn.Module]:
    """Return (generator, discriminator)."""
    # half the discriminator's width: a better generator does not make a better classifier (Dai et
    # al. 2017), but a slower fit
    generator = StridedGenerator(
        input_shape, width=max(1, width // 2), latent_dim=latent_dim, amplitude=amplitude
    )
    return generator, PooledDiscriminator(input_shape, n_classes, width=width)
