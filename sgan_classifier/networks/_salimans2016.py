"""The networks of Salimans et al. 2016: the layers and sizes of their reference code.

They differ from it (https://github.com/openai/improved-gan, `mnist_svhn_cifar10`) in this:

- It trains the scale of a weight norm in the last layer of a network alone; here all are trained.
- The batch norms of its generators have no gain; here they have one, which is trained.
- It initialises the convolutional discriminator's head to outputs of standard deviation 0.1, and
  so the last layer of the convolutional generator, before tanh; here the head's are 1, as all
  other layers', and no generator is initialised from data.
- It initialises from 500 training images (for the convolutions, labelled ones) with noise and
  dropout on; here from 500 of the pool, with neither.
- It draws the directions of the fully connected discriminator with a standard deviation of 0.1,
  here 0.05; and the weights of the generators by Glorot's rule or with 0.05, here by He's.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..exceptions import InvalidInputError
from ._layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Linear,
    LocalRandomGenerator,
    LocalRandomModule,
    dropout,
    gaussian_noise,
    leaky_relu,
)

MIN_CONV_SIDE = 9
INITIAL_STD = 0.05  # of every direction; `initialize_from_data` then sets scale and bias


class _DataInitialized(LocalRandomModule):
    """A discriminator whose weight norms are set from a first batch (Salimans and Kingma 2016)."""

    def initialize(self, rng: torch.Generator) -> None:
        super().initialize(rng)
        with torch.no_grad():
            for layer in self.weighted_layers():
                layer.direction.mul_(INITIAL_STD / layer.std)
                layer.scale.fill_(1.0)

    def weighted_layers(self) -> list:
        return [m for m in self.modules() if isinstance(m, Linear | Conv2d)]

    def initialize_from_data(self, x: Tensor) -> None:
        """Make every layer's outputs on the batch `x`, (n, *input_shape), standard ones."""

        def standardise(layer: Linear | Conv2d, inputs: tuple, output: Tensor) -> Tensor:
            dims = [d for d in range(output.dim()) if d != 1]
            std, mean = torch.std_mean(output, dim=dims, correction=0)
            layer.rescale_outputs(mean, std)
            return layer.forward(*inputs)

        hooks = [layer.register_forward_hook(standardise) for layer in self.weighted_layers()]
        with torch.no_grad():
            self(x)
        for hook in hooks:
            hook.remove()


class SalimansMLPDiscriminator(_DataInitialized):
    """1000-500-250-250-250-K, ReLU; noise 0.3 on the input and 0.5 before every later layer."""

    def __init__(self, input_shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        sizes = [math.prod(input_shape), 1000, 500, 250, 250, 250]
        self.layers = nn.ModuleList(Linear(a, b) for a, b in pairwise(sizes))
        self.head = Linear(sizes[-1], n_classes)
        self.n_features = sizes[-1]

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = gaussian_noise(x.flatten(1), 0.3, rng)
        for layer in self.layers:
            features = F.relu(layer(x))
            x = gaussian_noise(features, 0.5, rng)
        return self.head(x), features


class SalimansMLPGenerator(LocalRandomGenerator):
    """500-500 softplus with batch normalisation, then sigmoid pixels with weight normalisation."""

    noise = staticmethod(torch.rand)  # uniform

    def __init__(self, output_shape: tuple[int, ...], *, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim, self.output_shape = latent_dim, output_shape
        self.layers = nn.ModuleList(
            [Linear(latent_dim, 500, weight_norm=False), Linear(500, 500, weight_norm=False)]
        )
        self.norms = nn.ModuleList([BatchNorm(500), BatchNorm(500)])
        self.output = Linear(500, math.prod(output_shape), gain=1.0)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            z = F.softplus(norm(layer(z)))
        return torch.sigmoid(self.output(z)).unflatten(1, self.output_shape)


class SalimansConvDiscriminator(_DataInitialized):
    """Nine convolutions, leaky ReLU 0.2, dropout 0.2 and 0.5, global mean, dense K."""

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, *, width: int) -> None:
        super().__init__()
        a, b = width, 2 * width
        # (outputs, kernel, stride, padding)
        plan = [(a, 3, 1, 1), (a, 3, 1, 1), (a, 3, 2, 1), (b, 3, 1, 1), (b, 3, 1, 1), (b, 3, 2, 1)]
        plan += [(b, 3, 1, 0), (b, 1, 1, 0), (b, 1, 1, 0)]
        self.convolutions = nn.ModuleList()
        n_in = input_shape[0]
        for n_out, kernel, stride, padding in plan:
            self.convolutions.append(Conv2d(n_in, n_out, kernel, stride=stride, padding=padding))
            n_in = n_out
        self.head = Linear(b, n_classes)
        self.n_features = b

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = dropout(x, 0.2, rng)
        for convolution in self.convolutions:
            x = leaky_relu(convolution(x))
            if convolution.stride == 2:
                x = dropout(x, 0.5, rng)
        features = x.mean(dim=(2, 3))
        return self.head(features), features


class SalimansConvGenerator(LocalRandomGenerator):
    """Dense to 4x4x512, transposed 5x5 convolutions to 256, 128 and the channels, tanh.

    The reference makes 32x32 images; other sizes are cut from the next multiple of 8.
    """

    noise = staticmethod(torch.rand)  # uniform

    def __init__(self, output_shape: tuple[int, int, int], *, latent_dim: int) -> None:
        super().__init__()
        channels, height, width = output_shape
        self.latent_dim, self.output_shape = latent_dim, output_shape
        self.start_shape = (512, -(-height // 8), -(-width // 8))
        self.dense = Linear(latent_dim, math.prod(self.start_shape), weight_norm=False)
        self.doublings = nn.ModuleList(
            [
                ConvTranspose2d(512, 256, 5, weight_norm=False),
                ConvTranspose2d(256, 128, 5, weight_norm=False),
            ]
        )
        self.norms = nn.ModuleList([BatchNorm(512), BatchNorm(256), BatchNorm(128)])
        self.to_pixels = ConvTranspose2d(128, channels, 5, gain=1.0)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        x = F.relu(self.norms[0](self.dense(z).unflatten(1, self.start_shape)))
        for doubling, norm in zip(self.doublings, self.norms[1:], strict=True):
            x = F.relu(norm(doubling(x)))
        _, height, width = self.output_shape
        return torch.tanh(self.to_pixels(x)[:, :, :height, :width])


def build_mnist(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    width: int,
    latent_dim: int,
    amplitude: float | None,
) -> tuple[nn.Module, nn.Module]:
    """Return (generator, discriminator); the reference's sizes, whatever `width` is."""
    generator = SalimansMLPGenerator(input_shape, latent_dim=latent_dim)
    return generator, SalimansMLPDiscriminator(input_shape, n_classes)


def build_conv(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    width: int,
    latent_dim: int,
    amplitude: float | None,
) -> tuple[nn.Module, nn.Module]:
    """Return (generator, discriminator); `width` is 64 for SVHN and 96 for CIFAR-10."""
    _, height, side = input_shape
    if min(height, side) < MIN_CONV_SIDE:
        raise InvalidInputError(
            f"network='salimans2016_conv' halves an image twice and then needs 3x3 of it: at least "
            f"{MIN_CONV_SIDE}x{MIN_CONV_SIDE} pixels. These images have {height}x{side}. Use "
            "network='auto'."
        )
    generator = SalimansConvGenerator(input_shape, latent_dim=latent_dim)
    return generator, SalimansConvDiscriminator(input_shape, n_classes, width=width)
