"""Networks for images, with strides instead of poolings."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Linear,
    LocalRandomGenerator,
    LocalRandomModule,
    dropout,
    flatten,
    leaky_relu,
    unflatten,
)


def n_halvings(height: int, width: int) -> int:
    """Return how often an image is halved to bring its shorter side to about 4 pixels.

    Examples
    --------
    >>> [n_halvings(side, side) for side in (8, 16, 28, 32, 64, 128)]
    [1, 2, 3, 3, 4, 5]
    """
    return max(1, round(math.log2(min(height, width) / 4)))


class StridedDiscriminator(LocalRandomModule):
    """Weight-normalised strided 3x3 convolutions and a flattened head.

    The head sees where a feature is (global pooling would not): a crater off the centre belongs to
    another class. At least three convolutions, the first ones with stride 1 when the image is too
    small to be halved three times.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width).
    n_classes : int
    width : int
        Channels of the first convolution; the second has twice, all further four times as many.
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
        halvings = n_halvings(height, size)
        strides = [1] * max(0, 3 - halvings) + [2] * halvings
        self.convolutions = nn.ModuleList()
        for i, stride in enumerate(strides):
            n_out = width * min(2**i, 4)
            self.convolutions.append(Conv2d(n_in, n_out, 3, stride=stride, padding=1))
            height, size, n_in = -(-height // stride), -(-size // stride), n_out
        self.n_features = n_in * height * size
        self.head = Linear(self.n_features, n_classes, gain=1.0)
        self.dropout_rate = dropout_rate

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        for convolution in self.convolutions:
            x = leaky_relu(convolution(x))
        features = flatten(x)
        return self.head(dropout(features, self.dropout_rate, rng)), features


class StridedGenerator(LocalRandomGenerator):
    """Normal noise, a dense layer to about 4x4, and layers that double the side.

    Parameters
    ----------
    output_shape : tuple of int
        (channels, height, width).
    width : int
        Channels before the last layer; before each earlier one there are twice as many, up to four
        times.
    latent_dim : int
        Number of noise variables, standard normal.
    amplitude : float or None
        Pixels lie in [-amplitude, amplitude] (tanh), or are unbounded.
    doubling : callable
        Makes the layers that double the side, `(n_in, n_out, gain=, weight_norm=)`; transposed 4x4
        convolutions by default.
    """

    def __init__(
        self,
        output_shape: tuple[int, int, int],
        *,
        width: int,
        latent_dim: int,
        amplitude: float | None,
        doubling: Callable[..., nn.Module] = ConvTranspose2d,
    ) -> None:
        super().__init__()
        channels, height, size = output_shape
        halvings = n_halvings(height, size)
        factor = 2**halvings
        n_in = width * min(2 ** (halvings - 1), 4)
        self.latent_dim, self.amplitude, self.output_shape = latent_dim, amplitude, output_shape
        self.start_shape = (n_in, -(-height // factor), -(-size // factor))
        self.dense = Linear(latent_dim, math.prod(self.start_shape), weight_norm=False)
        self.norms = nn.ModuleList([BatchNorm(n_in)])
        self.doublings = nn.ModuleList()
        for i in reversed(range(halvings - 1)):
            n_out = width * min(2**i, 4)
            self.doublings.append(doubling(n_in, n_out, weight_norm=False))
            self.norms.append(BatchNorm(n_out))
            n_in = n_out
        self.to_pixels = doubling(n_in, channels, gain=1.0, weight_norm=False)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        x = unflatten(self.dense(z), self.start_shape)
        x = F.relu(self.norms[0](x))
        for layer, norm in zip(self.doublings, self.norms[1:], strict=True):
            x = F.relu(norm(layer(x)))
        _, height, width = self.output_shape
        x = self.to_pixels(x)[:, :, :height, :width]
        return x if self.amplitude is None else self.amplitude * torch.tanh(x)


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
    return generator, StridedDiscriminator(input_shape, n_classes, width=width)
