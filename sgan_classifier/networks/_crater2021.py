"""The networks of the 2021 lunar crater study: its SGAN, and its CNN baseline."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import (
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

SIDE = 32  # the study's images are 32x32; others are resized


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Bring images (n, c, h, w) to another size, in their own dtype."""
    if x.shape[-2:] == (height, width):
        return x
    # in float32: on the CPU, torch has no antialiased interpolation of bfloat16
    resized = F.interpolate(x.float(), (height, width), mode="bilinear", antialias=True)
    return resized.to(x.dtype)


class CraterDiscriminator(LocalRandomModule):
    """Three 3x3 convolutions of stride 2, flatten, dropout 0.4, dense K.

    300,546 weights for one channel, K = 2 and the study's width, 128. The trunk is shared by both
    roles, which it was not in the study's own code.
    """

    def __init__(self, n_channels: int, n_classes: int, *, width: int = 128) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            Conv2d(n_in, width, 3, stride=2, padding=1, weight_norm=False)
            for n_in in (n_channels, width, width)
        )
        self.n_features = width * (SIDE // 8) ** 2
        self.head = Linear(self.n_features, n_classes, gain=1.0, weight_norm=False)

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = resize(x, SIDE, SIDE)
        for convolution in self.convolutions:
            x = leaky_relu(convolution(x))
        features = flatten(x)
        return self.head(dropout(features, 0.4, rng)), features


class CraterGenerator(LocalRandomGenerator):
    """Dense to 8x8, two transposed 4x4 convolutions of stride 2, an 8x8 convolution, tanh."""

    def __init__(
        self, output_shape: tuple[int, int, int], *, latent_dim: int, width: int = 128
    ) -> None:
        super().__init__()
        self.latent_dim, self.output_shape = latent_dim, output_shape
        self.start_shape = (width, 8, 8)
        self.dense = Linear(latent_dim, width * 8 * 8, weight_norm=False)
        self.doublings = nn.ModuleList(
            ConvTranspose2d(width, width, 4, weight_norm=False) for _ in range(2)
        )
        self.to_pixels = Conv2d(width, output_shape[0], 8, gain=1.0, weight_norm=False)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        x = unflatten(leaky_relu(self.dense(z)), self.start_shape)
        for doubling in self.doublings:
            x = leaky_relu(doubling(x))
        # "same" padding of an even kernel: one more row and column at the end
        x = torch.tanh(self.to_pixels(F.pad(x, (3, 4, 3, 4))))
        return resize(x, *self.output_shape[1:])


def n_outputs(n_classes: int) -> int:
    """Return the units of the study's last layer: one logit for two classes."""
    return 1 if n_classes == 2 else n_classes


def class_logits(outputs: Tensor) -> Tensor:
    """Turn the last layer's outputs (n, 1) or (n, K) into logits, (n, 2) or (n, K).

    Cross-entropy on (0, l) is the binary cross-entropy on l.
    """
    if outputs.shape[1] > 1:
        return outputs
    return torch.cat([torch.zeros_like(outputs), outputs], dim=1)


class CraterCNN(LocalRandomModule):
    """The study's supervised baseline.

    Convolution 3x3 valid 32, average pool 2, convolution 3x3 valid 64, max pool 2, convolution 3x3
    valid 64, flatten 1024, dense 64, dense 1 (K where there are more than two classes); ReLU
    between.
    """

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            Conv2d(n_in, n_out, 3, weight_norm=False)
            for n_in, n_out in ((n_channels, 32), (32, 64), (64, 64))
        )
        self.dense = Linear(1024, 64, weight_norm=False)
        self.head = Linear(64, n_outputs(n_classes), gain=1.0, weight_norm=False)
        self.n_features = 64

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = resize(x, SIDE, SIDE)
        x = F.avg_pool2d(F.relu(self.convolutions[0](x)), 2)
        x = F.max_pool2d(F.relu(self.convolutions[1](x)), 2)
        x = flatten(F.relu(self.convolutions[2](x)))
        features = F.relu(self.dense(x))
        return class_logits(self.head(features)), features


def build(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    width: int,
    latent_dim: int,
    amplitude: float | None,
) -> tuple[nn.Module, nn.Module]:
    """Return (generator, discriminator); `width` is 128 in the study."""
    generator = CraterGenerator(input_shape, latent_dim=latent_dim, width=width)
    return generator, CraterDiscriminator(input_shape[0], n_classes, width=width)
