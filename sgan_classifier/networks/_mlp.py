"""The default networks for feature tables: fully connected."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import (
    BatchNorm,
    Linear,
    LocalRandomGenerator,
    LocalRandomModule,
    dropout,
    gaussian_noise,
    leaky_relu,
)


class MLPDiscriminator(LocalRandomModule):
    """Three weight-normalised layers, with noise on the input and dropout on the features.

    Parameters
    ----------
    n_inputs, n_classes : int
    width : int
        The layers have 8, 4 and 4 times as many units.
    input_noise : float
        Standard deviation of the normal noise added to the standardised features in training.
    dropout_rate : float
        Dropout before the last layer in training.
    """

    def __init__(
        self,
        n_inputs: int,
        n_classes: int,
        *,
        width: int,
        input_noise: float = 0.15,
        dropout_rate: float = 0.2,
    ) -> None:
        super().__init__()
        sizes = [n_inputs, 8 * width, 4 * width, 4 * width]
        self.layers = nn.ModuleList(Linear(a, b) for a, b in pairwise(sizes))
        self.head = Linear(sizes[-1], n_classes, gain=1.0)
        self.n_features = sizes[-1]
        self.input_noise, self.dropout_rate = input_noise, dropout_rate

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = gaussian_noise(x, self.input_noise, rng)
        for layer in self.layers:
            x = leaky_relu(layer(x))
        return self.head(dropout(x, self.dropout_rate, rng)), x


class MLPGenerator(LocalRandomGenerator):
    """Normal noise, two batch-normalised layers, and unbounded outputs.

    Parameters
    ----------
    n_outputs : int
    width : int
        The hidden layers have 4 times as many units.
    latent_dim : int
        Number of noise variables, standard normal.
    """

    def __init__(self, n_outputs: int, *, width: int, latent_dim: int) -> None:
        super().__init__()
        hidden = 4 * width
        self.latent_dim = latent_dim
        self.layers = nn.ModuleList(
            [
                Linear(latent_dim, hidden, weight_norm=False),
                Linear(hidden, hidden, weight_norm=False),
            ]
        )
        self.norms = nn.ModuleList([BatchNorm(hidden), BatchNorm(hidden)])
        self.output = Linear(hidden, n_outputs, gain=1.0, weight_norm=False)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            z = F.relu(norm(layer(z)))
        return self.output(z)


def build(
    input_shape: tuple[int], n_classes: int, *, width: int, latent_dim: int, amplitude: float | None
) -> tuple[nn.Module, nn.Module]:
    """Return (generator, discriminator)."""
    (n_inputs,) = input_shape
    generator = MLPGenerator(n_inputs, width=width, latent_dim=latent_dim)
    return generator, MLPDiscriminator(n_inputs, n_classes, width=width)
