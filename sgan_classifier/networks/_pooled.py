"""The default networks for images from 8x8 to 128x128 pixels, grey or colour."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import (
    Conv2d,
    Linear,
    LocalRandomModule,
    SubPixelConv2d,
    dropout,
    flatten,
    leaky_relu,
)
from ._strided import StridedGenerator

SMALL = 16  # below this side, convolutions pad and the first has stride 1: no pixel to spare


def n_poolings(height: int, width: int) -> int:
    """Return how often an image is pooled, besides the stride of the first convolution.

    Examples
    --------
    >>> [n_poolings(side, side) for side in (1, 8, 16, 28, 32, 64, 128)]
    [0, 1, 0, 1, 1, 2, 3]
    """
    side = min(height, width)
    if side < SMALL:
        return 1 if side > 1 else 0
    return max(0, round(math.log2(side / 18)))  # which leaves 2 to 9 pixels at the end


class PooledDiscriminator(LocalRandomModule):
    """Weight-normalised convolutions with maximum pooling between, and a flattened head.

    At 32x32 pixels: convolution 4x4 of stride 2, convolution 3x3, pooling, convolution 3x3, none of
    them padded. These are the sizes of the baseline of the 2021 lunar crater study, whose first
    convolution, 3x3, and average pooling are drawn together here into one with less than half of
    the products and a quarter of the activations. The head sees where a feature is (global
    pooling would not): a crater off the centre belongs to another class. Larger images are pooled
    more often. What an odd last row or column, which a pooling drops, would need is not computed:
    of 32x32 pixels, the first 30x30 are seen.

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
        self.is_small = min(height, size) < SMALL
        padding = 1 if self.is_small else 0
        self.n_poolings = n_poolings(height, size)
        self.convolutions = nn.ModuleList()
        for i in range(max(3, self.n_poolings + 2)):
            n_out = width if i == 0 else 2 * width
            kernel, stride = self._kernel_and_stride(i)
            self.convolutions.append(Conv2d(n_in, n_out, kernel, stride=stride, padding=padding))
            height, size = ((s + 2 * padding - kernel) // stride + 1 for s in (height, size))
            if self._is_pooled(i):
                height, size = height // 2, size // 2
            n_in = n_out
        #: upper left part of an image, (height, width), that the features are made of
        self.seen = input_shape[1:] if self.is_small else (self._seen(height), self._seen(size))
        self.n_features = n_in * height * size
        self.head = Linear(self.n_features, n_classes, gain=1.0)
        self.dropout_rate = dropout_rate

    def _seen(self, size: int) -> int:
        """Return how many pixels in a row it takes to make `size` values of features.

        A pooling drops an odd last row: what only that row would need is not computed either.
        """
        for i in reversed(range(len(self.convolutions))):
            kernel, stride = self._kernel_and_stride(i)
            size = (2 * size if self._is_pooled(i) else size) * stride - stride + kernel
        return size

    def _kernel_and_stride(self, i: int) -> tuple[int, int]:
        return (4, 2) if i == 0 and not self.is_small else (3, 1)

    def _is_pooled(self, i: int) -> bool:
        return 1 <= i <= self.n_poolings

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        height, width = self.seen
        x = x[:, :, :height, :width]
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if self._is_pooled(i):
                x = F.max_pool2d(x, 2)
            # after the pooling, of a quarter of the values: the activation keeps their order
            x = leaky_relu(x)
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
        input_shape,
        width=max(1, width // 2),
        latent_dim=latent_dim,
        amplitude=amplitude,
        doubling=SubPixelConv2d,
    )
    return generator, PooledDiscriminator(input_shape, n_classes, width=width)
